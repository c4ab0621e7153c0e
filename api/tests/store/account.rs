//! The conformance suite of the account store.

use std::time::Duration;

use shared::{Timestamp, access::Scope, auth::User};
use store::account::{
    AccountError, AccountStore, Admission, KeyOwner, NewAccount, NewApiKey, PasswordHash, RestoreSummary,
};
use uuid::Uuid;

use test_support::database::{Database, open_postgres, open_sqlite};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_123_456);

fn account(email: &str) -> NewAccount {
    NewAccount {
        email: email.to_owned(),
        password_hash: PasswordHash::new(format!("hash of {email}")),
        full_name: "Ada Lovelace".to_owned(),
        workspace_name: "Engines".to_owned(),
        admission: Admission::Open,
        created_at: NOW,
    }
}

async fn user(store: &AccountStore, email: &str) -> User {
    let id = store.create_account(&account(email)).await.unwrap();
    store.get_user(id, None).await.unwrap().unwrap()
}

fn new_key(user: &User, hash: u8, created_at: Timestamp) -> NewApiKey {
    NewApiKey {
        workspace_id: user.workspace_id,
        name: format!("key {hash}"),
        prefix: "ao_0123456".to_owned(),
        key_hash: [hash; 32],
        created_at,
        created_by: user.id,
        scopes: vec![Scope::Ingest],
        expires_at: None,
        rate_limit: None,
    }
}

macro_rules! account_store_suite {
    ($engine:ident, $open:ident, stores: [$($store_case:ident),+ $(,)?], databases: [$($database_case:ident),+ $(,)?]) => {
        mod $engine {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $store_case() {
                let database = super::$open().await;
                let store = database.accounts().await;
                super::$store_case(&store).await;
                store.close().await;
            })+
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $database_case() {
                super::$database_case(&super::$open().await).await;
            })+
        }
    };
    ($engine:ident, $open:ident) => {
        account_store_suite!(
            $engine,
            $open,
            stores: [
                finds_an_account_by_its_id_and_by_its_email_in_any_case,
                rejects_a_second_account_with_the_same_email_in_any_case,
                returns_nothing_for_unknown_accounts_and_keys,
                lists_the_active_keys_of_a_workspace_newest_first,
                a_key_identifies_its_workspace_until_it_is_revoked,
                only_the_workspace_of_a_key_revokes_it_and_only_once,
                rejects_a_key_with_an_unknown_workspace_or_a_used_hash,
                the_last_use_of_a_key_never_moves_back,
                a_closed_store_fails_its_ping,
            ],
            databases: [
                concurrent_registrations_create_one_account,
                keeps_all_data_after_close_and_reopen,
                two_processes_create_one_account_per_email,
                restores_accounts_unchanged_and_keeps_revocations_of_both_sides,
                restores_nothing_if_another_account_has_an_email,
            ]
        );
    };
}

account_store_suite!(sqlite, open_sqlite);
account_store_suite!(postgres, open_postgres);

async fn finds_an_account_by_its_id_and_by_its_email_in_any_case(store: &AccountStore) {
    let user = user(store, " Ada@Example.COM ").await;
    assert_eq!(user.email, "ada@example.com");
    assert_eq!((user.full_name.as_str(), user.workspace_name.as_str()), ("Ada Lovelace", "Engines"));
    for spelling in ["ada@example.com", "ADA@example.com "] {
        let credentials = store.get_credentials(spelling).await.unwrap().unwrap();
        assert_eq!((credentials.user_id, credentials.email.as_str()), (user.id, "ada@example.com"));
        assert_eq!(credentials.password_hash.as_str(), "hash of  Ada@Example.COM ");
        assert!(!format!("{credentials:?}").contains("hash of"));
    }
    assert_eq!(store.get_user(user.id, None).await.unwrap(), Some(user));
}

async fn rejects_a_second_account_with_the_same_email_in_any_case(store: &AccountStore) {
    let first = user(store, "zoë@example.com").await;
    for spelling in ["zoë@example.com", "Zoë@Example.com", "ZOË@EXAMPLE.COM"] {
        assert!(
            matches!(store.create_account(&account(spelling)).await, Err(AccountError::EmailTaken)),
            "{spelling}"
        );
    }
    assert_eq!(store.get_credentials("ZOË@example.com").await.unwrap().unwrap().user_id, first.id);
}

async fn concurrent_registrations_create_one_account(database: &Database) {
    let store = database.accounts().await;
    let attempts: Vec<_> = (0..16)
        .map(|index| {
            let store = store.clone();
            let email = if index % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
            tokio::spawn(async move { store.create_account(&account(email)).await })
        })
        .collect();
    let mut winners = Vec::new();
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(id) => winners.push(id),
            Err(error) => assert!(matches!(error, AccountError::EmailTaken), "{error:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(store.get_credentials("ada@example.com").await.unwrap().unwrap().user_id, winners[0]);
    assert_eq!(
        database.count_in_accounts("workspaces").await,
        1,
        "a rejected registration leaves no workspace behind"
    );
}

async fn returns_nothing_for_unknown_accounts_and_keys(store: &AccountStore) {
    let user = user(store, "ada@example.com").await;
    assert!(store.get_credentials("bob@example.com").await.unwrap().is_none());
    assert!(store.get_credentials("ada_example.com").await.unwrap().is_none());
    assert!(store.get_credentials("' OR 1=1 --").await.unwrap().is_none());
    assert_eq!(store.get_user(user.workspace_id, None).await.unwrap(), None);
    assert_eq!(store.get_api_key_owner(&[9; 32]).await.unwrap(), None);
    assert_eq!(store.list_api_keys(user.id, None).await.unwrap(), []);
}

async fn lists_the_active_keys_of_a_workspace_newest_first(store: &AccountStore) {
    let ada = user(store, "ada@example.com").await;
    let bob = user(store, "bob@example.com").await;
    let hour = Duration::from_secs(3600);
    let old = store.create_api_key(&new_key(&ada, 1, NOW)).await.unwrap();
    let new = store.create_api_key(&new_key(&ada, 2, NOW + hour)).await.unwrap();
    let revoked = store.create_api_key(&new_key(&ada, 3, NOW + hour * 2)).await.unwrap();
    let other = store.create_api_key(&new_key(&bob, 4, NOW)).await.unwrap();
    assert!(store.revoke_api_key(ada.workspace_id, revoked.id, None, NOW).await.unwrap());
    assert_eq!((old.name.as_str(), old.created_at, old.last_used_at), ("key 1", NOW, None));
    assert_eq!(store.list_api_keys(ada.workspace_id, None).await.unwrap(), [new, old]);
    assert_eq!(store.list_api_keys(bob.workspace_id, None).await.unwrap(), [other]);
    assert_eq!(store.count_api_keys(ada.workspace_id).await.unwrap(), 2);
    assert_eq!(store.count_api_keys(bob.workspace_id).await.unwrap(), 1);
}

async fn a_key_identifies_its_workspace_until_it_is_revoked(store: &AccountStore) {
    let ada = user(store, "ada@example.com").await;
    let key = store.create_api_key(&new_key(&ada, 1, NOW)).await.unwrap();
    let owner = KeyOwner {
        id: key.id,
        workspace_id: ada.workspace_id,
        scopes: vec![Scope::Ingest],
        expires_at: None,
        rate_limit: None,
    };
    assert_eq!(store.get_api_key_owner(&[1; 32]).await.unwrap(), Some(owner));
    assert!(store.revoke_api_key(ada.workspace_id, key.id, None, NOW).await.unwrap());
    assert_eq!(store.get_api_key_owner(&[1; 32]).await.unwrap(), None);
}

async fn only_the_workspace_of_a_key_revokes_it_and_only_once(store: &AccountStore) {
    let ada = user(store, "ada@example.com").await;
    let bob = user(store, "bob@example.com").await;
    let key = store.create_api_key(&new_key(&ada, 1, NOW)).await.unwrap();
    assert!(!store.revoke_api_key(bob.workspace_id, key.id, None, NOW).await.unwrap());
    assert!(store.get_api_key_owner(&[1; 32]).await.unwrap().is_some());
    assert!(store.revoke_api_key(ada.workspace_id, key.id, None, NOW).await.unwrap());
    assert!(!store.revoke_api_key(ada.workspace_id, key.id, None, NOW).await.unwrap());
    assert!(!store.revoke_api_key(ada.workspace_id, Uuid::nil(), None, NOW).await.unwrap());
}

async fn rejects_a_key_with_an_unknown_workspace_or_a_used_hash(store: &AccountStore) {
    let ada = user(store, "ada@example.com").await;
    let key = store.create_api_key(&new_key(&ada, 1, NOW)).await.unwrap();
    assert!(matches!(store.create_api_key(&new_key(&ada, 1, NOW)).await, Err(AccountError::Database(_))));
    assert!(store.revoke_api_key(ada.workspace_id, key.id, None, NOW).await.unwrap());
    let reused = store.create_api_key(&new_key(&ada, 1, NOW)).await;
    assert!(matches!(reused, Err(AccountError::Database(_))), "the hash of a revoked key cannot be reused");
    let unknown_workspace = User { workspace_id: Uuid::nil(), ..ada };
    assert!(matches!(
        store.create_api_key(&new_key(&unknown_workspace, 2, NOW)).await,
        Err(AccountError::Database(_))
    ));
}

async fn the_last_use_of_a_key_never_moves_back(store: &AccountStore) {
    let ada = user(store, "ada@example.com").await;
    let one = store.create_api_key(&new_key(&ada, 1, NOW)).await.unwrap();
    let two = store.create_api_key(&new_key(&ada, 2, NOW - Duration::from_secs(1))).await.unwrap();
    let later = NOW + Duration::from_secs(60);
    let used = async || -> Vec<_> {
        store
            .list_api_keys(ada.workspace_id, None)
            .await
            .unwrap()
            .into_iter()
            .map(|key| key.last_used_at)
            .collect()
    };
    store.touch_api_keys(&[]).await.unwrap();
    assert_eq!(used().await, [None, None]);
    store.touch_api_keys(&[(one.id, later), (Uuid::nil(), later), (two.id, NOW)]).await.unwrap();
    assert_eq!(used().await, [Some(later), Some(NOW)]);
    store.touch_api_keys(&[(one.id, NOW), (two.id, later), (two.id, NOW)]).await.unwrap();
    assert_eq!(used().await, [Some(later), Some(later)]);
}

async fn a_closed_store_fails_its_ping(store: &AccountStore) {
    store.ping().await.unwrap();
    store.close().await;
    assert!(matches!(store.ping().await, Err(AccountError::Database(_))));
}

async fn keeps_all_data_after_close_and_reopen(database: &Database) {
    let store = database.accounts().await;
    let user = user(&store, "ada@example.com").await;
    let key = store.create_api_key(&new_key(&user, 1, NOW)).await.unwrap();
    store.close().await;
    let store = database.accounts().await;
    assert_eq!(store.get_credentials("ada@example.com").await.unwrap().unwrap().user_id, user.id);
    assert_eq!(store.list_api_keys(user.workspace_id, None).await.unwrap(), [key]);
    store.close().await;
}

async fn restores_accounts_unchanged_and_keeps_revocations_of_both_sides(database: &Database) {
    let from_directory = open_sqlite().await;
    let (from, to) = (from_directory.accounts().await, database.accounts().await);
    let user = user(&from, "ada@example.com").await;
    let mut keys = Vec::new();
    for number in 0..3 {
        keys.push(
            from.create_api_key(&new_key(&user, number, NOW + Duration::from_secs(number.into())))
                .await
                .unwrap(),
        );
    }
    let [live, revoked_there, revoked_here] = [0, 1, 2].map(|number: usize| keys[number].id);
    from.touch_api_keys(&[(live, NOW)]).await.unwrap();
    let all = RestoreSummary { workspaces: 1, users: 1, keys: 3 };
    assert_eq!(to.restore(&from.archive().await.unwrap()).await.unwrap(), all);
    assert_eq!(
        to.list_api_keys(user.workspace_id, None).await.unwrap(),
        from.list_api_keys(user.workspace_id, None).await.unwrap()
    );

    to.touch_api_keys(&[(live, NOW + Duration::from_secs(9))]).await.unwrap();
    to.revoke_api_key(user.workspace_id, revoked_there, None, NOW).await.unwrap();
    from.revoke_api_key(user.workspace_id, revoked_here, None, NOW).await.unwrap();
    assert_eq!(to.restore(&from.archive().await.unwrap()).await.unwrap(), RestoreSummary::default());
    let remaining = to.list_api_keys(user.workspace_id, None).await.unwrap();
    assert_eq!(remaining.iter().map(|key| key.id).collect::<Vec<_>>(), [live]);
    assert_eq!(remaining[0].last_used_at, Some(NOW + Duration::from_secs(9)));
    let credentials = to.get_credentials("ada@example.com").await.unwrap().unwrap();
    assert_eq!((credentials.user_id, credentials.email.as_str()), (user.id, "ada@example.com"));
    assert_eq!(credentials.password_hash.as_str(), "hash of ada@example.com");
    to.close().await;
    from.close().await;
}

async fn restores_nothing_if_another_account_has_an_email(database: &Database) {
    let from_directory = open_sqlite().await;
    let (from, to) = (from_directory.accounts().await, database.accounts().await);
    for email in ["ada@example.com", "bob@example.com"] {
        user(&from, email).await;
    }
    let archive = from.archive().await.unwrap();
    assert!(to.list_taken_emails(&archive).await.unwrap().is_empty());
    user(&to, "bob@example.com").await;
    assert_eq!(to.list_taken_emails(&archive).await.unwrap(), ["bob@example.com"]);
    assert!(matches!(to.restore(&archive).await, Err(AccountError::EmailTaken)));
    assert_eq!(database.count_in_accounts("users").await, 1);
    to.close().await;
    from.close().await;
}

async fn two_processes_create_one_account_per_email(database: &Database) {
    let (one, two) = (database.accounts().await, database.accounts().await);
    for round in 0..10 {
        let email = format!("user{round}@example.com");
        let (first, second) = (account(&email), account(&email.to_uppercase()));
        let (first, second) = tokio::join!(one.create_account(&first), two.create_account(&second));
        let rejected =
            [&first, &second].iter().filter(|done| matches!(done, Err(AccountError::EmailTaken))).count();
        assert_eq!(
            (rejected, [&first, &second].iter().filter(|done| done.is_ok()).count()),
            (1, 1),
            "{first:?} {second:?}"
        );
    }
    one.close().await;
    two.close().await;
}

#[tokio::test]
async fn rejects_a_directory_that_does_not_exist() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(
        AccountStore::open_sqlite(&directory.path().join("nowhere/a.db")).await,
        Err(AccountError::Database(_))
    ));
}

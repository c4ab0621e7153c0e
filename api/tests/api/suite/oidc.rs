//! Login over OpenID Connect, at a real provider.

use serde_json::{Value, json};
use test_support::{
    client::Client,
    oidc::{Browser, OidcProvider},
    server::{Server, builder},
};

fn accounts() -> Value {
    json!({
        "ada": {"email": "Ada@Example.com", "email_verified": true, "name": "Ada Lovelace", "groups": ["admins"]},
        "bob": {"email": "bob@example.com", "email_verified": true, "name": "Bob", "groups": ["staff"]},
        "eve": {"email": "eve@elsewhere.org", "email_verified": true, "name": "Eve", "groups": []},
        "mallory": {"email": "bob@example.com", "email_verified": false, "name": "Mallory", "groups": ["admins"]},
        "nobody": {"name": "Nobody"},
    })
}

/// Starts a provider, and a server that uses it with these settings.
async fn start(settings: &[(&'static str, &str)]) -> (OidcProvider, Server) {
    let provider = OidcProvider::start(&accounts(), false).await;
    let server =
        settings.iter().fold(builder().with_system_clock(), |server, (name, value)| server.with(name, value));
    let server = provider.configure(server).spawn().await;
    (provider, server)
}

/// Logs in and returns a client with the token.
async fn log_in(server: &Server, login: &str) -> Client {
    let mut browser = Browser::default();
    let address = browser.log_in(&server.url, login).await;
    let page = browser.exchange(&server.url, &address).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let token: Value = serde_json::from_str(&page.text).unwrap();
    server.anonymous_client().with_token(token["access_token"].as_str().unwrap())
}

async fn account(client: &Client) -> Value {
    client.get("/api/v1/auth/me").await.expect(200).json()
}

/// Logs in and returns why it failed.
async fn refusal(server: &Server, login: &str) -> String {
    let address = Browser::default().log_in(&server.url, login).await;
    address.split_once("#error=").unwrap_or_else(|| panic!("{address}")).1.to_owned()
}

#[tokio::test]
async fn the_first_login_creates_the_workspace_and_later_ones_join_it() {
    let (_provider, server) = start(&[("OIDC_WORKSPACE", "Acme"), ("OIDC_DEFAULT_ROLE", "viewer")]).await;
    let ada = account(&log_in(&server, "ada").await).await;
    assert_eq!(ada["email"], "ada@example.com");
    assert_eq!(ada["full_name"], "Ada Lovelace");
    assert_eq!((&ada["workspace_name"], &ada["role"]), (&json!("Acme"), &json!("owner")));
    assert_eq!(ada["has_password"], false);
    let bob = account(&log_in(&server, "bob").await).await;
    assert_eq!((&bob["workspace_id"], &bob["role"]), (&ada["workspace_id"], &json!("viewer")));
    let again = account(&log_in(&server, "ada").await).await;
    assert_eq!((&again["id"], &again["role"]), (&ada["id"], &json!("owner")), "the same account");
    assert_eq!(refusal(&server, "nobody").await, "no_email");

    let options = server.anonymous_client().get("/api/v1/auth/options").await.expect(200).json();
    assert_eq!(options["oidc_url"], format!("{}/api/v1/auth/oidc/login", server.url));
    // Accounts without a password cannot log in with one, whatever it is.
    for password in ["", "password", "correct horse battery"] {
        server.anonymous_client().login("ada@example.com", password).await.expect(401);
    }
}

#[tokio::test]
async fn two_first_logins_at_once_share_the_workspace() {
    let (_provider, server) = start(&[]).await;
    let (ada, bob) = tokio::join!(log_in(&server, "ada"), log_in(&server, "bob"));
    let (ada, bob) = (account(&ada).await, account(&bob).await);
    assert_eq!(ada["workspace_id"], bob["workspace_id"]);
    let mut roles = [ada["role"].as_str().unwrap(), bob["role"].as_str().unwrap()];
    roles.sort_unstable();
    assert_eq!(roles, ["member", "owner"]);
}

#[tokio::test]
async fn an_existing_account_is_linked_only_by_a_verified_email_of_an_allowed_domain() {
    let (_provider, server) = start(&[("OIDC_ALLOWED_DOMAINS", "example.com, acme.org")]).await;
    let bob = server.member("bob").await;
    assert_eq!(refusal(&server, "mallory").await, "not_allowed");
    assert_eq!(refusal(&server, "eve").await, "not_allowed");
    let linked = account(&log_in(&server, "bob").await).await;
    assert_eq!(linked["id"], bob.user.id.to_string());
    assert_eq!(linked["has_password"], true);
    assert_eq!(linked["workspaces"].as_array().unwrap().len(), 2, "{linked}");

    let (_provider, server) = start(&[]).await;
    server.member("bob").await;
    assert_eq!(refusal(&server, "bob").await, "email_taken");
    log_in(&server, "eve").await;
}

#[tokio::test]
async fn groups_decide_about_the_role_at_every_login() {
    let settings = [
        ("OIDC_ROLE_CLAIM", "groups"),
        ("OIDC_ROLE_MAP", "admins:owner,staff:member"),
        ("OIDC_DEFAULT_ROLE", "none"),
        ("OIDC_ALLOWED_DOMAINS", "example.com,elsewhere.org"),
    ];
    let (_provider, server) = start(&settings).await;
    let ada = log_in(&server, "ada").await;
    let bob = account(&log_in(&server, "bob").await).await;
    assert_eq!(bob["role"], "member");
    assert_eq!(refusal(&server, "eve").await, "not_allowed");
    let member = format!("/api/v1/members/{}", bob["id"].as_str().unwrap());
    ada.patch(&member, &json!({"role": "viewer"})).await.expect(204);
    assert_eq!(account(&log_in(&server, "bob").await).await["role"], "member");
}

#[tokio::test]
async fn a_removed_member_does_not_come_back_with_a_login() {
    let (_provider, server) = start(&[]).await;
    let ada = log_in(&server, "ada").await;
    let bob = account(&log_in(&server, "bob").await).await;
    ada.delete(&format!("/api/v1/members/{}", bob["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(refusal(&server, "bob").await, "no_workspace");
}

#[tokio::test]
async fn a_code_is_valid_once_and_in_the_browser_that_started_the_login() {
    let (_provider, server) = start(&[]).await;
    let mut ada = Browser::default();
    let address = ada.log_in(&server.url, "ada").await;
    assert!(
        address.starts_with(&format!("{}/login?next=%2Ftraces%3Frange%3D7d#code=", server.url)),
        "{address}"
    );
    let mut eve = Browser::default();
    let eves = eve.log_in(&server.url, "eve").await;
    assert_eq!(ada.exchange(&server.url, &eves).await.status, 410, "a link with the code of another browser");
    assert_eq!(Browser::default().exchange(&server.url, &address).await.status, 410);
    assert_eq!(ada.exchange(&server.url, &address).await.status, 200);
    assert_eq!(ada.exchange(&server.url, &address).await.status, 410);

    // A redirect of another login, a repeated one, and one without a login.
    let callback = ada.log_in_at_provider(&server.url, "ada").await;
    let error = |page: test_support::oidc::Page| page.location.unwrap().split_once('#').unwrap().1.to_owned();
    assert_eq!(error(eve.get(&callback).await), "error=expired");
    assert!(error(ada.get(&callback).await).starts_with("code="));
    assert_eq!(error(ada.get(&callback).await), "error=provider");
    let refused = format!("{}/api/v1/auth/oidc/callback?error=access_denied", server.url);
    assert_eq!(error(Browser::default().get(&refused).await), "error=expired");
}

#[tokio::test]
async fn an_account_without_a_password_can_be_deleted_and_created_again() {
    let (_provider, server) = start(&[]).await;
    let ada = log_in(&server, "ada").await;
    let bob = log_in(&server, "bob").await;
    let id = account(&bob).await["id"].clone();
    // Without a password there is none to confirm.
    let request = bob.request(reqwest::Method::DELETE, "/api/v1/auth/me").json(&json!({}));
    bob.send(request).await.expect(204);
    bob.get("/api/v1/auth/me").await.expect(401);
    let new = account(&log_in(&server, "bob").await).await;
    assert_ne!(new["id"], id, "a new account");
    ada.get("/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn passwords_can_be_disabled() {
    let (_provider, server) = start(&[("PASSWORD_LOGIN", "off")]).await;
    let anonymous = server.anonymous_client();
    let options = anonymous.get("/api/v1/auth/options").await.expect(200).json();
    assert_eq!((&options["password"], &options["registration"]), (&json!(false), &json!("closed")));
    let member = server.member("carol").await;
    anonymous.login("carol@example.com", test_support::server::PASSWORD).await.expect(403);
    anonymous.register("new@example.com", test_support::server::PASSWORD).await.expect(403);
    anonymous.post("/api/v1/auth/password/forgot", &json!({"email": "carol@example.com"})).await.expect(403);
    let passwords =
        json!({"current_password": test_support::server::PASSWORD, "new_password": "another long one"});
    member.post("/api/v1/auth/password", &passwords).await.expect(403);
    log_in(&server, "ada").await;
}

#[tokio::test]
async fn without_a_provider_there_is_no_login_over_it() {
    let server = builder().spawn().await;
    let anonymous = server.anonymous_client();
    for path in ["/api/v1/auth/oidc/login", "/api/v1/auth/oidc/callback"] {
        anonymous.get(path).await.expect_error(404, "not_found");
    }
    let options = anonymous.get("/api/v1/auth/options").await.expect(200).json();
    assert_eq!((&options["password"], &options["oidc_url"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn an_unreachable_provider_is_reported_on_the_login_page() {
    let (provider, server) = start(&[]).await;
    drop(provider);
    let page = Browser::default().get(&format!("{}/api/v1/auth/oidc/login", server.url)).await;
    assert_eq!(page.location.unwrap(), format!("{}/login#error=provider", server.url));
    server.anonymous_client().get("/ready").await.expect(200);
}

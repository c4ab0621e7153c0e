//! `agent-obs account`: the operator's commands, with a file and with PostgreSQL, and what a server makes of them.

use serde_json::json;
use test_support::{child::Process, client::Client, server::PASSWORD};

use crate::binary::{Run, agent_obs, plain};

const NEW_PASSWORD: &str = "a new and better passphrase";

async fn account(settings: &[(&str, &str)], arguments: &[&str]) -> Run {
    agent_obs(&[&["account"], arguments].concat(), settings).await
}

/// Returns the token in a printed link.
fn token(run: &Run, page: &str) -> String {
    let prefix = format!("https://obs.example.com/{page}?token=");
    run.stdout.trim().strip_prefix(&prefix).unwrap_or_else(|| panic!("{run:?}")).to_owned()
}

/// Registers with an invitation, and returns the status.
async fn register(anonymous: &Client, email: &str, invitation: &str) -> u16 {
    let body = json!({"email": email, "password": PASSWORD, "full_name": "Ada", "invitation": invitation});
    anonymous.post("/api/v1/auth/register", &body).await.status
}

/// Runs every command on one database, while a server uses it.
async fn manage(process: &Process, settings: &[(&str, &str)]) {
    let anonymous = process.anonymous_client();
    let invite = ["invite", "--workspace", "Acme", "--email", "ada@example.com"];
    let owner = token(&account(settings, &invite).await.expect(0), "invitation");
    assert_eq!(register(&anonymous, "eve@example.com", &owner).await, 403, "the link is for another e-mail");
    assert_eq!(register(&anonymous, "ada@example.com", &owner).await, 201);
    let viewer = ["invite", "--workspace", "Acme", "--role", "viewer"];
    let viewer = token(&account(settings, &viewer).await.expect(0), "invitation");
    assert_eq!(register(&anonymous, "bob@example.com", &viewer).await, 201);
    let listed = account(settings, &["list"]).await.expect(0).stdout;
    let lines: Vec<_> =
        listed.lines().map(|line| line.split('\t').take(3).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["ada@example.com Ada active", "bob@example.com Ada active"]);

    let ada = log_in(&anonymous, "ada@example.com", PASSWORD).await;
    assert_eq!(ada.get("/api/v1/members").await.expect(200).json()["total"], 2, "one workspace");
    let reset = token(&account(settings, &["reset-password", "ADA@example.com"]).await.expect(0), "reset");
    let body = json!({"token": reset, "password": NEW_PASSWORD});
    anonymous.post("/api/v1/auth/password/reset", &body).await.expect(204);
    anonymous.post("/api/v1/auth/password/reset", &body).await.expect_error(410, "link_expired");
    anonymous.login("ada@example.com", PASSWORD).await.expect_error(401, "invalid_credentials");
    ada.get("/api/v1/members").await.expect_error(401, "unauthorized");
    let ada = log_in(&anonymous, "ada@example.com", NEW_PASSWORD).await;

    while anonymous.login("ada@example.com", "wrong").await.status != 429 {}
    account(settings, &["unlock", "ada@example.com"]).await.expect(0);
    log_in(&anonymous, "ada@example.com", NEW_PASSWORD).await;

    account(settings, &["disable", "bob@example.com"]).await.expect(0);
    anonymous.login("bob@example.com", PASSWORD).await.expect_error(403, "forbidden");
    account(settings, &["enable", "bob@example.com"]).await.expect(0);
    log_in(&anonymous, "bob@example.com", PASSWORD).await;
    let last_owner = account(settings, &["delete", "ada@example.com"]).await.expect(1);
    assert!(last_owner.stderr.contains("no owner"), "{last_owner:?}");
    account(settings, &["delete", "bob@example.com"]).await.expect(0);
    assert_eq!(ada.get("/api/v1/members").await.expect(200).json()["total"], 1);
    let audit = ada.get("/api/v1/audit?limit=100").await.expect(200).json();
    let of_operator: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["actor"]["kind"] == "operator")
        .map(|event| event["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        of_operator,
        ["account.delete", "account.enable", "account.disable", "invitation.create", "invitation.create"]
    );
    let unknown = account(settings, &["disable", "nobody@example.com"]).await.expect(1);
    assert_eq!(unknown.stderr, "agent-obs: no account has the e-mail nobody@example.com\n");
}

async fn log_in(anonymous: &Client, email: &str, password: &str) -> Client {
    let token = anonymous.login(email, password).await.expect(200).json();
    anonymous.with_token(token["access_token"].as_str().unwrap())
}

fn settings<'a>(own: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [own, &[("PUBLIC_URL", "https://obs.example.com"), ("REGISTRATION", "closed")]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_manages_accounts_in_a_directory_while_the_server_runs() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path(), &[("REGISTRATION", "closed")]);
    let settings = settings(&[("DATA_DIR", directory.path().to_str().unwrap())]);
    manage(&process, &settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_manages_accounts_on_a_server() {
    let directory = tempfile::tempdir().unwrap();
    let database = plain().await.database().await;
    let secret = "the secret of these tests, 32 bytes";
    let process = Process::start(
        directory.path(),
        &[("REGISTRATION", "closed"), ("POSTGRES_URL", &database), ("JWT_SECRET", secret)],
    );
    manage(&process, &settings(&[("POSTGRES_URL", &database)])).await;
}

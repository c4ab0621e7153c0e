//! E-mails about accounts: invitations and links that reset a password, sent by a server.

use serde_json::json;
use test_support::{
    server::{PASSWORD, Server, builder},
    wait::eventually,
};

use crate::smtp::{Mail, MailServer, Replies};

const NEW_PASSWORD: &str = "a new and better passphrase";

async fn server(mails: &MailServer) -> Server {
    builder()
        .with("REGISTRATION", "invite")
        .with("SMTP_URL", &format!("smtp://127.0.0.1:{}?tls=none", mails.port))
        .with("SMTP_FROM", "obs@example.com")
        .with("PUBLIC_URL", "https://obs.example.com")
        .spawn()
        .await
}

/// Returns the token in the link to a page.
fn token(mail: &Mail, page: &str) -> String {
    let text = mail.text.replace("=\r\n", "").replace("=3D", "=");
    let prefix = format!("https://obs.example.com/{page}?token=");
    let (_, rest) = text.split_once(&prefix).unwrap_or_else(|| panic!("{text}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_with_an_address_is_sent_and_can_be_accepted() {
    let mails = MailServer::start(Replies::default()).await;
    let server = server(&mails).await;
    let ada = server.member("ada").await;
    let workspace = format!("/api/v1/workspaces/{}", ada.user.workspace_id);
    let hostile = "Click https://evil.example/ now";
    ada.patch(&workspace, &json!({"name": hostile})).await.expect(200);
    let invitation = json!({"role": "member", "email": "bob@example.com"});
    let created = ada.post("/api/v1/invitations", &invitation).await.expect(201).json();
    assert_eq!(created["is_sent"], true);
    let mail = mails.mails().pop().unwrap();
    assert_eq!(mail.to, ["bob@example.com"]);
    assert_eq!(mail.header("Subject").as_deref(), Some("Invitation to Agent Observability"));
    assert!(!mail.text.contains("evil"), "names that people choose are not in the e-mail");
    let token = token(&mail, "invitation");
    assert_eq!(token, created["token"]);
    let body =
        json!({"email": "bob@example.com", "password": PASSWORD, "full_name": "Bob", "invitation": token});
    server.anonymous_client().post("/api/v1/auth/register", &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_receives_few_links_and_an_invitation_without_one_is_not_sent() {
    let mails = MailServer::start(Replies::default()).await;
    let server = server(&mails).await;
    let ada = server.member("ada").await;
    let unsent = ada.post("/api/v1/invitations", &json!({"role": "member"})).await.expect(201).json();
    assert_eq!((&unsent["is_sent"], mails.mails().len()), (&json!(false), 0));
    let invitation = json!({"role": "member", "email": "bob@example.com"});
    for _ in 0..3 {
        ada.post("/api/v1/invitations", &invitation).await.expect(201);
    }
    ada.post("/api/v1/invitations", &invitation).await.expect_error(429, "rate_limited");
    assert_eq!(mails.mails().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_reset_by_the_link_in_an_email() {
    let mails = MailServer::start(Replies::default()).await;
    let server = server(&mails).await;
    let ada = server.member("ada").await;
    let anonymous = server.anonymous_client();
    let forgot = async |email: &str| {
        anonymous.post("/api/v1/auth/password/forgot", &json!({"email": email})).await.expect(204)
    };
    forgot("nobody@example.com").await;
    forgot("ADA@example.com").await;
    eventually("the e-mail is sent", || async { mails.mails().len() == 1 }).await;
    let mail = mails.mails().pop().unwrap();
    assert_eq!(mail.to, ["ada@example.com"]);
    assert_eq!(mail.header("Subject").as_deref(), Some("Reset your password for Agent Observability"));
    let reset = json!({"token": token(&mail, "reset"), "password": NEW_PASSWORD});
    anonymous.post("/api/v1/auth/password/reset", &reset).await.expect(204);
    ada.get("/api/v1/auth/me").await.expect_error(401, "unauthorized");
    anonymous.login("ada@example.com", NEW_PASSWORD).await.expect(200);
    anonymous.post("/api/v1/auth/password/reset", &reset).await.expect_error(410, "link_expired");
}

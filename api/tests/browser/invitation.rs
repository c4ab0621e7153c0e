//! Invitations: register, log in or accept with one click, and links that are not valid.

use serde_json::json;

use crate::stage::{browse, browse_with};
use test_support::{
    page::{Page, button, field, heading, link, text},
    server::{Member, PASSWORD},
};

/// Creates an invitation as a viewer and returns the path of its link.
async fn invite(owner: &Member, email: Option<&str>) -> String {
    let body = json!({"role": "viewer", "email": email});
    owner.post("/api/v1/invitations", &body).await.expect(201).json()["url"].as_str().unwrap().to_owned()
}

/// Logs out in the account menu.
pub async fn log_out(page: &Page) {
    page.click("//button[starts-with(@aria-label, 'Account:')]").await;
    page.click(&button("Log out")).await;
    page.expect_path("/login").await;
}

/// Creates an account on the page of an invitation.
pub async fn register_invited(page: &Page, email: Option<&str>) {
    page.fill("Your name", "Bob").await;
    if let Some(email) = email {
        page.fill("E-mail", email).await;
    }
    page.fill("Password", PASSWORD).await;
    page.fill("Confirm password", PASSWORD).await;
    page.click(&button("Create account")).await;
    page.expect_path("/dashboard").await;
}

async fn me(page: &Page) -> serde_json::Value {
    let token = page.token().await.expect("a token");
    page.fetch("GET", "/api/v1/auth/me", &token).await["body"].clone()
}

#[tokio::test]
async fn new_people_register_with_the_link_while_registration_requires_an_invitation() {
    browse_with(&[("REGISTRATION", "invite")], async |page, server| {
        let ada = server.member("ada").await;
        page.open("/login").await;
        page.find(&text("To join, ask an owner of a workspace for an invitation.")).await;
        page.expect_absent(&link("Create an account")).await;
        page.open("/register").await;
        page.find("//p[starts-with(., 'Registration requires an invitation.')]").await;
        page.expect_absent(&field("Password")).await;

        page.open(&invite(&ada, None).await).await;
        page.find(&heading("Join ada's")).await;
        page.expect_absent(&field("Workspace name")).await;
        register_invited(page, Some("bob@example.com")).await;
        let me = me(page).await;
        assert_eq!((&me["role"], &me["workspace_name"]), (&json!("viewer"), &json!("ada's")), "{me}");
    })
    .await;
}

#[tokio::test]
async fn existing_people_join_by_login_or_with_one_click() {
    browse(async |page, server| {
        let (ada, eve) = (server.member("ada").await, server.member("eve").await);
        server.member("bob").await;
        page.open(&invite(&ada, Some("bob@example.com")).await).await;
        page.find(&heading("Join ada's")).await;
        page.fill("Password", PASSWORD).await;
        page.click(&button("Log in and join")).await;
        page.expect_path("/dashboard").await;
        assert_eq!(me(page).await["workspace_name"], "ada's");

        let path = invite(&eve, None).await;
        page.open(&path).await;
        page.find("//p[.='You are logged in as bob@example.com.']").await;
        page.click(&button("Accept invitation")).await;
        page.expect_path("/dashboard").await;
        assert_eq!(me(page).await["workspace_name"], "eve's");

        page.open(&path).await;
        page.find(&text("Invitation expired")).await;
        page.expect_console_errors("status of 410").await;
    })
    .await;
}

#[tokio::test]
async fn an_invitation_for_another_e_mail_cannot_be_accepted() {
    browse(async |page, server| {
        let (ada, eve) = (server.member("ada").await, server.member("eve").await);
        server.member("bob").await;
        page.open("/login").await;
        page.log_in(&eve.user.email, PASSWORD).await;
        page.expect_path("/dashboard").await;
        page.open(&invite(&ada, Some("bob@example.com")).await).await;
        page.find(&text("The invitation is for bob@example.com.")).await;
        page.expect_absent(&button("Accept invitation")).await;
        page.click(&button("Use another account")).await;
        page.find(&format!("{}[@readonly]", field("E-mail"))).await;
        assert_eq!(page.token().await, None);
        page.fill("Password", PASSWORD).await;
        page.click(&button("Log in and join")).await;
        page.expect_path("/dashboard").await;
        assert_eq!(me(page).await["workspace_name"], "ada's");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_link_says_what_to_do() {
    browse(async |page, _| {
        for path in ["/invitation?token=unknown", "/invitation"] {
            page.open(path).await;
            page.find(&text("Invitation not found")).await;
        }
        page.expect_console_errors("status of 4").await;
    })
    .await;
}

//! People in the settings: members and their roles, workspaces, login sessions, passwords, and the audit log.

use serde_json::json;
use shared::access::Role;

use crate::{
    invitation::{log_out, register_invited},
    stage::{browse, member_on},
};
use test_support::{
    page::{Page, button, field, heading, link, region, text},
    sample::trace,
    server::{PASSWORD, eventually},
};

const DIALOG: &str = "//dialog[@open]";
const NEW_PASSWORD: &str = "a new and better passphrase";

async fn log_in_on(page: &Page, email: &str, path: &str) {
    page.open(path).await;
    page.log_in(email, PASSWORD).await;
    page.expect_path(path).await;
}

/// Expects that the pages show no action that a viewer may not use.
async fn expect_no_actions(page: &Page) {
    page.open("/alerts?show=rules").await;
    page.click("//main//li//a[starts-with(@aria-label, 'View ')]").await;
    page.find(&link("Back to rules")).await;
    page.expect_absent(&button("Save rule")).await;
    page.click(&link("Back to rules")).await;
    page.find("//main//li").await;
    for action in [
        "//a[normalize-space()='New rule']",
        "//button[@role='switch']",
        "//button[starts-with(., 'Delete')]",
    ] {
        page.expect_absent(action).await;
    }
    page.open("/settings/channels").await;
    page.find(&text("No channels")).await;
    page.expect_absent(&button("Add channel")).await;
    page.open("/settings/prices").await;
    page.find(&button("Look up")).await;
    page.expect_absent(&button("Set price")).await;
    page.find(&format!("{}{}", region("Settings"), link("Profile"))).await;
    for section in ["Members", "API keys", "Audit log"] {
        page.expect_absent(&format!("{}{}", region("Settings"), link(section))).await;
    }
    page.expect_absent(&link("Getting started")).await;
    page.open("/settings/members").await;
    page.find(&text("No access")).await;
}

#[tokio::test]
async fn an_owner_invites_a_viewer_and_changes_the_role() {
    browse(async |page, server| {
        let ada = member_on(page, server, "/settings/members").await;
        page.choose("Role", "viewer").await;
        page.fill("E-mail (optional)", "bob@example.com").await;
        page.click(&button("Create invitation")).await;
        let url = page.find("//*[@role='status']//code").await.text().await.unwrap();
        let path = url.strip_prefix(&server.url).expect("a link to the server");
        page.find(&format!("{}//tr[th='bob@example.com' and td='Viewer']", region("Pending invitations")))
            .await;

        log_out(page).await;
        page.open(path).await;
        page.find(&heading("Join ada's")).await;
        page.find(&format!("{}[@readonly]", field("E-mail"))).await;
        register_invited(page, None).await;
        page.find(&text("No traces yet")).await;
        expect_no_actions(page).await;

        log_out(page).await;
        log_in_on(page, &ada.user.email, "/settings/members").await;
        page.expect_absent(&region("Pending invitations")).await;
        page.click("//select[@aria-label='Role of bob@example.com']/option[@value='member']").await;
        let role = async || {
            let members = ada.get("/api/v1/members").await.expect(200).json();
            members["items"][1]["role"].clone()
        };
        eventually("the role is stored", async || role().await == "member").await;

        log_out(page).await;
        log_in_on(page, "bob@example.com", "/alerts?show=rules").await;
        page.find(&link("New rule")).await;
        page.find(&link("Getting started")).await;
    })
    .await;
}

#[tokio::test]
async fn an_owner_removes_a_member_who_is_logged_out() {
    browse(async |page, server| {
        let ada = server.member("ada").await;
        let bob = server.member_of(&ada, "bob", Role::Member).await;
        log_in_on(page, &ada.user.email, "/settings/members").await;
        page.expect_count(&format!("{}//tbody/tr", region("Members")), 2).await;
        page.click(&button("Remove bob@example.com")).await;
        page.click(&format!("{DIALOG}{}", button("Remove"))).await;
        page.expect_count(&format!("{}//tbody/tr", region("Members")), 1).await;
        bob.get("/api/v1/traces").await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn a_new_workspace_is_empty_and_the_menu_switches_back() {
    browse(async |page, server| {
        let ada = member_on(page, server, "/settings/workspace").await;
        ada.ingest(&[trace("first", server.clock.now(), json!({}))]).await;
        page.find("//input[@id='new-workspace-name']").await.send_keys("Second").await.unwrap();
        page.click(&button("Create workspace")).await;
        page.expect_path("/dashboard").await;
        page.find(&heading("Send your first trace")).await;
        page.find("//header//*[contains(@class, 'user-workspace')][.='Second']").await;

        page.click("//button[starts-with(@aria-label, 'Account:')]").await;
        page.find("//button[normalize-space()='Second'][@aria-current='true']").await;
        page.click(&button("ada's")).await;
        page.expect_text(&crate::dashboard::kpi("Requests"), "1").await;
        page.find("//header//*[contains(@class, 'user-workspace')][.=\"ada's\"]").await;
    })
    .await;
}

#[tokio::test]
async fn renaming_the_workspace_and_the_account_updates_the_menu() {
    browse(async |page, server| {
        member_on(page, server, "/settings/workspace").await;
        let name = page.find("//input[@id='workspace-name']").await;
        name.send_keys(" and Bob's").await.unwrap();
        page.click(&button("Rename")).await;
        page.find("//header//*[contains(@class, 'user-workspace')][.=\"ada's and Bob's\"]").await;
        page.click(&link("Profile")).await;
        page.replace("Name", "Ada Lovelace").await;
        page.click(&button("Save")).await;
        page.find("//header//*[contains(@class, 'user-name')][.='Ada Lovelace']").await;
    })
    .await;
}

#[tokio::test]
async fn login_sessions_are_listed_and_end_together() {
    browse(async |page, server| {
        let ada = member_on(page, server, "/settings/sessions").await;
        // The session of the page, and the one that `member_on` has created without the page.
        page.expect_count("//tbody/tr", 2).await;
        page.find("//tr[th='Chrome on Linux'][contains(., 'This session')]").await;
        page.click("//button[starts-with(., 'End session')]").await;
        page.expect_count("//tbody/tr", 1).await;
        ada.get("/api/v1/traces").await.expect(401);

        let token = page.token().await.expect("a token");
        page.click(&button("Log out everywhere")).await;
        page.click(&format!("{DIALOG}{}", button("Log out everywhere"))).await;
        page.expect_path("/login").await;
        assert_eq!(page.token().await, None);
        assert_eq!(page.fetch("GET", "/api/v1/auth/me", &token).await["status"], 401);
        page.expect_console_errors("status of 401").await;
    })
    .await;
}

#[tokio::test]
async fn the_password_is_changed_and_the_account_deleted_with_it() {
    browse(async |page, server| {
        let ada = member_on(page, server, "/settings/profile").await;
        let passwords = async |current: &str, new: &str| {
            page.replace("Current password", current).await;
            page.replace("New password", new).await;
            page.replace("Confirm password", new).await;
            page.click(&button("Change password")).await;
        };
        passwords("wrong", NEW_PASSWORD).await;
        page.find("//*[@id='password-current_password-note'][.='The password is wrong']").await;
        passwords(PASSWORD, "password123").await;
        page.find("//*[@id='password-new_password-note'][starts-with(., 'The password ')]").await;
        page.expect_console_errors("status of 422").await;
        passwords(PASSWORD, NEW_PASSWORD).await;
        page.find(&text("Password changed.")).await;
        ada.get("/api/v1/traces").await.expect(401);

        page.fill("Password", NEW_PASSWORD).await;
        page.click(&button("Delete account")).await;
        page.click(&format!("{DIALOG}{}", button("Delete account"))).await;
        page.expect_path("/login").await;
        server.anonymous_client().login("ada@example.com", NEW_PASSWORD).await.expect(401);
    })
    .await;
}

#[tokio::test]
async fn a_password_link_sets_a_new_password_once() {
    browse(async |page, server| {
        let ada = server.member("ada").await;
        let token = server.password_reset_of(&ada).await;
        page.open(&format!("/reset?token={token}")).await;
        page.fill("New password", NEW_PASSWORD).await;
        page.fill("Confirm password", NEW_PASSWORD).await;
        page.click(&button("Set password")).await;
        page.find("//p[.='Your password has been changed.']").await;
        page.click(&link("Log in")).await;
        page.log_in("ada@example.com", NEW_PASSWORD).await;
        page.expect_path("/dashboard").await;
        ada.get("/api/v1/auth/me").await.expect(401);
        let again = json!({"token": token, "password": "another long password"});
        server.anonymous_client().post("/api/v1/auth/password/reset", &again).await.expect(410);
    })
    .await;
}

#[tokio::test]
async fn a_password_link_that_is_not_valid_leads_to_a_new_one() {
    browse(async |page, _| {
        page.open("/reset?token=unknown").await;
        page.fill("New password", NEW_PASSWORD).await;
        page.fill("Confirm password", NEW_PASSWORD).await;
        page.click(&button("Set password")).await;
        page.find("//*[@role='alert']").await;
        page.click(&link("Get a new one")).await;
        page.expect_path("/forgot").await;
        page.find("//p[starts-with(., 'This server sends no e-mails.')]").await;
        page.expect_console_errors("status of 4").await;
    })
    .await;
}

#[tokio::test]
async fn a_key_has_scopes_and_the_audit_log_has_its_creation() {
    browse(async |page, server| {
        member_on(page, server, "/settings/keys").await;
        page.click("//label[contains(., 'Read data')]").await;
        page.click("//label[contains(., 'Send traces')]").await;
        page.choose("Expires", "90").await;
        page.fill("Requests per minute", "60").await;
        let key = crate::settings::create_key(page, "grafana").await;
        page.find("//tr[th='grafana'][td[contains(., 'Read') and contains(., '60/min')]]").await;
        let reader = server.anonymous_client().with_token(&key);
        reader.get("/api/v1/traces").await.expect(200);
        reader.send_trace(&trace("run", server.clock.now(), json!({}))).await.expect(403);

        page.click(&link("Audit log")).await;
        let created = "//tr[contains(., 'API key created')][contains(., 'ada@example.com')]";
        page.find(created).await;
        page.choose("Action", "login_session").await;
        page.find("//tr[contains(., 'Logged in')]").await;
        page.expect_absent(created).await;
        page.expect_script(
            "the filter is in the address",
            "return location.search.includes('action=login_session')",
        )
        .await;
    })
    .await;
}

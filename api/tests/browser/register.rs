//! Registration, from a new account to the first KPIs on the dashboard.

use serde_json::{Value, json};

use crate::{settings::create_key, stage::browse};
use test_support::{
    page::{Page, button, field, heading, link},
    sample::{merged, trace},
};

const FIELDS: [(&str, &str); 5] = [
    ("Your name", "Ada Lovelace"),
    ("E-mail", "ada@example.com"),
    ("Workspace name", "Engines"),
    ("Password", "correct horse"),
    ("Confirm password", "correct horse"),
];

/// Returns the hint or error below an input.
async fn note(page: &Page, label: &str) -> String {
    let input = page.find(&field(label)).await;
    match input.attr("aria-describedby").await.unwrap() {
        Some(id) => page.find(&format!("//*[@id='{id}']")).await.text().await.unwrap(),
        None => String::new(),
    }
}

#[tokio::test]
async fn registration_leads_to_onboarding_and_exact_kpis() {
    browse(async |page, server| {
        page.open("/register").await;
        for (label, text) in FIELDS {
            page.fill(label, text).await;
        }
        page.click(&button("Create account")).await;
        page.expect_path("/dashboard").await;
        let token = page.token().await.expect("registration logs in");
        let me = server.anonymous_client().with_token(&token).get("/api/v1/auth/me").await.expect(200).json();
        assert_eq!(
            (&me["email"], &me["workspace_name"]),
            (&Value::from("ada@example.com"), &Value::from("Engines"))
        );

        page.find(&heading("Send your first trace")).await;
        page.click(&link("Settings")).await;
        page.expect_path("/settings/profile").await;
        page.click(&link("API keys")).await;
        let key = create_key(page, "production").await;

        // 4 traces: 100 + 200 + 300 + 1,400 = 2,000 ms; 2 failed; $0.01 + 0.02 + 0.03 + 0.065 = $0.125; the three scores
        // are 80 + 90 + 61 = 231.
        let now = server.clock.now();
        let run = |id: &str, latency: u32, cost: f64, more: Value| {
            trace(id, now, merged(json!({"latency_ms": latency, "cost_usd": cost}), more))
        };
        let agents = server.anonymous_client().with_token(&key);
        agents
            .ingest(&[
                run("a", 100, 0.01, json!({"quality_score": 80})),
                run("b", 200, 0.02, json!({"quality_score": 90})),
                run("c", 300, 0.03, json!({"status": "error"})),
                run("d", 1_400, 0.065, json!({"status": "timeout", "quality_score": 61})),
            ])
            .await;
        page.click(&link("Dashboard")).await;
        for (label, value) in [
            ("Requests", "4"),
            ("Average latency", "500 ms"),
            ("Error rate", "50%"),
            ("Cost", "$0.125"),
            ("Quality", "77"),
        ] {
            page.expect_text(&crate::dashboard::kpi(label), value).await;
        }
    })
    .await;
}

#[tokio::test]
async fn every_field_shows_its_own_error() {
    browse(async |page, _| {
        page.open("/register").await;
        page.click(&button("Create account")).await;
        page.find("//*[@aria-invalid='true']").await;
        for (label, error) in [
            ("Your name", "Your name is required"),
            ("E-mail", "The e-mail is required"),
            ("Workspace name", "The workspace name is required"),
            ("Password", "The password is required"),
        ] {
            assert_eq!(note(page, label).await, error);
        }

        for (label, text) in [
            ("Your name", "Ada"),
            ("E-mail", "ada"),
            ("Workspace name", "Engines"),
            ("Password", "short"),
            ("Confirm password", "shirt"),
        ] {
            page.fill(label, text).await;
        }
        page.click(&button("Create account")).await;
        page.expect_count("//*[@aria-invalid='true']", 3).await;
        page.expect_script(
            "the first invalid field has the focus",
            "return document.activeElement.id === 'email';",
        )
        .await;
        assert_eq!(
            note(page, "E-mail").await,
            "The e-mail must be an e-mail address, such as you@example.com"
        );
        assert_eq!(note(page, "Password").await, "The password must have at least 8 characters");
        assert_eq!(note(page, "Confirm password").await, "The passwords do not match");
        assert_eq!(page.token().await, None);
    })
    .await;
}

#[tokio::test]
async fn shows_at_its_field_that_an_e_mail_is_registered() {
    browse(async |page, server| {
        server.member("ada").await;
        page.open("/register").await;
        for (label, text) in FIELDS {
            page.fill(label, text).await;
        }
        page.click(&button("Create account")).await;
        page.expect_count("//*[@aria-invalid='true']", 1).await;
        assert_eq!(note(page, "E-mail").await, "The e-mail is already registered");
        page.expect_console_errors("status of 409").await;
    })
    .await;
}

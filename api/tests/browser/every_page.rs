//! Checks of every page: no console errors, one heading, accessible names, and no horizontal scrolling on phones.

use std::cell::RefCell;

use serde_json::{Value, json};
use shared::{
    alert::{AlertChange, Severity},
    metric::Dimension,
};

use crate::{
    settings::create_key,
    stage::{browse, member_on},
};
use test_support::{
    page::Page,
    sample::full,
    server::{Server, alert},
};

/// Pages that need no login.
const PUBLIC: [&str; 6] =
    ["/login", "/register", "/forgot", "/reset?token=a", "/nowhere", "/settings/nowhere"];
/// Pages that need a login.
const PRIVATE: [&str; 22] = [
    "/dashboard",
    "/dashboard?range=30d",
    "/traces",
    "/traces?status=timeout&session_id=session-with-a-very-long-name-that-goes-on-and-on-without-a-break",
    "/traces/run",
    "/sessions",
    "/sessions/session-with-a-very-long-name-that-goes-on-and-on-without-a-break",
    "/users",
    "/users/user-with-a-very-long-name-that-goes-on-and-on-without-a-break",
    "/start",
    "/alerts",
    "/alerts?show=history",
    "/alerts?show=rules",
    "/alerts/rules/new",
    "/settings/profile",
    "/settings/sessions",
    "/settings/workspace",
    "/settings/members",
    "/settings/channels",
    "/settings/prices",
    "/settings/audit",
    "/settings/keys",
];
/// Returns interactive elements without an accessible name.
const UNNAMED_ELEMENTS: &str =
    "return [...document.querySelectorAll('a, button, input, select, [role=button], [tabindex]')]
    .filter(it => it.id !== 'main')
    .filter(it => !(it.getAttribute('aria-label') || it.innerText.trim() || it.labels?.length || it.title))
    .map(it => it.outerHTML)";
/// Returns the rightmost elements if the page is wider than the screen. Waits for two frames after a resize.
const TOO_WIDE: &str = "const done = arguments[0];
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
        const wide = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth);
        if (wide <= screen.width) return done([]);
        const furthest = [...document.querySelectorAll('body *')]
            .filter(it => !it.children.length && it.getBoundingClientRect().right > wide - 2);
        done([`${wide} px on ${screen.width} px`, ...furthest.map(it => it.outerHTML.slice(0, 200))]);
    })))";

/// Opens each page, waits until it is loaded, and runs `check`.
async fn visit(page: &Page, server: &Server, check: impl AsyncFn(&str)) {
    for path in PUBLIC {
        open_loaded(page, path).await;
        check(path).await;
    }
    let member = member_on(page, server, "/dashboard").await;
    page.find("//section[@aria-label='Send your first trace']").await;
    check("/dashboard without traces").await;
    let mut run =
        full("run", server.clock.now(), "with-a-very-long-name-that-goes-on-and-on-without-a-break");
    run["input"] = json!({"messages": [{"role": "user", "content": "x".repeat(2_000)}]});
    let agent = run["agent_id"].clone();
    member.ingest(&[run]).await;
    let channel = json!({"name": agent, "url": format!("https://example.com/{}", "x".repeat(500))});
    member.post("/api/v1/alert-channels", &channel).await.expect(201);
    let rule = json!({"name": agent, "agent_id": agent, "warning": 5});
    let rule = member.post("/api/v1/alert-rules", &rule).await.expect(201).json();
    let mut fired = alert(
        member.user.workspace_id,
        &format!("Errors: {}", agent.as_str().unwrap()),
        Severity::Critical,
        server.clock.now(),
    );
    fired.changes = vec![AlertChange {
        by: Dimension::Agent,
        key: agent.as_str().map(str::to_owned),
        before: None,
        now: Some(12.5),
    }];
    server.insert_alerts(std::slice::from_ref(&fired)).await;
    let own = [format!("/alerts/{}", fired.id), format!("/alerts/rules/{}", rule["id"].as_str().unwrap())];
    for path in own.iter().map(String::as_str).chain(PRIVATE) {
        open_loaded(page, path).await;
        check(path).await;
    }
    // The last page has the form of a key.
    create_key(page, "a key with a long name, for the server in the basement").await;
    check("/settings/keys with a new key").await;
}

async fn open_loaded(page: &Page, path: &str) {
    page.open(path).await;
    page.find("//main").await;
    page.expect_absent("//*[@aria-busy='true']").await;
}

#[tokio::test]
async fn no_page_logs_console_errors() {
    browse(async |page, server| {
        visit(page, server, async |path| {
            assert_eq!(page.chromium.console_errors().await, Vec::<String>::new(), "{path}");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn every_page_has_a_title_one_h1_and_accessible_names() {
    browse(async |page, server| {
        visit(page, server, async |path| {
            page.expect_count("//h1", 1).await;
            page.expect_count("//main", 1).await;
            let title = page.chromium.client.title().await.unwrap();
            assert!(title.ends_with(" · Agent Observability"), "{path}: {title}");
            assert_eq!(page.run(UNNAMED_ELEMENTS).await, Value::Array(vec![]), "{path}");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn no_page_scrolls_horizontally_on_laptop_tablet_or_phone() {
    browse(async |page, server| {
        resize(page, 390).await;
        let wide = RefCell::new(Vec::new());
        visit(page, server, async |path| {
            for width in [1280, 900, 390] {
                resize(page, width).await;
                let found = page.chromium.client.execute_async(TOO_WIDE, vec![]).await.unwrap();
                if found != Value::Array(vec![]) {
                    wide.borrow_mut().push(format!("{path}: {found:#}"));
                }
            }
        })
        .await;
        assert!(wide.borrow().is_empty(), "{}", wide.borrow().join("\n"));
    })
    .await;
}

async fn resize(page: &Page, width: u32) {
    let screen = json!({
        "width": width, "height": 844, "screenWidth": width, "screenHeight": 844, "deviceScaleFactor": 1,
        "mobile": width < 500,
    });
    page.chromium.devtools("Emulation.setDeviceMetricsOverride", screen).await;
}

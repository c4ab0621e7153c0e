//! What holds for every page: no complaints of the browser, one heading, names for all that can be used, and no sideways
//! scrolling on a phone.

use std::cell::RefCell;

use serde_json::{Value, json};
use shared::{
    alert::{AlertChange, Severity},
    metric::Dimension,
};

use crate::{
    page::Page,
    sample::full,
    server::{Server, alert},
    settings::fresh_key,
    stage::{browse, member_on},
};

const OUTSIDE: [&str; 3] = ["/login", "/register", "/nowhere"];
const INSIDE: [&str; 15] = [
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
    "/settings",
];
/// What can be used and has no name that could be read out.
const NAMELESS: &str =
    "return [...document.querySelectorAll('a, button, input, select, [role=button], [tabindex]')]
    .filter(it => it.id !== 'main')
    .filter(it => !(it.getAttribute('aria-label') || it.innerText.trim() || it.labels?.length || it.title))
    .map(it => it.outerHTML)";
/// What reaches furthest right, where the page is wider than the screen, two frames after that became as wide as it is.
const TOO_WIDE: &str = "const done = arguments[0];
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
        const wide = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth);
        if (wide <= screen.width) return done([]);
        const furthest = [...document.querySelectorAll('body *')]
            .filter(it => !it.children.length && it.getBoundingClientRect().right > wide - 2);
        done([`${wide} px on ${screen.width} px`, ...furthest.map(it => it.outerHTML.slice(0, 200))]);
    })))";

/// Shows each page, ready, to a check.
async fn visit(page: &Page, server: &Server, check: impl AsyncFn(&str)) {
    for path in OUTSIDE {
        show(page, path).await;
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
    server.keep_alerts(std::slice::from_ref(&fired)).await;
    let own = [format!("/alerts/{}", fired.id), format!("/alerts/rules/{}", rule["id"].as_str().unwrap())];
    for path in own.iter().map(String::as_str).chain(INSIDE) {
        show(page, path).await;
        check(path).await;
    }
    // The last of them is the settings.
    fresh_key(page, "a key with a long name: the one of the machine in the cellar").await;
    check("/settings with a new key").await;
}

async fn show(page: &Page, path: &str) {
    page.open(path).await;
    page.find("//main").await;
    page.gone("//*[@aria-busy='true']").await;
}

#[tokio::test]
async fn no_page_makes_the_browser_complain() {
    browse(async |page, server| {
        visit(page, server, async |path| {
            assert_eq!(page.chromium.complaints().await, Vec::<String>::new(), "{path}");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn every_page_has_a_title_one_heading_and_a_name_for_all_that_can_be_used() {
    browse(async |page, server| {
        visit(page, server, async |path| {
            page.expect_count("//h1", 1).await;
            page.expect_count("//main", 1).await;
            let title = page.chromium.client.title().await.unwrap();
            assert!(title.ends_with(" · Agent Observability"), "{path}: {title}");
            assert_eq!(page.run(NAMELESS).await, Value::Array(vec![]), "{path}");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn no_page_scrolls_sideways_on_a_laptop_a_tablet_or_a_phone() {
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

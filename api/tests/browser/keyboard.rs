//! Keyboard navigation.

use fantoccini::key::Key;
use serde_json::json;

use crate::stage::browse;
use test_support::{
    page::{Page, heading, region},
    sample::{full, trace},
    server::PASSWORD,
};

async fn press(page: &Page, keys: &str) {
    page.chromium.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// Presses Tab until `condition` is true for the focused element, `it`.
async fn tab_to(page: &Page, condition: &str) {
    for _ in 0..60 {
        press(page, &Key::Tab.to_string()).await;
        if page.run(&format!("const it = document.activeElement; return {condition}")).await == json!(true) {
            return;
        }
    }
    panic!("Tab does not reach {condition}\n{}", page.current_content().await);
}

#[tokio::test]
async fn logs_in_skips_the_navigation_and_reads_a_trace_by_keyboard() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        member
            .ingest(&[full("run", server.clock.now(), "x1"), trace("b", server.clock.now(), json!({}))])
            .await;
        page.open("/login").await;
        page.expect_script(
            "the e-mail input has the focus",
            "return document.activeElement.name === 'email'",
        )
        .await;
        press(page, &format!("{}{}", member.user.email, Key::Tab)).await;
        press(page, &format!("{PASSWORD}{}", Key::Enter)).await;
        page.expect_path("/dashboard").await;
        page.find(&heading("Dashboard")).await;

        press(page, &Key::Tab.to_string()).await;
        let skip = page.chromium.client.active_element().await.unwrap();
        assert_eq!(skip.text().await.unwrap(), "Skip to content");
        let (left, top, width, height) = skip.rectangle().await.unwrap();
        assert!(
            left >= 0.0 && top >= 0.0 && width > 20.0 && height > 10.0,
            "the skip link is visible while it has the focus"
        );
        press(page, &Key::Enter.to_string()).await;
        page.expect_script("the content has the focus", "return document.activeElement.id === 'main'").await;
        tab_to(page, "document.querySelector('main').contains(it)").await;

        tab_to(page, "it.getAttribute('href') === '/traces/run'").await;
        press(page, &Key::Enter.to_string()).await;
        page.expect_path("/traces/run").await;
        page.find("//*[@role='tree']").await;
        tab_to(page, "it.getAttribute('role') === 'tree'").await;
        press(page, &Key::Down.to_string()).await;
        page.find(&format!("{}{}", region("Selected step"), heading("chat"))).await;
        press(page, &Key::Down.to_string()).await;
        page.find(&format!("{}{}", region("Selected step"), heading("search x1"))).await;
        press(page, &Key::Home.to_string()).await;
        page.find(&format!("{}{}", region("Selected step"), heading("Trace overview"))).await;
    })
    .await;
}

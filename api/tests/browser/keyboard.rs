//! Everything without a mouse.

use fantoccini::key::Key;
use serde_json::json;

use crate::{
    page::{Page, heading, region},
    sample::{full, trace},
    server::PASSWORD,
    stage::browse,
};

async fn press(page: &Page, keys: &str) {
    page.chromium.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// Goes on with the tabulator until the focus is on what the script means by `it`.
async fn tab_to(page: &Page, what: &str) {
    for _ in 0..60 {
        press(page, &Key::Tab.to_string()).await;
        if page.run(&format!("const it = document.activeElement; return {what}")).await == json!(true) {
            return;
        }
    }
    panic!("the tabulator does not lead to {what}\n{}", page.shown().await);
}

#[tokio::test]
async fn one_can_log_in_skip_the_navigation_and_read_a_run_by_keyboard() {
    browse(async |page, server| {
        let member = server.member("ada").await;
        member
            .ingest(&[full("run", server.clock.now(), "x1"), trace("b", server.clock.now(), json!({}))])
            .await;
        page.open("/login").await;
        page.expect_script("the focus on the e-mail", "return document.activeElement.name === 'email'").await;
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
            "it can be seen while it has the focus"
        );
        press(page, &Key::Enter.to_string()).await;
        page.expect_script("the focus on the content", "return document.activeElement.id === 'main'").await;
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
        page.find(&format!("{}{}", region("Selected step"), heading("Whole trace"))).await;
    })
    .await;
}

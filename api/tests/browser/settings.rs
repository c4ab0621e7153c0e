//! The settings: API keys, and the command that sends a first trace.

use reqwest::Method;

use crate::{
    page::{Page, button, field, heading, link, region, text},
    sample::trace,
    server::Server,
    stage::{browse, member_on},
};

const COMMAND: &str = "//pre[@aria-label='curl command']";
const DIALOG: &str = "//dialog[@open]";

/// Makes a key on the page of settings, and reads it off there.
pub async fn fresh_key(page: &Page, name: &str) -> String {
    page.fill("Name of the new key", name).await;
    page.click(&button("Create key")).await;
    page.find("//*[@role='status']//code").await.text().await.unwrap()
}

#[tokio::test]
async fn a_key_is_shown_once_and_works_until_it_is_revoked() {
    browse(async |page, server| {
        member_on(page, server, "/settings").await;
        page.find(&text("No keys yet")).await;
        page.click(&button("Create key")).await;
        page.find("//*[@id='key-name-note'][.='The name is required']").await;
        let key = fresh_key(page, "production").await;
        let agents = server.anyone().with_token(&key);
        agents.ingest(&[trace("run", server.clock.now(), serde_json::json!({}))]).await;

        page.chromium.client.refresh().await.unwrap();
        let row = "//tr[th[normalize-space()='production']]";
        page.find(row).await;
        let source = page.chromium.client.source().await.unwrap();
        assert!(!source.contains(&key), "the whole key is shown only once");
        let prefix = page.find(&format!("{row}/td[1]")).await.text().await.unwrap();
        let prefix = prefix.trim_end_matches('…');
        assert!(!prefix.is_empty() && key.starts_with(prefix), "{prefix} is no beginning of {key}");

        page.click(&button("Revoke production")).await;
        page.find(&format!("{DIALOG}{}", heading("Revoke “production”?"))).await;
        page.click(&format!("{DIALOG}{}", button("Keep it"))).await;
        page.gone("//dialog").await;
        page.find(row).await;
        page.click(&button("Revoke production")).await;
        page.click(&format!("{DIALOG}{}", button("Revoke"))).await;
        page.gone(row).await;
        page.find(&text("No keys yet")).await;
        let refused = agents.send_trace(&trace("late", server.clock.now(), serde_json::json!({}))).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
    })
    .await;
}

#[tokio::test]
async fn the_command_holds_the_fresh_key_and_sends_a_trace() {
    browse(async |page, server| {
        member_on(page, server, "/settings").await;
        let before = page.find(COMMAND).await.text().await.unwrap();
        assert!(before.contains("YOUR_API_KEY"), "{before}");
        let key = fresh_key(page, "laptop").await;
        let command = page.find(COMMAND).await.text().await.unwrap();
        assert!(command.contains(&format!("Bearer {key}")) && !command.contains("YOUR_API_KEY"), "{command}");

        run_in_shell(server, &command).await;
        page.click(&link("Dashboard")).await;
        page.find(&format!("{}{}", region("Activity"), link("getting-started"))).await;
    })
    .await;
}

#[tokio::test]
async fn escape_keeps_the_key() {
    browse(async |page, server| {
        member_on(page, server, "/settings").await;
        fresh_key(page, "production").await;
        page.click(&button("Revoke production")).await;
        page.find(DIALOG).await;
        page.chromium.client.active_element().await.unwrap().send_keys("\u{e00c}").await.unwrap();
        page.gone("//dialog").await;
        page.find(&button("Revoke production")).await;
        // The list can be asked again, with the same question.
        page.click(&button("Revoke production")).await;
        page.find(DIALOG).await;
        page.click(&format!("{DIALOG}{}", button("Keep it"))).await;
        page.gone("//dialog").await;
        page.find(&field("Name of the new key")).await;
    })
    .await;
}

/// Does what a shell does with the page's curl command: a trace is sent, and taken.
pub async fn run_in_shell(server: &Server, command: &str) {
    let mut words = shell_words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let address = words.next().unwrap();
    let path = address.strip_prefix(&server.url).expect("it sends to the server that the page came from");
    let mut request = server.anyone().request(Method::POST, path);
    while let (Some(option), Some(value)) = (words.next(), words.next()) {
        request = match option.as_str() {
            "-H" => {
                let (name, value) = value.split_once(": ").unwrap();
                request.header(name, value)
            }
            "-d" => request.body(value),
            other => panic!("{other} is not understood here"),
        };
    }
    let answer = server.anyone().send(request).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
}

/// The words of a command as a shell reads them: single quotes, and lines that a backslash continues.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in command.replace("\\\n", " ").split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

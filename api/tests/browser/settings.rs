//! API keys in the settings, and the curl command that sends a trace.

use reqwest::Method;

use crate::stage::{browse, member_on};
use test_support::{
    page::{Page, button, field, heading, link, region, text},
    sample::trace,
    server::Server,
};

const COMMAND: &str = "//pre[@aria-label='curl command']";
const DIALOG: &str = "//dialog[@open]";

/// Creates an API key on the settings page and returns it.
pub async fn create_key(page: &Page, name: &str) -> String {
    page.fill("Key name", name).await;
    page.click(&button("Create key")).await;
    page.find("//*[@role='status']//code").await.text().await.unwrap()
}

#[tokio::test]
async fn key_is_shown_once_and_works_until_revoked() {
    browse(async |page, server| {
        member_on(page, server, "/settings/keys").await;
        page.find(&text("No API keys")).await;
        page.click(&button("Create key")).await;
        page.find("//*[@id='key-name-note'][.='The name is required']").await;
        let key = create_key(page, "production").await;
        let agents = server.anonymous_client().with_token(&key);
        agents.ingest(&[trace("run", server.clock.now(), serde_json::json!({}))]).await;

        page.chromium.client.refresh().await.unwrap();
        let row = "//tr[th[normalize-space()='production']]";
        page.find(row).await;
        let source = page.chromium.client.source().await.unwrap();
        assert!(!source.contains(&key), "the whole key is shown only once");
        let prefix = page.find(&format!("{row}/td[1]")).await.text().await.unwrap();
        let prefix = prefix.trim_end_matches('…');
        assert!(!prefix.is_empty() && key.starts_with(prefix), "{prefix} is not a prefix of {key}");

        page.click(&button("Revoke production")).await;
        page.find(&format!("{DIALOG}{}", heading("Revoke “production”?"))).await;
        page.click(&format!("{DIALOG}{}", button("Cancel"))).await;
        page.expect_absent("//dialog").await;
        page.find(row).await;
        page.click(&button("Revoke production")).await;
        page.click(&format!("{DIALOG}{}", button("Revoke"))).await;
        page.expect_absent(row).await;
        page.find(&text("No API keys")).await;
        let rejected = agents.send_trace(&trace("late", server.clock.now(), serde_json::json!({}))).await;
        assert_eq!(rejected.status, 401, "{}", rejected.text);
    })
    .await;
}

#[tokio::test]
async fn curl_command_contains_the_new_key_and_sends_a_trace() {
    browse(async |page, server| {
        member_on(page, server, "/settings/keys").await;
        let before = page.find(COMMAND).await.text().await.unwrap();
        assert!(before.contains("YOUR_API_KEY"), "{before}");
        let key = create_key(page, "laptop").await;
        let command = page.find(COMMAND).await.text().await.unwrap();
        assert!(command.contains(&format!("Bearer {key}")) && !command.contains("YOUR_API_KEY"), "{command}");

        run_in_shell(server, &command).await;
        page.click(&link("Dashboard")).await;
        page.find(&format!("{}{}", region("Activity"), link("getting-started"))).await;
    })
    .await;
}

#[tokio::test]
async fn escape_cancels_the_revocation() {
    browse(async |page, server| {
        member_on(page, server, "/settings/keys").await;
        create_key(page, "production").await;
        page.click(&button("Revoke production")).await;
        page.find(DIALOG).await;
        page.chromium.client.active_element().await.unwrap().send_keys("\u{e00c}").await.unwrap();
        page.expect_absent("//dialog").await;
        page.find(&button("Revoke production")).await;
        // The dialog can be opened again.
        page.click(&button("Revoke production")).await;
        page.find(DIALOG).await;
        page.click(&format!("{DIALOG}{}", button("Cancel"))).await;
        page.expect_absent("//dialog").await;
        page.find(&field("Key name")).await;
    })
    .await;
}

/// Runs the curl command of the page: parses it, sends the request, and expects it to be accepted.
pub async fn run_in_shell(server: &Server, command: &str) {
    let mut words = shell_words(command).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let address = words.next().unwrap();
    let path = address.strip_prefix(&server.url).expect("the command uses the URL of the server");
    let mut request = server.anonymous_client().request(Method::POST, path);
    while let (Some(option), Some(value)) = (words.next(), words.next()) {
        request = match option.as_str() {
            "-H" => {
                let (name, value) = value.split_once(": ").unwrap();
                request.header(name, value)
            }
            "-d" => request.body(value),
            other => panic!("unsupported option {other}"),
        };
    }
    let response = server.anonymous_client().send(request).await;
    assert_eq!(response.status, 202, "{}", response.text);
}

/// Splits a command into words like a shell: supports single quotes and line continuations.
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

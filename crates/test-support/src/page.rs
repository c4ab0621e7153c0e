//! The page in Chromium, used through its visible labels and not through its implementation. Every function waits until its
//! element exists, and fails with the content of the page.

use std::{
    panic::Location,
    time::{Duration, Instant},
};

use fantoccini::{Locator, elements::Element, error::CmdError};
use reqwest::Url;
use serde_json::{Value, json};

use crate::chromium::Chromium;

/// The maximum time to wait for a condition, even on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The time between two checks of a condition.
const INTERVAL: Duration = Duration::from_millis(40);
const TOKEN: &str = "return JSON.parse(localStorage.getItem('agent-obs.token'))?.access_token ?? null";

pub struct Page {
    pub chromium: Chromium,
    /// The URL of the server.
    pub url: String,
}

impl Page {
    /// Opens a page of the server.
    pub async fn open(&self, path: &str) {
        self.chromium.client.goto(&format!("{}{path}", self.url)).await.unwrap();
    }

    /// Waits until an element is displayed and returns it.
    #[track_caller]
    pub fn find(&self, xpath: &str) -> impl Future<Output = Element> {
        let caller = Location::caller();
        self.wait(caller, xpath, async move || {
            for element in self.chromium.client.find_all(Locator::XPath(xpath)).await? {
                if element.is_displayed().await? {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
    }

    /// Waits until no element matches.
    #[track_caller]
    pub fn expect_absent(&self, xpath: &str) -> impl Future<Output = ()> {
        self.expect_count(xpath, 0)
    }

    /// Waits until exactly `count` elements match.
    #[track_caller]
    pub fn expect_count(&self, xpath: &str, count: usize) -> impl Future<Output = ()> {
        let caller = Location::caller();
        self.wait(caller, xpath, async move || {
            let found = self.chromium.client.find_all(Locator::XPath(xpath)).await?;
            if found.len() == count {
                Ok(Some(()))
            } else {
                Err(Mismatch(format!("{} of {count}", found.len())))
            }
        })
    }

    /// Clicks an element.
    #[track_caller]
    pub fn click(&self, xpath: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        self.wait(caller, xpath, async move || {
            let element = self.chromium.client.find(Locator::XPath(xpath)).await?;
            Ok(Some(element.click().await?))
        })
    }

    /// Types into an empty input.
    #[track_caller]
    pub fn fill(&self, label: &str, text: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let input = field(label);
            self.wait(caller, &input, async || {
                let input = self.chromium.client.find(Locator::XPath(&input)).await?;
                Ok(Some(input.send_keys(text).await?))
            })
            .await;
        }
    }

    /// Replaces the text of an input.
    #[track_caller]
    pub fn replace(&self, label: &str, text: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let input = field(label);
            self.wait(caller, &input, async || {
                let input = self.chromium.client.find(Locator::XPath(&input)).await?;
                // WebDriver's clear command sends no input event; key presses do.
                let typed = input.prop("value").await?.unwrap_or_default().chars().count();
                Ok(Some(input.send_keys(&("\u{e003}".repeat(typed) + text)).await?))
            })
            .await;
        }
    }

    /// Selects an option of a select by its value.
    #[track_caller]
    pub fn choose(&self, label: &str, value: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let list = field(label);
            self.wait(caller, &list, async || {
                let list = self.chromium.client.find(Locator::XPath(&list)).await?;
                Ok(Some(list.select_by_value(value).await?))
            })
            .await;
        }
    }

    /// Waits until the text of an element equals `expected`.
    #[track_caller]
    pub fn expect_text(&self, xpath: &str, expected: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        self.wait(caller, xpath, async move || {
            let text = self.chromium.client.find(Locator::XPath(xpath)).await?.text().await?;
            if text == expected { Ok(Some(())) } else { Err(Mismatch(format!("{text:?}, not {expected:?}"))) }
        })
    }

    /// Waits until the URL has this path and query.
    #[track_caller]
    pub fn expect_path(&self, path: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let expected: Url = format!("{}{path}", self.url).parse().unwrap();
            let result =
                self.chromium.client.wait().at_most(TIMEOUT).every(INTERVAL).for_url(&expected).await;
            if let Err(error) = result {
                panic!("{caller}: {path} was not reached ({error})\n{}", self.current_content().await);
            }
        }
    }

    /// Waits until a script returns true. `description` is used in the failure message.
    #[track_caller]
    pub fn expect_script(&self, description: &str, script: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        self.wait(caller, description, async move || {
            let response = self.chromium.client.execute(script, vec![]).await?;
            if response == Value::Bool(true) { Ok(Some(())) } else { Err(Mismatch(response.to_string())) }
        })
    }

    /// Runs a script and returns its result.
    pub async fn run(&self, script: &str) -> Value {
        self.chromium.client.execute(script, vec![]).await.unwrap()
    }

    /// Sends a request from the page. Returns `{status, cache, body}`.
    pub async fn fetch(&self, method: &str, path: &str, token: &str) -> Value {
        const FETCH: &str = "const [method, path, token, done] = arguments;
            fetch(path, {method, headers: {authorization: `Bearer ${token}`}})
                .then(async response => done({
                    status: response.status, cache: response.headers.get('x-cache'), body: await response.json(),
                }))
                .catch(error => done({error: String(error)}));";
        let arguments = vec![json!(method), json!(path), json!(token)];
        self.chromium.client.execute_async(FETCH, arguments).await.unwrap()
    }

    /// Returns the token stored by the page, or `None` without a login.
    pub async fn token(&self) -> Option<String> {
        self.run(TOKEN).await.as_str().map(str::to_owned)
    }

    /// Submits the login form.
    pub async fn log_in(&self, email: &str, password: &str) {
        self.fill("E-mail", email).await;
        self.fill("Password", password).await;
        self.click(&button("Log in")).await;
    }

    /// Makes all intervals of pages opened after this call 30 times shorter, so that half a minute becomes one second.
    pub async fn speed_up_polling(&self) {
        let source = "const interval = window.setInterval;
            window.setInterval = (run, wait, ...more) => interval(run, wait / 30, ...more);";
        self.chromium.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": source})).await;
    }

    /// Expects at least one console error, and only errors that contain `text`.
    #[track_caller]
    pub fn expect_console_errors(&self, text: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let errors = self.chromium.console_errors().await;
            let as_expected = !errors.is_empty() && errors.iter().all(|error| error.contains(text));
            assert!(as_expected, "{caller}: expected only {text:?} in the console: {errors:#?}");
        }
    }

    /// Returns the URL and the text of the page.
    pub async fn current_content(&self) -> String {
        let script = "return `${location.href}\n${document.body?.innerText}`";
        match self.chromium.client.execute(script, vec![]).await {
            Ok(text) => text.as_str().unwrap_or_default().to_owned(),
            Err(error) => format!("failed to read the page: {error}"),
        }
    }

    /// Repeats `check` until it returns a value. Elements replaced by a re-render are looked up again.
    async fn wait<T>(
        &self,
        caller: &Location<'_>,
        description: &str,
        check: impl AsyncFn() -> Result<Option<T>, Mismatch>,
    ) -> T {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let last = match check().await {
                Ok(Some(found)) => return found,
                Ok(None) => "not displayed".to_owned(),
                Err(Mismatch(last)) => last,
            };
            if Instant::now() > deadline {
                panic!(
                    "{caller}: timed out waiting for {description}: {last}\n{}",
                    self.current_content().await
                );
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// The difference between the found and the expected state.
struct Mismatch(String);

impl From<CmdError> for Mismatch {
    fn from(error: CmdError) -> Self {
        Self(error.to_string())
    }
}

/// Returns the XPath of a button with this name.
pub fn button(name: &str) -> String {
    format!("//button[normalize-space()={0} or @aria-label={0}]", quoted(name))
}

/// Returns the XPath of a link with this name.
pub fn link(name: &str) -> String {
    format!("//a[normalize-space()={0} or @aria-label={0}]", quoted(name))
}

/// Returns the XPath of an input or a select with this label.
pub fn field(label: &str) -> String {
    format!("//*[@id=//label[normalize-space()={}]/@for]", quoted(label))
}

/// Returns the XPath of a heading with this text.
pub fn heading(text: &str) -> String {
    format!("//*[self::h1 or self::h2 or self::h3][normalize-space()={}]", quoted(text))
}

/// Returns the XPath of an element with this `aria-label`.
pub fn region(label: &str) -> String {
    format!("//*[@aria-label={}]", quoted(label))
}

/// Returns the XPath of the innermost element with this text.
pub fn text(text: &str) -> String {
    format!("//*[normalize-space()={0} and not(*[normalize-space()={0}])]", quoted(text))
}

fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "XPath strings have no escapes");
    format!("\"{text}\"")
}

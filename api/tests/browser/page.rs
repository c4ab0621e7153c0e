//! The page that Chromium shows, as somebody uses it: by what is written on it, not by how it is made. Everything waits
//! until what it is about is there, and fails with what the page shows instead.

use std::{
    panic::Location,
    time::{Duration, Instant},
};

use fantoccini::{Locator, elements::Element, error::CmdError};
use reqwest::Url;
use serde_json::{Value, json};

use crate::chromium::Chromium;

/// How long something may take to come about, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);
const PERIOD: Duration = Duration::from_millis(40);
const TOKEN: &str = "return JSON.parse(localStorage.getItem('agent-obs.token'))?.access_token ?? null";

pub struct Page {
    pub chromium: Chromium,
    /// The server's address.
    pub url: String,
}

impl Page {
    /// Loads a page of the server.
    pub async fn open(&self, path: &str) {
        self.chromium.client.goto(&format!("{}{path}", self.url)).await.unwrap();
    }

    /// The element, once it is there and can be seen.
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

    /// Waits until the element is gone.
    #[track_caller]
    pub fn gone(&self, xpath: &str) -> impl Future<Output = ()> {
        self.expect_count(xpath, 0)
    }

    /// Waits until exactly so many elements are there.
    #[track_caller]
    pub fn expect_count(&self, xpath: &str, count: usize) -> impl Future<Output = ()> {
        let caller = Location::caller();
        self.wait(caller, xpath, async move || {
            let found = self.chromium.client.find_all(Locator::XPath(xpath)).await?;
            if found.len() == count {
                Ok(Some(()))
            } else {
                Err(Unlike(format!("{} of {count}", found.len())))
            }
        })
    }

    #[track_caller]
    pub fn click(&self, xpath: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        self.wait(caller, xpath, async move || {
            let element = self.chromium.client.find(Locator::XPath(xpath)).await?;
            Ok(Some(element.click().await?))
        })
    }

    /// Types into an input that is empty.
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

    /// Types something else into an input.
    #[track_caller]
    pub fn replace(&self, label: &str, text: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let input = field(label);
            self.wait(caller, &input, async || {
                let input = self.chromium.client.find(Locator::XPath(&input)).await?;
                // Clearing tells the page nothing; keys do.
                let typed = input.prop("value").await?.unwrap_or_default().chars().count();
                Ok(Some(input.send_keys(&("\u{e003}".repeat(typed) + text)).await?))
            })
            .await;
        }
    }

    /// Chooses from a list by what is sent.
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

    /// Waits until the element's text is this.
    #[track_caller]
    pub fn expect_text(&self, xpath: &str, expected: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        self.wait(caller, xpath, async move || {
            let text = self.chromium.client.find(Locator::XPath(xpath)).await?.text().await?;
            if text == expected { Ok(Some(())) } else { Err(Unlike(format!("{text:?}, not {expected:?}"))) }
        })
    }

    /// Waits until the address is this path, with its query.
    #[track_caller]
    pub fn expect_path(&self, path: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let wanted: Url = format!("{}{path}", self.url).parse().unwrap();
            let waiting = self.chromium.client.wait().at_most(PATIENCE).every(PERIOD).for_url(&wanted).await;
            if let Err(error) = waiting {
                panic!("{caller}: {path} was not reached ({error})\n{}", self.shown().await);
            }
        }
    }

    /// Waits until a script answers true.
    #[track_caller]
    pub fn expect_script(&self, what: &str, script: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        self.wait(caller, what, async move || {
            let answer = self.chromium.client.execute(script, vec![]).await?;
            if answer == Value::Bool(true) { Ok(Some(())) } else { Err(Unlike(answer.to_string())) }
        })
    }

    /// What a script returns.
    pub async fn run(&self, script: &str) -> Value {
        self.chromium.client.execute(script, vec![]).await.unwrap()
    }

    /// A request that the page itself makes: `{status, cache, body}`.
    pub async fn fetch(&self, method: &str, path: &str, token: &str) -> Value {
        const FETCH: &str = "const [method, path, token, done] = arguments;
            fetch(path, {method, headers: {authorization: `Bearer ${token}`}})
                .then(async answer => done({
                    status: answer.status, cache: answer.headers.get('x-cache'), body: await answer.json(),
                }))
                .catch(error => done({error: String(error)}));";
        let arguments = vec![json!(method), json!(path), json!(token)];
        self.chromium.client.execute_async(FETCH, arguments).await.unwrap()
    }

    /// The token that the page keeps; none where nobody is logged in.
    pub async fn token(&self) -> Option<String> {
        self.run(TOKEN).await.as_str().map(str::to_owned)
    }

    /// Logs in through the form, wherever that leads.
    pub async fn log_in(&self, email: &str, password: &str) {
        self.fill("E-mail", email).await;
        self.fill("Password", password).await;
        self.click(&button("Log in")).await;
    }

    /// Makes the intervals of pages that are loaded from now on thirty times as short: what is asked for every half
    /// minute is asked for every second.
    pub async fn hurry(&self) {
        let source = "const interval = window.setInterval;
            window.setInterval = (run, wait, ...more) => interval(run, wait / 30, ...more);";
        self.chromium.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": source})).await;
    }

    /// Takes what the console complains about: something, and only of this kind.
    #[track_caller]
    pub fn expect_complaints(&self, of: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let complaints = self.chromium.complaints().await;
            let fits = !complaints.is_empty() && complaints.iter().all(|complaint| complaint.contains(of));
            assert!(fits, "{caller}: expected only {of:?} in the console: {complaints:#?}");
        }
    }

    /// Where the page is and what it says.
    pub async fn shown(&self) -> String {
        let script = "return `${location.href}\n${document.body?.innerText}`";
        match self.chromium.client.execute(script, vec![]).await {
            Ok(text) => text.as_str().unwrap_or_default().to_owned(),
            Err(error) => format!("the page says nothing: {error}"),
        }
    }

    /// Until `look` finds something. An element that a new state of the page replaced meanwhile is looked for again.
    async fn wait<T>(
        &self,
        caller: &Location<'_>,
        what: &str,
        look: impl AsyncFn() -> Result<Option<T>, Unlike>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let last = match look().await {
                Ok(Some(found)) => return found,
                Ok(None) => "not there".to_owned(),
                Err(Unlike(last)) => last,
            };
            if Instant::now() > deadline {
                panic!("{caller}: waited in vain for {what}: {last}\n{}", self.shown().await);
            }
            tokio::time::sleep(PERIOD).await;
        }
    }
}

/// How what was found differs from what is waited for.
struct Unlike(String);

impl From<CmdError> for Unlike {
    fn from(error: CmdError) -> Self {
        Self(error.to_string())
    }
}

/// A button by its name.
pub fn button(name: &str) -> String {
    format!("//button[normalize-space()={0} or @aria-label={0}]", quoted(name))
}

/// A link by its name.
pub fn link(name: &str) -> String {
    format!("//a[normalize-space()={0} or @aria-label={0}]", quoted(name))
}

/// An input or a list by its label.
pub fn field(label: &str) -> String {
    format!("//*[@id=//label[normalize-space()={}]/@for]", quoted(label))
}

pub fn heading(text: &str) -> String {
    format!("//*[self::h1 or self::h2 or self::h3][normalize-space()={}]", quoted(text))
}

/// A part of the page by its label.
pub fn region(label: &str) -> String {
    format!("//*[@aria-label={}]", quoted(label))
}

/// The innermost element with this text.
pub fn text(text: &str) -> String {
    format!("//*[normalize-space()={0} and not(*[normalize-space()={0}])]", quoted(text))
}

fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "XPath has no escapes");
    format!("\"{text}\"")
}

//! Chromium behind a driver of its own, in a folder of its own; both end with the test. Knows nothing of the pages.

use std::{
    env,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

pub struct Chromium {
    pub client: Client,
    driver: Child,
    folder: TempDir,
}

impl Chromium {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // It takes one port on two addresses, of which somebody may have the second, and ends then.
        let mut started = None;
        for _ in 0..5 {
            started = start_driver(&folder).await;
            if started.is_some() {
                break;
            }
        }
        let (driver, port) = started.expect("the driver says its port before it ends");
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": program("CHROMIUM", "chromium"),
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--window-size=1280,900",
                    format!("--user-data-dir={}", folder.path().join("profile").display()),
                ],
            },
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"pageLoad": 30_000, "script": 30_000},
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { client, driver, folder }
    }

    /// A command of the Chrome DevTools Protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({"cmd": command, "params": parameters});
        self.client.issue_cmd(Extension { path: "goog/cdp/execute", body }).await.unwrap();
    }

    /// What the console got since it was last asked: errors and warnings, the browser's own about requests and the
    /// content security policy included.
    pub async fn complaints(&self) -> Vec<String> {
        let log = Extension { path: "se/log", body: json!({"type": "browser"}) };
        let entries = self.client.issue_cmd(log).await.unwrap();
        let serious = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        let text = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        // Trunk's preload of the wasm carries a hash that Chromium does not check there, and says so.
        let known = |text: &String| text.contains("`integrity` attribute is currently ignored for preload");
        entries.as_array().unwrap().iter().filter(serious).map(text).filter(|text| !known(text)).collect()
    }

    /// Closes the browser, then the driver. Whatever happened to them: they may be what broke.
    pub async fn end(mut self) {
        // A driver that is killed leaves its browser running: this ends the browser.
        let _ = tokio::time::timeout(Duration::from_secs(10), self.client.close()).await;
        let _ = self.driver.kill().await;
        // Its last processes may still be writing to the folder.
        let deadline = Instant::now() + Duration::from_secs(5);
        while std::fs::remove_dir_all(self.folder.path()).is_err() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A driver and its port; nothing where it ended before it had one.
async fn start_driver(folder: &TempDir) -> Option<(Child, String)> {
    let mut driver = Command::new(program("CHROMEDRIVER", "chromedriver"))
        .arg("--port=0")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next_line().await.unwrap()?;
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            break port.trim_end_matches('.').to_owned();
        }
    };
    // What else it says must not fill the pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some((driver, port))
}

/// What `variable` names, or else the program of this name on the path.
fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(program) = env::var_os(variable).filter(|program| !program.is_empty()) {
        return program.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("no {name} on the PATH: install it, or name it in {variable}"))
}

/// A command that only this driver has.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

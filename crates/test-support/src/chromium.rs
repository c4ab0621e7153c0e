//! Starts Chromium with its own driver and profile directory. Both end with the test.

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
    directory: TempDir,
}

impl Chromium {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // The driver binds one port on two addresses and exits if the second one is in use.
        let mut started = None;
        for _ in 0..5 {
            started = start_driver(&directory).await;
            if started.is_some() {
                break;
            }
        }
        let (driver, port) = started.expect("chromedriver starts within five attempts");
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": program("CHROMIUM", "chromium"),
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--window-size=1280,900",
                    format!("--user-data-dir={}", directory.path().join("profile").display()),
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
        Self { client, driver, directory }
    }

    /// Executes a command of the Chrome DevTools Protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({"cmd": command, "params": parameters});
        self.client.issue_cmd(Extension { path: "goog/cdp/execute", body }).await.unwrap();
    }

    /// Returns the errors and warnings in the console since the last call, including failed requests and violations of the
    /// Content-Security-Policy.
    pub async fn console_errors(&self) -> Vec<String> {
        let log = Extension { path: "se/log", body: json!({"type": "browser"}) };
        let entries = self.client.issue_cmd(log).await.unwrap();
        let serious = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        let text = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        // Chromium warns that it does not check the integrity hash of Trunk's preload link.
        let ignored = |text: &String| text.contains("`integrity` attribute is currently ignored for preload");
        entries.as_array().unwrap().iter().filter(serious).map(text).filter(|text| !ignored(text)).collect()
    }

    /// Closes the browser and the driver. Ignores errors, since the browser may have crashed.
    pub async fn end(mut self) {
        // The browser has to be closed first: killing the driver would leave it running.
        let _ = tokio::time::timeout(Duration::from_secs(10), self.client.close()).await;
        let _ = self.driver.kill().await;
        // Exiting processes may still write to the directory.
        let deadline = Instant::now() + Duration::from_secs(5);
        while std::fs::remove_dir_all(self.directory.path()).is_err() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Starts a driver. Returns it with its port, or `None` if it exits before it has one.
async fn start_driver(directory: &TempDir) -> Option<(Child, String)> {
    let mut driver = Command::new(program("CHROMEDRIVER", "chromedriver"))
        .arg("--port=0")
        .env("TMPDIR", directory.path())
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
    // Further output must be read, so that the pipe does not fill up.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some((driver, port))
}

/// Returns the program set in `variable`, or else the program `name` on the `PATH`.
fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(program) = env::var_os(variable).filter(|program| !program.is_empty()) {
        return program.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not on the PATH: install it, or set {variable}"))
}

/// A command that is specific to chromedriver.
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

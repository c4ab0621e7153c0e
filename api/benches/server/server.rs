//! The server under measurement: the real binary, as a child, with an account and a key made over HTTP.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    Result,
    machine::{self, Memory},
};

pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) token: String,
    pub(crate) key: String,
    /// From the start of the process to its first answer.
    pub(crate) started_in: Duration,
}

impl Server {
    /// Starts the server on the database in `folder`, new or old.
    pub(crate) async fn start(folder: &Path, web: &Path) -> Result<Self> {
        let data = folder.join("data");
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_agent-obs"))
            .arg("serve")
            .arg("--web-dir")
            .arg(web)
            .env("DATA_DIR", &data)
            .env("SERVICE_PORT", "0")
            .env("RATE_LIMIT_PER_MINUTE", "0")
            .env("LOG_LEVEL", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = loop {
            let line = lines.next_line().await?.ok_or("the server ended")?;
            if let Some((_, url)) = line.split_once("listens on ") {
                break url.trim().to_owned();
            }
        };
        let client = api::cli::http::client(&url).build()?;
        while client.get(format!("{url}/health")).send().await.map(|answer| answer.status()).ok()
            != Some(StatusCode::OK)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let started_in = begin.elapsed();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut server =
            Self { child, data, url, client, token: String::new(), key: String::new(), started_in };
        server.log_in().await?;
        Ok(server)
    }

    async fn log_in(&mut self) -> Result<()> {
        let account = json!({"email": "bench@example.com", "password": "bench-password", "full_name": "Bench", "workspace_name": "Bench"});
        // There is one already where the database is old.
        self.client.post(format!("{}/api/v1/auth/register", self.url)).json(&account).send().await?;
        let answer =
            self.client.post(format!("{}/api/v1/auth/login", self.url)).json(&account).send().await?;
        self.token = text(&answer.error_for_status()?.json().await?, "access_token")?;
        let request = self.client.post(format!("{}/api/v1/api-keys", self.url)).bearer_auth(&self.token);
        let answer = request.json(&json!({"name": "bench"})).send().await?.error_for_status()?;
        self.key = text(&answer.json().await?, "key")?;
        Ok(())
    }

    /// Asks as a person who pressed the refresh button.
    pub(crate) async fn fresh(&self, path: &str) -> Result<Value> {
        self.get(path, "no-cache").await
    }

    /// Asks as the dashboard does.
    pub(crate) async fn ask(&self, path: &str) -> Result<Value> {
        self.get(path, "max-age=0").await
    }

    async fn get(&self, path: &str, caching: &str) -> Result<Value> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let answer = request.header(header::CACHE_CONTROL, caching).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Sends a batch and waits until it is acknowledged.
    pub(crate) async fn send(&self, body: String) -> Result<()> {
        loop {
            let request =
                self.client.post(format!("{}/api/v1/traces/batch", self.url)).bearer_auth(&self.key);
            let answer =
                request.header(header::CONTENT_TYPE, "application/json").body(body.clone()).send().await?;
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            answer.error_for_status()?;
            return Ok(());
        }
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        machine::memory(self.child.id().ok_or("the server has ended")?)
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().ok_or("the server has ended")?;
        Command::new("kill").arg(pid.to_string()).status().await?;
        self.child.wait().await?;
        Ok(())
    }

    /// Stops the server, which leaves everything in the database's own file, and answers how many bytes that has.
    pub(crate) async fn stop_and_measure_disk(self) -> Result<u64> {
        let data = self.data.clone();
        self.stop().await?;
        machine::bytes(&data, "traces.db")
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    Ok(answer[field].as_str().ok_or_else(|| format!("the answer has no {field}"))?.to_owned())
}

//! Runs `agent-obs serve` as a child process with an empty environment.

use std::{
    ffi::OsStr,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    Result,
    machine::{self, Memory},
};

pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    /// Time from the start of the process to its first 200 response.
    pub(crate) started_in: Duration,
}

impl Process {
    /// Starts the server in `directory` on a free port and waits for its first 200 response.
    pub(crate) async fn start<A: AsRef<OsStr>>(
        directory: &Path,
        arguments: &[A],
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_agent-obs"))
            .arg("serve")
            .args(arguments)
            .env_clear()
            .current_dir(directory)
            .env("DATA_DIR", directory.join("data"))
            .env("SERVICE_PORT", "0")
            .env("LOG_LEVEL", "warn")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = loop {
            let line = lines.next_line().await?.ok_or("the server stopped")?;
            if let Some((_, url)) = line.split_once("listens on ") {
                break url.trim().to_owned();
            }
        };
        let client = api::http::client(&url).build()?;
        while client.get(format!("{url}/health")).send().await.map(|response| response.status()).ok()
            != Some(StatusCode::OK)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let started_in = begin.elapsed();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, url, started_in })
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        machine::memory(self.child.id().ok_or("the server has stopped")?)
    }

    /// Stops the server with SIGTERM and waits for its exit.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().ok_or("the server has stopped")?;
        Command::new("kill").arg(pid.to_string()).status().await?;
        self.child.wait().await?;
        Ok(())
    }
}

//! Runs a script in `python/` or `node/` with the libraries that scripts/setup.sh installed, configured only with
//! endpoint, protocol and key, as applications are.

use std::{env, fs, process::Stdio, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value};
use test_support::packages;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::fake_model_api;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/otlp");
/// Timeout of a script, including the retries of its exporter.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(60);

/// A script in `python/` or `node/`, not yet started.
pub struct Script {
    command: Command,
    directory: tempfile::TempDir,
}

/// A running script.
pub struct RunningScript {
    child: Child,
    _directory: tempfile::TempDir,
}

/// The result of a script: every span that its SDK ended, in that order.
#[derive(Default)]
pub struct Run {
    pub spans: Vec<SentSpan>,
    /// The output on standard error.
    pub errors: String,
}

/// A span as its SDK recorded it.
#[derive(Clone, Debug, Deserialize)]
pub struct SentSpan {
    pub trace_id: String,
    pub span_id: String,
    pub parent_span_id: Option<String>,
    pub name: String,
    pub status: String,
    pub message: Option<String>,
    pub attributes: Map<String, Value>,
    pub events: Vec<SentEvent>,
    pub resource: Map<String, Value>,
    pub scope: String,
}

/// An event of a span.
#[derive(Clone, Debug, Deserialize)]
pub struct SentEvent {
    pub name: String,
    pub attributes: Map<String, Value>,
}

impl Script {
    /// Prepares a script in `python/`.
    pub fn python(script: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(packages::python());
        // Do not write bytecode files next to the scripts.
        command.arg("-B").arg(format!("{SOURCES}/python/{script}.py"));
        Self { command, directory }.isolated()
    }

    /// Prepares a script in `node/`, copied next to the libraries because Node looks for them there.
    pub fn node(script: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for file in fs::read_dir(format!("{SOURCES}/node")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
        }
        std::os::unix::fs::symlink(packages::node_modules(), directory.path().join("node_modules")).unwrap();
        let mut command = Command::new("node");
        command.arg(directory.path().join(format!("{script}.mjs")));
        Self { command, directory }.isolated()
    }

    fn isolated(mut self) -> Self {
        let home = self.directory.path().to_owned();
        self.command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).env("HOME", home);
        self.command.env("OPENAI_BASE_URL", &*fake_model_api::URL).env("OPENAI_API_KEY", "sk-test");
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        self
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets OpenTelemetry's variables for the endpoint, the protocol and the headers.
    pub fn sending_to(self, endpoint: &str, protocol: &str, headers: &str) -> Self {
        self.with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .with("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .with("OTEL_EXPORTER_OTLP_HEADERS", headers)
    }

    pub fn start(mut self) -> RunningScript {
        let child =
            self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command.as_std()));
        RunningScript { child, _directory: self.directory }
    }

    /// Runs the script to its end. It must succeed.
    pub async fn run(self) -> Run {
        self.start().end().await
    }
}

impl RunningScript {
    pub async fn end(self) -> Run {
        let output = timeout(SCRIPT_TIMEOUT, self.child.wait_with_output()).await;
        let output =
            output.unwrap_or_else(|_| panic!("the script did not end within {SCRIPT_TIMEOUT:?}")).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (status, output, errors) = (output.status, text(output.stdout), text(output.stderr));
        assert!(status.success(), "{status}: {errors}");
        // Some libraries print other lines.
        let lines = output.lines().filter(|line| line.starts_with('{'));
        let spans: Vec<SentSpan> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!spans.is_empty(), "the script sent no spans: {output}{errors}");
        Run { spans, errors }
    }
}

impl Run {
    /// Returns the spans of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a SentSpan> {
        self.spans.iter().filter(move |span| span.name == name)
    }

    /// Returns the spans without a parent.
    pub fn roots(&self) -> impl Iterator<Item = &SentSpan> {
        self.spans.iter().filter(|span| span.parent_span_id.is_none())
    }
}

//! A library in another language, run as its users run it: a script of `python/` or `node/`, with the libraries that
//! scripts/setup.sh installed and with nothing set but where to send, how, and with which key.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::LazyLock,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::stand_in;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/otlp");
/// Longer than any of them takes, with what an exporter tries again.
const PATIENCE: Duration = Duration::from_secs(60);

/// A script of `python/` or `node/`.
pub struct Library {
    command: Command,
    folder: tempfile::TempDir,
}

/// A script that runs.
pub struct Running {
    child: Child,
    _folder: tempfile::TempDir,
}

/// How a script ended, and every span that its SDK ended, in that order.
#[derive(Default)]
pub struct Run {
    pub spans: Vec<Sent>,
    /// What it said on its standard error.
    pub errors: String,
}

/// A span as its SDK had it.
#[derive(Clone, Debug, Deserialize)]
pub struct Sent {
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

impl Library {
    /// A script of `python/`.
    pub fn python(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(INSTALLED.join("python/bin/python"));
        // Without files of compiled code beside the scripts.
        command.arg("-B").arg(format!("{SOURCES}/python/{script}.py"));
        Self { command, folder }.alone()
    }

    /// A script of `node/`: it runs beside the libraries, since that is where it looks for them.
    pub fn node(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in fs::read_dir(format!("{SOURCES}/node")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let libraries = INSTALLED.join("node/node_modules");
        std::os::unix::fs::symlink(libraries, folder.path().join("node_modules")).unwrap();
        let mut command = Command::new("node");
        command.arg(folder.path().join(format!("{script}.mjs")));
        Self { command, folder }.alone()
    }

    fn alone(mut self) -> Self {
        let home = self.folder.path().to_owned();
        self.command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).env("HOME", home);
        self.command.env("OPENAI_BASE_URL", &*stand_in::URL).env("OPENAI_API_KEY", "sk-stand-in");
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        self
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// With OpenTelemetry's own settings: where to send, in which way, and what identifies the sender.
    pub fn sending_to(self, endpoint: &str, protocol: &str, headers: &str) -> Self {
        self.with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .with("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .with("OTEL_EXPORTER_OTLP_HEADERS", headers)
    }

    pub fn start(mut self) -> Running {
        let child =
            self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command.as_std()));
        Running { child, _folder: self.folder }
    }

    /// Runs it to its end, which must be a good one.
    pub async fn run(self) -> Run {
        self.start().end().await
    }
}

impl Running {
    pub async fn end(self) -> Run {
        let output = timeout(PATIENCE, self.child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("it does not end within {PATIENCE:?}")).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (status, output, errors) = (output.status, text(output.stdout), text(output.stderr));
        assert!(status.success(), "{status}: {errors}");
        // Some libraries print greetings of their own.
        let lines = output.lines().filter(|line| line.starts_with('{'));
        let spans: Vec<Sent> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!spans.is_empty(), "it sent nothing: {output}{errors}");
        Run { spans, errors }
    }
}

impl Run {
    /// The spans of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sent> {
        self.spans.iter().filter(move |span| span.name == name)
    }

    /// The spans without a parent.
    pub fn roots(&self) -> impl Iterator<Item = &Sent> {
        self.spans.iter().filter(|span| span.parent_span_id.is_none())
    }
}

/// Where scripts/setup.sh put the libraries; the Makefile says it as `OTLP_CLIENTS`, and by the same rule it is found
/// without the Makefile.
static INSTALLED: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = env::var_os("OTLP_CLIENTS").map_or_else(usual_folder, PathBuf::from);
    assert!(
        folder.join("python/bin/python").exists() && folder.join("node/node_modules").exists(),
        "the libraries that send OpenTelemetry are not installed in {}: `make setup-test` installs them from PyPI and npm, \
         and says why where it cannot",
        folder.display()
    );
    folder
});

fn usual_folder() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache"))).unwrap_or_default();
    let tools = set("AGENT_OBS_TOOLS").unwrap_or_else(|| cache().join("agent-obs/tools"));
    let mut lists = fs::read(Path::new(SOURCES).join("python/requirements.txt")).unwrap();
    lists.extend(fs::read(Path::new(SOURCES).join("node/package-lock.json")).unwrap());
    let hash = Sha256::digest(&lists).iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>();
    tools.join(format!("otlp-clients-{hash}"))
}

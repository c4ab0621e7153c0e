//! The server binary as a child process.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::client::Client;

pub struct Process {
    pub url: String,
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// Returns the path of the binary `agent-obs`, which cargo builds next to the directory of the test binaries.
pub fn binary() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.parent().unwrap().with_file_name("agent-obs")
}

/// Returns the command `agent-obs serve` with its data in `directory`, on a free port and with an otherwise empty
/// environment.
pub fn command(directory: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary());
    command.arg("serve").env_clear().current_dir(directory);
    command.env("DATA_DIR", directory).env("SERVICE_PORT", "0").env("RATE_LIMIT_PER_MINUTE", "0");
    command.env("OTLP_GRPC_PORT", "0").env("REGISTRATION", "open");
    command.envs(settings.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    /// Starts the server and waits until it listens.
    pub fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        Self::spawn(command(directory, settings))
    }

    /// Starts a modified [`command`] and waits until the server listens.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some((_, address)) = line.trim().split_once("listens on ") else {
            let mut errors = String::new();
            child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("the server did not start: {line}{errors}");
        };
        output.lock().unwrap().push_str(&line);
        let stderr = child.stderr.take().unwrap();
        let readers = vec![collect(stdout, Arc::clone(&output)), collect(stderr, Arc::clone(&output))];
        Self { url: address.to_owned(), child, output, readers }
    }

    pub fn anonymous_client(&self) -> Client {
        Client::new(&self.url)
    }

    /// Kills the process with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, waits until the process exits, and returns its exit status and output.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        let kill =
            Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status().unwrap();
        assert!(kill.success());
        let deadline = Instant::now() + Duration::from_secs(20);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the server did not stop: {}", self.output.lock().unwrap());
            std::thread::sleep(Duration::from_millis(10));
        };
        for reader in std::mem::take(&mut self.readers) {
            reader.join().unwrap();
        }
        let output = self.output.lock().unwrap().clone();
        (status, output)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut into = into.lock().unwrap();
            into.push_str(&line);
            into.push('\n');
        }
    })
}

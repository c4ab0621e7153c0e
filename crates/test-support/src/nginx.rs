//! nginx with the project's nginx.conf, on a free port and in its own directory. Stops when the value is dropped, on a
//! panic, and when the test process is killed.

use std::{
    env,
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/nginx.sh");
/// Timeout of the start, even on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

pub struct Nginx {
    /// The URL, such as `http://127.0.0.1:40123`.
    pub url: String,
    directory: TempDir,
    /// Stops nginx when dropped.
    stop: Option<mpsc::Sender<()>>,
    supervisor: Option<JoinHandle<()>>,
}

impl Nginx {
    /// Serves the built SPA in `root` and forwards the API to `upstream`, such as `http://127.0.0.1:8000`. Several upstreams
    /// are separated by commas. Returns when nginx listens.
    pub fn start(upstream: &str, root: &Path) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let web = directory.path().join("web");
        run(Command::new(SCRIPT).arg("web").arg(root).arg(&web));
        // nginx cannot choose a free port and report it, and another process may bind this one first.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            fs::write(directory.path().join("nginx.conf"), configuration(directory.path(), port, upstream))
                .unwrap();
            if let Some((stop, supervisor)) = supervise(directory.path(), port) {
                let url = format!("http://127.0.0.1:{port}");
                return Self { url, directory, stop: Some(stop), supervisor: Some(supervisor) };
            }
        }
        panic!("failed to start nginx: {}", read(directory.path(), "error.log"))
    }

    /// Returns the access log: one line of JSON per request.
    pub fn log(&self) -> String {
        read(self.directory.path(), "access.log")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(supervisor) = self.supervisor.take() {
            let _ = supervisor.join();
        }
    }
}

/// Returns the directory with the built SPA: `AGENT_OBS_WEB_DIST`, or else web/dist.
pub fn built_spa() -> PathBuf {
    let named = env::var_os("AGENT_OBS_WEB_DIST").filter(|directory| !directory.is_empty());
    named.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist"), PathBuf::from)
}

/// Renders nginx.conf with `scripts/nginx.sh`.
fn configuration(directory: &Path, port: u16, upstream: &str) -> Vec<u8> {
    let servers: Vec<_> = upstream.split(',').map(|url| url.trim().trim_start_matches("http://")).collect();
    let rendered = run(Command::new(SCRIPT)
        .arg("conf")
        .env("NGINX_LISTEN", format!("127.0.0.1:{port}"))
        .env("NGINX_GATEWAY", servers.join("; server "))
        .env("NGINX_WEB", directory.join("web"))
        .env("NGINX_TMP", directory)
        .env("NGINX_ACCESS_LOG", directory.join("access.log"))
        .env("NGINX_SERVER_CONF", directory.join("server/*.conf")));
    rendered.stdout
}

/// Starts nginx from a thread that lives as long as nginx, because `--pdeathsig` sends its signal when the starting thread
/// ends, and the thread of a test may end earlier. Returns `None` if nginx exits before it listens.
fn supervise(directory: &Path, port: u16) -> Option<(mpsc::Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = mpsc::channel::<()>();
    let (started, listens) = mpsc::channel();
    let directory = directory.to_owned();
    let supervisor = thread::spawn(move || {
        let mut child = spawn(&directory);
        let listening = wait_until_it_listens(&mut child, port);
        if started.send(listening).is_ok() && listening {
            // Returns an error when the sender is dropped.
            let _ = stopped.recv();
        }
        let _ = child.kill();
        let _ = child.wait();
    });
    if listens.recv().unwrap_or(false) {
        return Some((stop, supervisor));
    }
    supervisor.join().unwrap();
    None
}

fn spawn(directory: &Path) -> Child {
    // A single process, because workers would outlive a killed master. It keeps its user, so that it can read the
    // directory.
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--"])
        .arg(program())
        .args(["-g", "daemon off; master_process off;", "-c"])
        .arg(directory.join("nginx.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(directory.join("error.log")).unwrap())
        .spawn()
        .unwrap()
}

fn wait_until_it_listens(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + START_TIMEOUT;
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        // Another process may listen on the port, in which case nginx exits.
        if TcpStream::connect(("127.0.0.1", port)).is_ok() && child.try_wait().unwrap().is_none() {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Returns the program in `NGINX`, or else nginx on the `PATH` or in /usr/sbin, where Debian installs it.
fn program() -> PathBuf {
    if let Some(program) = env::var_os("NGINX").filter(|program| !program.is_empty()) {
        return program.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|directory| directory.join("nginx"))
        .find(|program| program.is_file())
        .expect("nginx is not on the PATH or in /usr/sbin: install it, or set NGINX")
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap_or_default()
}

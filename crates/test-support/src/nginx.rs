//! The real nginx with the project's nginx.conf, on a free port, in a folder of its own; it ends with the value, with a
//! panic, and with a test process that is killed. Knows nothing of what stands behind it.

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
/// As long as a busy machine may take to start it.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Nginx {
    /// Where it listens, like `http://127.0.0.1:40123`.
    pub url: String,
    folder: TempDir,
    /// Dropped to stop it.
    stop: Option<mpsc::Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Nginx {
    /// Serves the built SPA in `root` and hands the API on to `upstream`, like `http://127.0.0.1:8000`. Several, as one
    /// behind the other, are separated by commas. Answers when it listens.
    pub fn start(upstream: &str, root: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let web = folder.path().join("web");
        run(Command::new(SCRIPT).arg("web").arg(root).arg(&web));
        // nginx cannot pick a port and say which: another process may take the free one first.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            fs::write(folder.path().join("nginx.conf"), configuration(folder.path(), port, upstream))
                .unwrap();
            if let Some((stop, keeper)) = keep(folder.path(), port) {
                let url = format!("http://127.0.0.1:{port}");
                return Self { url, folder, stop: Some(stop), keeper: Some(keeper) };
            }
        }
        panic!("nginx does not start: {}", read(folder.path(), "error.log"))
    }

    /// The access log so far: a line of JSON for each request.
    pub fn log(&self) -> String {
        read(self.folder.path(), "access.log")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

/// The folder with the built SPA: what `AGENT_OBS_WEB_DIST` names, or else web/dist.
pub fn built_spa() -> PathBuf {
    let named = env::var_os("AGENT_OBS_WEB_DIST").filter(|folder| !folder.is_empty());
    named.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist"), PathBuf::from)
}

/// nginx.conf as `scripts/nginx.sh` fills it in.
fn configuration(folder: &Path, port: u16, upstream: &str) -> Vec<u8> {
    let servers: Vec<_> = upstream.split(',').map(|url| url.trim().trim_start_matches("http://")).collect();
    let rendered = run(Command::new(SCRIPT)
        .arg("conf")
        .env("NGINX_LISTEN", format!("127.0.0.1:{port}"))
        .env("NGINX_GATEWAY", servers.join("; server "))
        .env("NGINX_WEB", folder.join("web"))
        .env("NGINX_TMP", folder)
        .env("NGINX_ACCESS_LOG", folder.join("access.log"))
        .env("NGINX_SERVER_CONF", folder.join("server/*.conf")));
    rendered.stdout
}

/// Starts it from a thread that lives as long as it: the signal of `--pdeathsig` comes when the thread that started it
/// ends, which a test's own thread may do earlier. None where it ended before it listened.
fn keep(folder: &Path, port: u16) -> Option<(mpsc::Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = mpsc::channel::<()>();
    let (started, listens) = mpsc::channel();
    let folder = folder.to_owned();
    let keeper = thread::spawn(move || {
        let mut child = spawn(&folder);
        let listening = wait_until_it_listens(&mut child, port);
        if started.send(listening).is_ok() && listening {
            // Ends with an error when the other side is dropped.
            let _ = stopped.recv();
        }
        let _ = child.kill();
        let _ = child.wait();
    });
    if listens.recv().unwrap_or(false) {
        return Some((stop, keeper));
    }
    keeper.join().unwrap();
    None
}

fn spawn(folder: &Path) -> Child {
    // One process: workers would outlive a master that is killed. It stays who started it, so it can read the folder.
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--"])
        .arg(program())
        .args(["-g", "daemon off; master_process off;", "-c"])
        .arg(folder.join("nginx.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("error.log")).unwrap())
        .spawn()
        .unwrap()
}

fn wait_until_it_listens(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        // Somebody else may answer on that port, while it ends because it cannot have it.
        if TcpStream::connect(("127.0.0.1", port)).is_ok() && child.try_wait().unwrap().is_none() {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

/// What `NGINX` names, or else nginx from the path or from where Debian has it, which is on root's path alone.
fn program() -> PathBuf {
    if let Some(program) = env::var_os("NGINX").filter(|program| !program.is_empty()) {
        return program.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
        .expect("no nginx on the PATH or in /usr/sbin: install it, or name it in NGINX")
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_default()
}

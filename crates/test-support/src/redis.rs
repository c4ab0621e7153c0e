//! A Redis server for a test, on a free port and in its own directory. Stops with the test. Can be stopped, killed,
//! paused and restarted.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use redis::FromRedisValue;
use tempfile::TempDir;

/// The configuration of a server.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// Flushes every command to disk before the reply.
    pub append_only: bool,
    /// The required password.
    pub password: Option<String>,
    /// Accepts only TLS, with a certificate of its own authority.
    pub tls: bool,
    /// Additional settings by name. They override the settings above.
    pub settings: &'static [(&'static str, &'static str)],
}

pub struct RedisServer {
    options: RedisOptions,
    directory: TempDir,
    port: u16,
    child: Option<Child>,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::start_with(RedisOptions::default())
    }

    pub fn start_with(options: RedisOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        if options.tls {
            make_certificates(&directory);
        }
        let mut server = Self { options, directory, port: 0, child: None };
        // Another process may bind the port before Redis does.
        for _ in 0..10 {
            server.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if server.try_restart() {
                return server;
            }
        }
        panic!("failed to start redis-server: is it installed?");
    }

    /// Returns the URL, including the password.
    pub fn url(&self) -> String {
        let scheme = if self.options.tls { "rediss" } else { "redis" };
        let password = self.options.password.as_ref().map(|word| format!(":{word}@")).unwrap_or_default();
        format!("{scheme}://{password}localhost:{}", self.port)
    }

    /// Returns the path of the certificate of the authority.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("authority.pem")
    }

    /// Returns the certificate and key of the server in PEM, for other servers on this machine.
    pub fn certificate(&self) -> (String, String) {
        ["server.pem", "server.key"]
            .map(|name| fs::read_to_string(self.directory.path().join(name)).unwrap())
            .into()
    }

    /// Stops the server with SIGTERM.
    pub fn stop(&mut self) {
        self.signal("TERM");
        self.reap();
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&mut self) {
        self.signal("KILL");
        self.reap();
    }

    /// Restarts the server after [`RedisServer::stop`] or [`RedisServer::kill`], on the same port and with the same data.
    pub fn restart(&mut self) {
        assert!(self.try_restart(), "failed to restart redis-server");
    }

    /// Suspends the server until [`RedisServer::resume`].
    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Sends a command on a new connection and returns the reply.
    pub async fn query<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|&word| _ = command.arg(word));
        command.query_async(&mut connection).await.unwrap()
    }

    /// Returns the number of calls of a command, including calls in scripts.
    pub async fn calls(&self, command: &str) -> u64 {
        let info: String = self.query(&["INFO", "commandstats"]).await;
        let line = info.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
    }

    fn try_restart(&mut self) -> bool {
        // `--pdeathsig` sends its signal when the starting thread ends. This is the thread of the test.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "redis-server", "--bind", "127.0.0.1", "--save", ""]);
        command.arg("--dir").arg(self.directory.path()).args(["--daemonize", "no", "--loglevel", "warning"]);
        let port = self.port.to_string();
        if self.options.tls {
            command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
            for (name, file) in [("cert", "server.pem"), ("key", "server.key"), ("ca-cert", "authority.pem")]
            {
                command.arg(format!("--tls-{name}-file")).arg(self.directory.path().join(file));
            }
        } else {
            command.args(["--port", &port]);
        }
        if self.options.append_only {
            command.args(["--appendonly", "yes", "--appendfsync", "always"]);
        }
        if let Some(password) = &self.options.password {
            command.args(["--requirepass", password]);
        }
        for (name, value) in self.options.settings {
            command.arg(format!("--{name}")).arg(value);
        }
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        // The port was free, so the listener is this process unless it has exited.
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "timed out waiting for redis-server to listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child = Some(child);
        true
    }

    fn signal(&self, name: &str) {
        let id = self.child.as_ref().expect("redis-server is running").id();
        let done = Command::new("sh").arg("-c").arg(format!("kill -{name} {id}")).status().unwrap();
        assert!(done.success());
    }

    fn reap(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn make_certificates(directory: &TempDir) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let server = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let write = |name: &str, text: String| fs::write(directory.path().join(name), text).unwrap();
    write("authority.pem", authority.pem());
    write("server.pem", server.pem());
    write("server.key", key.serialize_pem());
}

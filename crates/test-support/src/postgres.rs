//! A PostgreSQL server for tests, in its own directory and on a free port. Stops with the test binary, even if that is
//! killed.
//!
//! Requires PostgreSQL's programs, found with `pg_config` or in `POSTGRES_BIN`. If root runs the tests, the server runs as
//! the user `postgres`, because PostgreSQL refuses to run as root.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;

/// The configuration of a server.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Whether commits are flushed to disk. Required only by tests that kill the server.
    pub fsync: bool,
    /// Whether TimescaleDB is loaded.
    pub timescale: bool,
    /// The certificate and key in PEM. Enables TLS.
    pub tls: Option<(String, String)>,
    /// Additional settings by name. They override the settings above.
    pub settings: &'static [(&'static str, &'static str)],
}

/// A server and its directory.
pub struct PostgresServer {
    pub port: u16,
    directory: TempDir,
    setup: Setup,
    process: Option<Child>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Creates a cluster and starts the server.
    pub async fn start(setup: Setup) -> Self {
        let directory = tempfile::Builder::new().prefix("agent-obs-postgres-").tempdir().unwrap();
        let port = free_port();
        chown_to_server_user(directory.path());
        let mut server = Self { port, directory, setup, process: None, databases: AtomicU32::new(0) };
        server.create_cluster();
        server.resume().await;
        server
    }

    fn create_cluster(&self) {
        let data = self.data();
        fs::create_dir(&data).unwrap();
        chown_to_server_user(&data);
        let output = self
            .program("initdb")
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .arg("--pgdata")
            .arg(&data)
            .output()
            .unwrap();
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        if let Some((certificate, key)) = &self.setup.tls {
            self.put("server.crt", certificate);
            self.put("server.key", key);
        }
    }

    /// Writes a file that only the user of the server may read.
    fn put(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown_to_server_user(&path);
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Starts or restarts the server on the same port and waits until it accepts connections.
    pub async fn resume(&mut self) {
        let on = |on: bool| if on { "on" } else { "off" };
        let mut command = self.guarded("postgres");
        command.arg("-D").arg(self.data());
        for setting in [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "max_connections=200".to_owned(),
            "shared_buffers=256MB".to_owned(),
            "max_wal_size=4GB".to_owned(),
            format!("fsync={}", on(self.setup.fsync)),
            format!("synchronous_commit={}", on(self.setup.fsync)),
            format!("full_page_writes={}", on(self.setup.fsync)),
            format!("ssl={}", on(self.setup.tls.is_some())),
        ] {
            command.args(["-c", &setting]);
        }
        if self.setup.timescale {
            command.args([
                "-c",
                "shared_preload_libraries=timescaledb",
                "-c",
                "timescaledb.telemetry_level=off",
            ]);
        }
        for (name, value) in self.setup.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        let log = fs::File::create(self.directory.path().join("log")).unwrap();
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.connect("postgres").await.is_err() {
            assert!(Instant::now() < deadline, "the server did not start: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the log of the server since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Stops the server with a fast shutdown, without waiting for its clients.
    pub fn stop(&mut self) {
        self.signal("INT");
    }

    /// Stops the server with an immediate shutdown. It recovers at its next start.
    pub fn kill(&mut self) {
        self.signal("QUIT");
    }

    /// Sends a signal to the server and waits until it exits.
    fn signal(&mut self, signal: &str) {
        let Some(mut guard) = self.process.take() else { return };
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _ = Command::new("sh").arg("-c").arg(format!("kill -{signal} {pid}")).status();
        }
        // The pipe stays open until the server has exited, since closing it makes the guard kill the server.
        let pipe = guard.stdin.take();
        guard.wait().unwrap();
        drop(pipe);
    }

    /// Creates an empty database and returns its URL.
    pub async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        self.url(&name)
    }

    /// Returns the URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Executes a statement in a database as the superuser.
    pub async fn execute(&self, database: &str, statement: &str) {
        let mut connection = self.connect(database).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn connect(&self, database: &str) -> Result<PgConnection, sqlx::Error> {
        let options = PgConnectOptions::new_without_pgpass();
        let options = options.host("127.0.0.1").port(self.port).username("postgres").database(database);
        options.ssl_mode(sqlx::postgres::PgSslMode::Disable).connect().await
    }

    /// Returns the command of a PostgreSQL program, run as the user of the server.
    fn program(&self, name: &str) -> Command {
        as_server_user(Command::new(programs().join(name)), self.directory.path())
    }

    /// Returns a command that is stopped and whose directory is deleted when this process ends. A shell waits for the
    /// end of a pipe that only this process holds open.
    fn guarded(&self, name: &str) -> Command {
        let script = r#"directory=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( cat <&3 >/dev/null; touch "$directory/over"; kill -QUIT $server 2>/dev/null ) &
guard=$!
exec 3<&- </dev/null
wait $server
kill $guard 2>/dev/null
[ ! -e "$directory/over" ] || rm -rf "$directory""#;
        let mut command = as_server_user(Command::new("sh"), self.directory.path());
        command.arg("-c").arg(script).arg("guard").arg(self.directory.path()).arg(programs().join(name));
        command
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn as_server_user(mut command: Command, directory: &Path) -> Command {
    command.current_dir(directory).env_remove("PGDATA").env_remove("PGPORT").env("LC_ALL", "C.UTF-8");
    if let Some(user) = server_user() {
        command.uid(user);
    }
    command
}

fn chown_to_server_user(path: &Path) {
    if let Some(user) = server_user() {
        std::os::unix::fs::chown(path, Some(user), None).unwrap();
    }
}

/// Returns the user id of the server if it differs from the current user.
fn server_user() -> Option<u32> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().ok()
    };
    (id(&["-u"]) == Some(0)).then(|| id(&["-u", "postgres"]).unwrap())
}

/// Returns the directory with PostgreSQL's programs.
fn programs() -> PathBuf {
    if let Some(directory) = std::env::var_os("POSTGRES_BIN") {
        return directory.into();
    }
    let output = Command::new("pg_config").arg("--bindir").output();
    let found = output.ok().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let found = found.map(PathBuf::from).filter(|directory| directory.join("postgres").exists());
    // Debian installs the programs of each version in a separate directory, and pg_config in a separate package.
    let newest = || {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        let directories = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
        directories.filter(|directory| directory.join("postgres").exists()).max()
    };
    found
        .or_else(newest)
        .unwrap_or_else(|| panic!("PostgreSQL is not installed: install it, or set POSTGRES_BIN"))
}

/// Returns a port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

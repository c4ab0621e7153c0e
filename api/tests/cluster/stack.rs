//! A deployment with every role as processes, on servers of the test. Processes can be killed and restarted on their
//! ports.

use std::{collections::HashMap, net::TcpListener};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use test_support::{
    child::{Process, command},
    client::Client,
    postgres::{PostgresServer, Setup},
    redis::{RedisOptions, RedisServer},
};

const SECRET: &str = "the shared secret of all roles in the tests";
pub const PASSWORD: &str = "correct horse battery";

/// The server shared by all tests that do not stop it. It ends with the test process.
static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();

/// The number of processes per role, and additional settings for all of them.
#[derive(Clone)]
pub struct Plan {
    pub gateways: usize,
    pub ingestions: usize,
    pub processings: usize,
    pub queries: usize,
    pub settings: Vec<(&'static str, String)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { gateways: 1, ingestions: 1, processings: 1, queries: 1, settings: Vec::new() }
    }
}

impl Plan {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }
}

pub struct Stack {
    pub gateways: Vec<Process>,
    pub ingestions: Vec<Process>,
    pub processings: Vec<Process>,
    pub queries: Vec<Process>,
    pub redis: RedisServer,
    settings: HashMap<&'static str, String>,
    directory: TempDir,
}

impl Stack {
    /// Starts the processes on the database server that all tests share.
    pub async fn start(plan: Plan) -> Self {
        let postgres = POSTGRES.get_or_init(|| PostgresServer::start(Setup::default())).await;
        Self::start_on(postgres.database().await, plan)
    }

    /// Starts the processes on this database and a new Redis.
    pub fn start_on(database: String, plan: Plan) -> Self {
        let redis = RedisServer::start_with(RedisOptions { append_only: true, ..RedisOptions::default() });
        Self::start_over(database, redis, plan)
    }

    /// Starts the processes on these servers.
    pub fn start_over(database: String, redis: RedisServer, plan: Plan) -> Self {
        let ports = |count| (0..count).map(|_| free_port()).collect::<Vec<_>>();
        let (ingestions, queries) = (ports(plan.ingestions), ports(plan.queries));
        let urls = |ports: &[u16]| {
            ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
        };
        let mut settings = HashMap::from([
            ("TIMESCALE_URL", database),
            ("REDIS_URL", redis.url()),
            ("JWT_SECRET", SECRET.to_owned()),
            ("INTERNAL_SECRET", SECRET.to_owned()),
            ("INGESTION_SERVICE_URL", urls(&ingestions)),
            ("QUERY_SERVICE_URL", urls(&queries)),
            ("DB_POOL_MIN_SIZE", "1".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
        ]);
        settings.extend(plan.settings);
        let directory = tempfile::tempdir().unwrap();
        let mut stack = Self {
            gateways: Vec::new(),
            ingestions: Vec::new(),
            processings: Vec::new(),
            queries: Vec::new(),
            redis,
            settings,
            directory,
        };
        for _ in 0..plan.processings {
            stack.processings.push(stack.run("processing", 0));
        }
        stack.queries = queries.iter().map(|&port| stack.run("query", port)).collect();
        stack.ingestions = ingestions.iter().map(|&port| stack.run("ingestion", port)).collect();
        for _ in 0..plan.gateways {
            stack.gateways.push(stack.run("gateway", 0));
        }
        stack
    }

    /// Starts a process with this role on this port, or on a free port for 0.
    pub fn run(&self, role: &str, port: u16) -> Process {
        let settings: Vec<_> = self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut command = command(self.directory.path(), &settings);
        command.args(["--role", role]).env("SERVICE_PORT", port.to_string());
        Process::spawn(command)
    }

    pub fn url(&self) -> &str {
        &self.gateways[0].url
    }

    /// Registers an account at the first gateway and returns a client with its token.
    pub async fn member(&self, name: &str) -> Client {
        let anonymous = Client::new(self.url());
        let email = format!("{name}@example.com");
        anonymous.register(&email, PASSWORD).await.expect(201);
        let login = anonymous.login(&email, PASSWORD).await.expect(200).json();
        anonymous.with_token(login["access_token"].as_str().unwrap())
    }
}

/// Returns the port of a process.
pub fn port_of(process: &Process) -> u16 {
    process.url.rsplit_once(':').unwrap().1.parse().unwrap()
}

pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

//! The server under test: one process with embedded storage, or four roles with PostgreSQL and Redis.

use std::{collections::HashMap, env, path::Path};

use api::{
    clock::Clock,
    config::{Config, GrpcPort},
    role::Role,
    startup::Application,
};
use tokio::sync::OnceCell;

use crate::{
    postgres::{PostgresServer, Setup},
    redis::RedisServer,
};

const SECRET: &str = "the shared secret of all roles in the tests";

/// Shared by all tests. Stops with the process.
static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();

/// The applications of the server. Clients connect to the first.
pub struct Deployment {
    pub applications: Vec<Application>,
    /// The URL of the Redis with the queue of accepted traces.
    pub redis: Option<String>,
    _redis: Option<RedisServer>,
}

impl Deployment {
    /// Starts four roles in the test binary `roles`, and one process in all others.
    pub async fn build(settings: &HashMap<&'static str, String>, directory: &Path, clock: &Clock) -> Self {
        let binary = env::current_exe().unwrap();
        match binary.file_name().unwrap().to_str().unwrap().starts_with("roles-") {
            true => Self::roles(settings, directory, clock).await,
            false => Self::one_process(settings, directory, clock).await,
        }
    }

    async fn one_process(settings: &HashMap<&'static str, String>, directory: &Path, clock: &Clock) -> Self {
        let config = Config::read(None, |name| match name {
            "SERVICE_PORT" => Some(port(settings)),
            "DATA_DIR" => Some(directory.to_str().unwrap().to_owned()),
            name => setting(settings, name),
        });
        let application = build(config.unwrap(), clock).await;
        Self { applications: vec![application], redis: None, _redis: None }
    }

    /// Starts four roles with their own database and Redis.
    async fn roles(settings: &HashMap<&'static str, String>, directory: &Path, clock: &Clock) -> Self {
        let postgres = POSTGRES.get_or_init(|| PostgresServer::start(Setup::default())).await;
        // A server restarted in the same directory uses the same database.
        let note = directory.join("database");
        let database = match std::fs::read_to_string(&note) {
            Ok(database) => database,
            Err(_) => postgres.database().await,
        };
        std::fs::write(&note, &database).unwrap();
        let redis = RedisServer::start();
        let mut services =
            HashMap::from([("QUERY_SERVICE_URL", String::new()), ("INGESTION_SERVICE_URL", String::new())]);
        let mut applications = Vec::new();
        // The gateway comes last, since it needs the URLs of the others.
        for role in [Role::Processing, Role::Query, Role::Ingestion, Role::Gateway] {
            let config =
                Config::read(Some(role), |name| match name {
                    "SERVICE_PORT" if role == Role::Gateway => Some(port(settings)),
                    "SERVICE_PORT" => Some("0".to_owned()),
                    "DATA_DIR" => Some(directory.to_str().unwrap().to_owned()),
                    "TIMESCALE_URL" => Some(database.clone()),
                    "REDIS_URL" => Some(redis.url()),
                    "DB_POOL_MIN_SIZE" => Some("0".to_owned()),
                    "DB_POOL_MAX_SIZE" => Some("8".to_owned()),
                    name => services.get(name).cloned().or_else(|| setting(settings, name)).or_else(|| {
                        matches!(name, "JWT_SECRET" | "INTERNAL_SECRET").then(|| SECRET.to_owned())
                    }),
                });
            let application = build(config.unwrap(), clock).await;
            let url = format!("http://127.0.0.1:{}", application.port());
            match role {
                Role::Query => services.insert("QUERY_SERVICE_URL", url),
                Role::Ingestion => services.insert("INGESTION_SERVICE_URL", url),
                Role::Gateway | Role::Processing => None,
            };
            applications.insert(0, application);
        }
        Self { applications, redis: Some(redis.url()), _redis: Some(redis) }
    }
}

/// Returns the port that clients connect to: a free one, unless the test chose one.
fn port(settings: &HashMap<&'static str, String>) -> String {
    settings.get("SERVICE_PORT").cloned().unwrap_or_else(|| "0".to_owned())
}

/// Returns the setting of a test. Tests create accounts as they need them.
fn setting(settings: &HashMap<&'static str, String>, name: &str) -> Option<String> {
    settings.get(name).cloned().or_else(|| (name == "REGISTRATION").then(|| "open".to_owned()))
}

async fn build(mut config: Config, clock: &Clock) -> Application {
    if config.otlp_grpc == GrpcPort::Default {
        config.otlp_grpc = GrpcPort::Set(0);
    }
    Application::build(config, clock.clone()).await.unwrap()
}

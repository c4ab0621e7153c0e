//! The server under test as four roles, over a PostgreSQL and a Redis of the tests' own: each server has a database and
//! a Redis to itself.

use std::{collections::HashMap, path::Path};

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

const SECRET: &str = "a secret that all four roles share, for tests alone";

/// One for all tests: it ends with the process.
static POSTGRES: OnceCell<PostgresServer> = OnceCell::const_new();

/// The applications that make up the server, the one that is asked first.
pub struct Deployment {
    pub applications: Vec<Application>,
    /// Where Redis is, whose queue lies between what is acknowledged and what is seen.
    pub redis: Option<String>,
    _redis: RedisServer,
}

impl Deployment {
    pub async fn build(settings: &HashMap<&'static str, String>, folder: &Path, clock: &Clock) -> Self {
        let postgres = POSTGRES.get_or_init(|| PostgresServer::start(Setup::default())).await;
        // A folder that is used again stands for its database.
        let note = folder.join("database");
        let database = match std::fs::read_to_string(&note) {
            Ok(database) => database,
            Err(_) => postgres.database().await,
        };
        std::fs::write(&note, &database).unwrap();
        let redis = RedisServer::start();
        let mut services =
            HashMap::from([("QUERY_SERVICE_URL", String::new()), ("INGESTION_SERVICE_URL", String::new())]);
        let mut applications = Vec::new();
        // The gateway comes last: it is told where the others are.
        for role in [Role::Processing, Role::Query, Role::Ingestion, Role::Gateway] {
            let mut config =
                Config::read(Some(role), |name| match name {
                    "SERVICE_PORT" => Some("0".to_owned()),
                    "DATA_DIR" => Some(folder.to_str().unwrap().to_owned()),
                    "TIMESCALE_URL" => Some(database.clone()),
                    "REDIS_URL" => Some(redis.url()),
                    "DB_POOL_MIN_SIZE" => Some("0".to_owned()),
                    "DB_POOL_MAX_SIZE" => Some("8".to_owned()),
                    name => services.get(name).or_else(|| settings.get(name)).cloned().or_else(|| {
                        matches!(name, "JWT_SECRET" | "INTERNAL_SECRET").then(|| SECRET.to_owned())
                    }),
                })
                .unwrap();
            if config.otlp_grpc == GrpcPort::Default {
                config.otlp_grpc = GrpcPort::Set(0);
            }
            let application = Application::build(config, clock.clone()).await.unwrap();
            let url = format!("http://127.0.0.1:{}", application.port());
            match role {
                Role::Query => services.insert("QUERY_SERVICE_URL", url),
                Role::Ingestion => services.insert("INGESTION_SERVICE_URL", url),
                Role::Gateway | Role::Processing => None,
            };
            applications.insert(0, application);
        }
        Self { applications, redis: Some(redis.url()), _redis: redis }
    }
}

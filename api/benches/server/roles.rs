//! Runs the server as four roles, one process each, over PostgreSQL and Redis with durable settings.

use std::{path::Path, time::Duration};

use api::role::Role;
use domain::secret::Secret;
use store::{database::postgres::PostgresSettings, trace::TraceStore};

use test_support::{
    postgres::{PostgresServer, Setup},
    redis::{RedisOptions, RedisServer},
};

use crate::{Result, machine::Memory, process::Process};

/// The database of accounts and traces.
const DATABASE: &str = "agent_obs";
/// Settings that differ from the defaults of PostgreSQL. `fsync` and `synchronous_commit` stay on, so that commits are durable.
const POSTGRES_SETTINGS: &[(&str, &str)] =
    &[("shared_buffers", "512MB"), ("max_wal_size", "4GB"), ("wal_compression", "on")];
/// Settings of Redis, as in docker-compose.yml.
const REDIS_SETTINGS: &[(&str, &str)] = &[("appendonly", "yes"), ("appendfsync", "everysec")];
const SECRET: &str = "the shared secret of all roles in the benchmark";
/// A rate limit that is checked but never reached.
const LIMIT: &str = "1000000000";

/// The servers of PostgreSQL and Redis.
pub(crate) struct Servers {
    pub(crate) postgres: PostgresServer,
    pub(crate) redis: RedisServer,
}

/// The processes of the four roles.
pub(crate) struct Roles {
    processes: Vec<(Role, Process)>,
}

impl Servers {
    pub(crate) async fn start() -> Self {
        let setup = Setup { fsync: true, settings: POSTGRES_SETTINGS, ..Setup::default() };
        let postgres = PostgresServer::start(setup).await;
        postgres.execute("postgres", &format!("CREATE DATABASE {DATABASE} TEMPLATE template0")).await;
        let redis =
            RedisServer::start_with(RedisOptions { settings: REDIS_SETTINGS, ..RedisOptions::default() });
        Self { postgres, redis }
    }

    /// Returns the URL of the database of accounts and traces.
    pub(crate) fn database(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// Opens the trace store.
    pub(crate) async fn traces(&self) -> Result<TraceStore> {
        let settings = PostgresSettings {
            url: Secret::new(self.database()),
            pool_min: 0,
            pool_max: 4,
            statement_timeout: Duration::from_secs(30),
        };
        Ok(TraceStore::open_postgres_without_maintenance(&settings).await?)
    }

    /// Runs the maintenance that PostgreSQL would run within minutes: statistics, visibility map, checkpoint.
    pub(crate) async fn run_maintenance(&self) {
        self.postgres.execute(DATABASE, "VACUUM (ANALYZE)").await;
        self.postgres.execute(DATABASE, "CHECKPOINT").await;
    }

    /// Describes the settings for the report.
    pub(crate) fn described() -> String {
        let list = |settings: &[(&str, &str)]| {
            settings.iter().map(|(name, value)| format!("`{name}={value}`")).collect::<Vec<_>>().join(", ")
        };
        format!(
            "PostgreSQL (without TimescaleDB; `fsync=on`, `synchronous_commit=on`, {}) and Redis ({})",
            list(POSTGRES_SETTINGS),
            list(REDIS_SETTINGS),
        )
    }
}

impl Roles {
    /// Starts the roles, the gateway last, because it needs the URLs of the others.
    pub(crate) async fn start(directory: &Path, web: &Path, servers: &Servers) -> Result<Self> {
        let (database, redis) = (servers.database(), servers.redis.url());
        let mut roles = Self { processes: Vec::new() };
        for role in [Role::Processing, Role::Query, Role::Ingestion, Role::Gateway] {
            let mut settings = vec![
                ("TIMESCALE_URL", database.as_str()),
                ("REDIS_URL", &redis),
                ("JWT_SECRET", SECRET),
                ("INTERNAL_SECRET", SECRET),
                ("RATE_LIMIT_PER_MINUTE", LIMIT),
            ];
            let name = role.to_string();
            let mut arguments = vec!["--role".as_ref(), name.as_ref()];
            if role == Role::Gateway {
                settings.push(("QUERY_SERVICE_URL", roles.url(Role::Query)?));
                settings.push(("INGESTION_SERVICE_URL", roles.url(Role::Ingestion)?));
                arguments.extend(["--web-dir".as_ref(), web.as_os_str()]);
            }
            let process = Process::start(directory, &arguments, &settings).await?;
            roles.processes.insert(0, (role, process));
        }
        Ok(roles)
    }

    pub(crate) fn url(&self, role: Role) -> Result<&str> {
        let found = self.processes.iter().find(|(found, _)| *found == role);
        Ok(&found.ok_or_else(|| format!("the role {role} is not running"))?.1.url)
    }

    /// Returns the memory of each role.
    pub(crate) fn memory(&self) -> Result<Vec<(String, Memory)>> {
        self.processes.iter().map(|(role, process)| Ok((role.to_string(), process.memory()?))).collect()
    }

    /// Returns the start time of each role.
    pub(crate) fn started_in(&self) -> Vec<(String, Duration)> {
        self.processes.iter().map(|(role, process)| (role.to_string(), process.started_in)).collect()
    }

    pub(crate) async fn stop(self) -> Result<()> {
        for (_, process) in self.processes {
            process.stop().await?;
        }
        Ok(())
    }
}

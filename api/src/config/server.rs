//! The external servers, the other roles, and the settings that each role requires.

use std::time::Duration;

use actix_web::http::Uri;
use domain::secret::Secret;
use store::{database::postgres::PostgresSettings, trace::Lifecycle};

use super::setting::{InvalidSetting, Settings, invalid, origin};
use crate::{redis::RedisUrl, role::Role};

const DAY: Duration = Duration::from_secs(86_400);
/// The default number of days before TimescaleDB compresses traces.
const COMPRESS_AFTER_DAYS: u32 = 7;
const QUEUE_STREAMS: usize = 8;
const QUEUE_MAX_BYTES: usize = 256 * 1024 * 1024;

/// The servers used instead of the embedded databases. Their URLs may contain passwords.
#[derive(Clone, Debug)]
pub struct Servers {
    /// The database of traces; a file in the data directory if absent.
    pub timescale_url: Option<Secret>,
    /// The database of accounts; a file in the data directory if absent.
    pub postgres_url: Option<Secret>,
    /// The server for cache, limits and queue; in this process if absent.
    pub redis_url: Option<RedisUrl>,
    /// The minimum number of open connections per database.
    pub pool_min: u32,
    /// The maximum number of connections per database.
    pub pool_max: u32,
    /// The maximum duration of a statement.
    pub statement_timeout: Duration,
    /// Traces older than this many days are deleted; kept forever if absent.
    pub retention_days: Option<u32>,
    /// Traces older than this many days are compressed (TimescaleDB).
    pub compress_after_days: u32,
    /// The number of streams of the queue.
    pub queue_streams: usize,
    /// The maximum size of the queue in bytes.
    pub queue_max_bytes: usize,
}

/// The other roles in a deployment with separate processes.
#[derive(Clone, Debug)]
pub struct Services {
    /// The secret that authenticates roles to each other.
    pub internal_secret: Option<Secret>,
    /// The replicas of the query role.
    pub query: Vec<Uri>,
    /// The replicas of the ingestion role.
    pub ingestion: Vec<Uri>,
    /// How long another role may take to begin its response.
    pub timeout: Duration,
}

impl Servers {
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, InvalidSetting> {
        let timescale_url = settings.postgres("TIMESCALE_URL")?;
        let postgres_url = settings.postgres("POSTGRES_URL")?.or_else(|| timescale_url.clone());
        let pool_max = settings.within("DB_POOL_MAX_SIZE", (1, 1000), "connections")?.unwrap_or(20);
        let pool_min =
            settings.within("DB_POOL_MIN_SIZE", (0, 1000), "connections")?.unwrap_or(5.min(pool_max));
        if pool_min > pool_max {
            return Err(invalid(
                "DB_POOL_MIN_SIZE",
                pool_min,
                format!("at most DB_POOL_MAX_SIZE, which is {pool_max}"),
            ));
        }
        let days = |name| settings.within(name, (1, 36_500), "days");
        Ok(Self {
            timescale_url,
            postgres_url,
            redis_url: settings.redis("REDIS_URL")?,
            pool_min,
            pool_max,
            statement_timeout: settings.seconds("DB_STATEMENT_TIMEOUT_SECONDS", (1, 3600), "seconds", 30)?,
            retention_days: days("TRACE_RETENTION_DAYS")?,
            compress_after_days: days("TRACE_COMPRESS_AFTER_DAYS")?.unwrap_or(COMPRESS_AFTER_DAYS),
            queue_streams: settings.within("QUEUE_STREAMS", (1, 256), "streams")?.unwrap_or(QUEUE_STREAMS),
            queue_max_bytes: settings
                .within("QUEUE_MAX_BYTES", (1024 * 1024, usize::MAX), "bytes")?
                .unwrap_or(QUEUE_MAX_BYTES),
        })
    }

    /// Returns the connection settings for the database at `url`.
    #[must_use]
    pub fn postgres(&self, url: &Secret) -> PostgresSettings {
        PostgresSettings {
            url: url.clone(),
            pool_min: self.pool_min,
            pool_max: self.pool_max,
            statement_timeout: self.statement_timeout,
        }
    }

    /// Returns the retention and compression of traces.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        let days = |days| DAY * days;
        Lifecycle {
            retention: self.retention_days.map(days),
            compress_after: Some(days(self.compress_after_days)),
        }
    }
}

impl Services {
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, InvalidSetting> {
        let services = |name| {
            let expected = "URLs like http://query:8003 or https://query.internal, separated by commas";
            settings.list(name, expected, origin)
        };
        Ok(Self {
            internal_secret: settings.secret("INTERNAL_SECRET")?,
            query: services("QUERY_SERVICE_URL")?,
            ingestion: services("INGESTION_SERVICE_URL")?,
            timeout: settings.seconds("SERVICE_TIMEOUT_SECONDS", (1, 3600), "seconds", 35)?,
        })
    }
}

/// Checks that all settings required by the role, or by accounts on a server, are present.
pub(super) fn check(
    role: Option<Role>,
    servers: &Servers,
    services: &Services,
    has_jwt_secret: bool,
) -> Result<(), InvalidSetting> {
    let Some(role) = role else {
        if let (Some(days), None) = (servers.retention_days, &servers.timescale_url) {
            let expected = "no value without TIMESCALE_URL; the embedded store has no retention";
            return Err(invalid("TRACE_RETENTION_DAYS", days, expected));
        }
        return need(
            has_jwt_secret || servers.postgres_url.is_none(),
            "JWT_SECRET",
            "a secret of at least 32 bytes, the same for all processes, because the accounts are on a server",
        );
    };
    let need = |there, name| need(there, name, format!("a value, required by the role {role}"));
    // The processing role receives no requests from other roles.
    need(services.internal_secret.is_some() || role == Role::Processing, "INTERNAL_SECRET")?;
    need(servers.redis_url.is_some(), "REDIS_URL")?;
    match role {
        Role::Gateway => {
            need(servers.postgres_url.is_some(), "POSTGRES_URL")?;
            need(has_jwt_secret, "JWT_SECRET")?;
            need(!services.query.is_empty(), "QUERY_SERVICE_URL")?;
            need(!services.ingestion.is_empty(), "INGESTION_SERVICE_URL")
        }
        Role::Processing | Role::Query => need(servers.timescale_url.is_some(), "TIMESCALE_URL"),
        Role::Ingestion => Ok(()),
    }
}

fn need(there: bool, name: &'static str, expected: impl Into<String>) -> Result<(), InvalidSetting> {
    if there { Ok(()) } else { Err(invalid(name, "", expected)) }
}

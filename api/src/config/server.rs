//! Where the servers and the other roles are, and what each role cannot do without.

use std::time::Duration;

use actix_web::http::Uri;

use super::{InvalidSetting, Settings, invalid, origin};
use crate::{
    gateway::secret::Secret,
    redis::RedisUrl,
    role::Role,
    store::{postgres::PostgresSettings, trace::postgres::Lifecycle},
};

const DAY: Duration = Duration::from_secs(86_400);
/// Days of traces that TimescaleDB keeps uncompressed.
const COMPRESS_AFTER_DAYS: u32 = 7;
const QUEUE_STREAMS: usize = 8;
const QUEUE_MAX_BYTES: usize = 256 * 1024 * 1024;

/// The servers that take the place of what is embedded, and how they are used. Their addresses may hold passwords.
#[derive(Clone, Debug)]
pub struct Servers {
    /// Where the traces are; in a file of the data folder where absent.
    pub timescale_url: Option<Secret>,
    /// Where the accounts are; in a file of the data folder where absent.
    pub postgres_url: Option<Secret>,
    /// Where the cache, the limits and the queue are; in this process where absent.
    pub redis_url: Option<RedisUrl>,
    /// Connections that are kept open to each database.
    pub pool_min: u32,
    /// Connections to each database at most.
    pub pool_max: u32,
    /// How long a statement may take.
    pub statement_timeout: Duration,
    /// Traces older than so many days are deleted; none where absent.
    pub retention_days: Option<u32>,
    /// Traces older than so many days are compressed, on TimescaleDB.
    pub compress_after_days: u32,
    /// Streams that the queue is spread over.
    pub queue_streams: usize,
    /// Bytes that may wait in the queue.
    pub queue_max_bytes: usize,
}

/// The other roles, where they run apart.
#[derive(Clone, Debug)]
pub struct Services {
    /// What one role proves itself to another with.
    pub internal_secret: Option<Secret>,
    /// Where queries are answered: any of these.
    pub query: Vec<Uri>,
    /// Where traces are taken in: any of these.
    pub ingestion: Vec<Uri>,
    /// How long another role may take to begin its answer.
    pub timeout: Duration,
}

impl Servers {
    pub(super) fn read<L: Fn(&str) -> Option<String>>(
        settings: &Settings<L>,
    ) -> Result<Self, InvalidSetting> {
        let postgres = |name| {
            let example = "an address like postgres://user:password@host:5432/database";
            settings.database(name, &["postgres", "postgresql"], example)
        };
        let timescale_url = postgres("TIMESCALE_URL")?;
        let postgres_url = postgres("POSTGRES_URL")?.or_else(|| timescale_url.clone());
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
            statement_timeout: Duration::from_secs(
                settings.within("DB_STATEMENT_TIMEOUT_SECONDS", (1, 3600), "seconds")?.unwrap_or(30),
            ),
            retention_days: days("TRACE_RETENTION_DAYS")?,
            compress_after_days: days("TRACE_COMPRESS_AFTER_DAYS")?.unwrap_or(COMPRESS_AFTER_DAYS),
            queue_streams: settings.within("QUEUE_STREAMS", (1, 256), "streams")?.unwrap_or(QUEUE_STREAMS),
            queue_max_bytes: settings
                .within("QUEUE_MAX_BYTES", (1024 * 1024, usize::MAX), "bytes")?
                .unwrap_or(QUEUE_MAX_BYTES),
        })
    }
}

impl Servers {
    /// How the database at `url` is used.
    #[must_use]
    pub fn postgres(&self, url: &Secret) -> PostgresSettings {
        PostgresSettings {
            url: url.clone(),
            pool_min: self.pool_min,
            pool_max: self.pool_max,
            statement_timeout: self.statement_timeout,
        }
    }

    /// What becomes of traces as they get older.
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
    pub(super) fn read<L: Fn(&str) -> Option<String>>(
        settings: &Settings<L>,
    ) -> Result<Self, InvalidSetting> {
        let services = |name| {
            let expected = "addresses like http://query:8003, separated by commas";
            // Inside a private network: what must be encrypted there goes through a tunnel.
            settings.list(name, expected, |text| origin(text).filter(|uri| uri.scheme_str() == Some("http")))
        };
        Ok(Self {
            internal_secret: settings.secret("INTERNAL_SECRET")?,
            query: services("QUERY_SERVICE_URL")?,
            ingestion: services("INGESTION_SERVICE_URL")?,
            timeout: Duration::from_secs(
                settings.within("SERVICE_TIMEOUT_SECONDS", (1, 3600), "seconds")?.unwrap_or(35),
            ),
        })
    }
}

/// Whether everything is there that a role, or the accounts on a server, cannot do without.
pub(super) fn check(
    role: Option<Role>,
    servers: &Servers,
    services: &Services,
    has_jwt_secret: bool,
) -> Result<(), InvalidSetting> {
    let Some(role) = role else {
        if let (Some(days), None) = (servers.retention_days, &servers.timescale_url) {
            let expected = "no value without TIMESCALE_URL: the embedded store keeps everything";
            return Err(invalid("TRACE_RETENTION_DAYS", days, expected));
        }
        return need(
            has_jwt_secret || servers.postgres_url.is_none(),
            "JWT_SECRET",
            "a secret of at least 32 bytes, the same for all, where the accounts are on a server",
        );
    };
    let need = |there, name| need(there, name, format!("a value: the role {role} needs it"));
    // Nobody asks anything of processing: it takes its work off the queue.
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

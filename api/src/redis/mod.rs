//! Redis, as the cache, the limits and the queue reach it: one connection that comes back by itself, a bound on how long
//! a command may take, and a rest after a failure, so that requests do not each wait for a server that is down. Knows
//! nothing of what is kept there.

mod breaker;
mod url;

use std::{fmt, time::Duration};

use ::redis::{
    Client, Cmd, ConnectionInfo, ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind,
    Value,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};

use self::breaker::{Breaker, Pass};
pub use self::url::{InvalidRedisUrl, RedisUrl};

/// How long a request waits for the cache or a limit.
const QUICK: Duration = Duration::from_millis(200);
/// How long a message may take into the queue or out of it: it can be large, and Redis may be writing to its disk.
const PATIENT: Duration = Duration::from_secs(3);
/// How long a failed server is left alone.
const REST: Duration = Duration::from_secs(1);
/// A new connection has to stand within this.
const CONNECT: Duration = Duration::from_secs(1);
/// A peer that acknowledges nothing for so long is gone: without it a cable that is cut looks like silence for minutes.
const GONE: Duration = Duration::from_secs(10);
/// Commands that may be under way on the one connection.
const PIPELINE: usize = 1024;

/// A connection to Redis. Clones share it.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    timeout: Duration,
    breaker: Breaker,
}

/// Why Redis did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RedisFailure {
    /// It failed a moment ago and is left alone for now.
    #[error("Redis failed a moment ago and is not asked again yet")]
    Resting,
    /// It did not answer in time; what was asked may have been done.
    #[error("Redis did not answer within {0:?}")]
    TimedOut(Duration),
    /// It refused, or could not be reached.
    #[error("Redis: {0}")]
    Failed(#[from] RedisError),
}

impl RedisFailure {
    /// Whether the group that is read through is gone, as it is after Redis lost its data.
    #[must_use]
    pub fn is_no_group(&self) -> bool {
        matches!(self, Self::Failed(error) if error.code() == Some("NOGROUP") || error.to_string().contains("NOGROUP"))
    }

    /// Whether Redis itself answered, and would answer the next one: the fault lies in what was asked or what it holds.
    fn is_answer(&self) -> bool {
        match self {
            Self::Failed(error) => match error.kind() {
                ErrorKind::Server(kind) => !matches!(
                    kind,
                    ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly
                ),
                kind => matches!(kind, ErrorKind::UnexpectedReturnType | ErrorKind::Extension),
            },
            Self::Resting | Self::TimedOut(_) => false,
        }
    }

    /// Whether nobody was asked.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        matches!(self, Self::Resting)
    }
}

impl Redis {
    /// For the cache and the limits: a command that is not answered within 200 ms has failed. Does not wait for the
    /// server to be there; needs a running Tokio.
    ///
    /// # Errors
    /// Where no connection can ever come of this URL.
    pub fn quick(url: &RedisUrl) -> Result<Self, RedisFailure> {
        Self::new(url, QUICK)
    }

    /// For the queue: as [`Redis::quick`], with seconds for each command, on a connection of its own, so that large
    /// messages are in nobody's way.
    ///
    /// # Errors
    /// Where no connection can ever come of this URL.
    pub fn patient(url: &RedisUrl) -> Result<Self, RedisFailure> {
        Self::new(url, PATIENT)
    }

    fn new(url: &RedisUrl, timeout: Duration) -> Result<Self, RedisFailure> {
        // Fails where it was installed before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_user_timeout(GONE)
            .set_keepalive(TcpKeepalive::new().with_time(GONE).with_interval(GONE));
        let info: ConnectionInfo = url.connection().clone().set_tcp_settings(tcp);
        let config = ConnectionManagerConfig::new()
            // Whoever asks next starts the next attempt, and the breaker says how soon that may be.
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECT))
            // Bounded in here, connecting included.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE);
        let connection = ConnectionManager::new_lazy_with_config(Client::open(info)?, config)?;
        Ok(Self { connection, timeout, breaker: Breaker::new(REST) })
    }

    /// Sends a command and reads its answer.
    ///
    /// # Errors
    /// Where Redis refuses, cannot be reached, takes too long, or did so less than a second ago.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisFailure> {
        let mut connection = self.connection.clone();
        let value = self.guarded(command.query_async(&mut connection)).await?;
        Ok(::redis::from_redis_value(value).map_err(RedisError::from)?)
    }

    /// Runs a script and reads its answer: one round trip, but for the first time on a server that does not know it.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, RedisFailure> {
        let mut connection = self.connection.clone();
        let value: Value = self.guarded(script.invoke_async(&mut connection)).await?;
        Ok(::redis::from_redis_value(value).map_err(RedisError::from)?)
    }

    /// Whether Redis answers. Asks it even while it is left alone.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<(), RedisFailure> {
        let mut connection = self.connection.clone();
        let command = ::redis::cmd("PING");
        let answer = tokio::time::timeout(self.timeout, command.query_async::<()>(&mut connection)).await;
        Ok(answer.map_err(|_| RedisFailure::TimedOut(self.timeout))??)
    }

    async fn guarded(
        &self,
        work: impl Future<Output = Result<Value, RedisError>>,
    ) -> Result<Value, RedisFailure> {
        let work = async {
            match self.breaker.pass() {
                Pass::Ask => {}
                Pass::Rest => return Err(RedisFailure::Resting),
                // The connection that failed is still there, and the next one begins only when somebody has found out. That
                // is done with a question that does no harm: of any other nobody would know whether it was heard.
                Pass::Try => {
                    if self.ping().await.is_err() {
                        self.ping().await?;
                    }
                }
            }
            Ok(work.await?)
        };
        let result = match tokio::time::timeout(self.timeout, work).await {
            Ok(result) => result,
            Err(_) => Err(RedisFailure::TimedOut(self.timeout)),
        };
        match &result {
            Ok(_) => self.breaker.succeeded(),
            Err(RedisFailure::Resting) => {}
            Err(failure) if failure.is_answer() => self.breaker.succeeded(),
            Err(_) => self.breaker.failed(),
        }
        result
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The connection knows the password.
        f.debug_struct("Redis").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

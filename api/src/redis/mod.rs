//! The connection to Redis for cache, limits and queue: reconnects automatically, bounds the duration of commands, and
//! rejects commands after a failure, so that requests do not wait for a server that is down. Independent of the stored
//! data.

mod breaker;
mod url;

use std::{fmt, time::Duration};

use ::redis::{
    Client, Cmd, ConnectionInfo, ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind,
    Value,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};

use self::breaker::{CircuitBreaker, Permit};
pub use self::url::{InvalidRedisUrl, RedisUrl};

/// The command timeout of cache and limits.
const CACHE_TIMEOUT: Duration = Duration::from_millis(200);
/// The command timeout of the queue, whose messages may be large and may be delayed by Redis writing to disk.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the circuit breaker stays open after a failure.
const OPEN_DURATION: Duration = Duration::from_secs(1);
/// The timeout of connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The TCP user timeout. Without it, a broken connection is detected only after minutes.
const TCP_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum number of commands in flight on the connection.
const PIPELINE_COMMANDS: usize = 1024;

/// A connection to Redis. Clones share it.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    timeout: Duration,
    breaker: CircuitBreaker,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum RedisFailure {
    /// The circuit breaker is open: Redis failed less than a second ago, and the command was not sent.
    #[error("Redis failed a moment ago; not retried yet")]
    CircuitOpen,
    /// Redis did not respond in time; the command may have been executed.
    #[error("Redis did not respond within {0:?}")]
    TimedOut(Duration),
    /// Redis returned an error, or is unreachable.
    #[error("Redis: {0}")]
    Failed(#[from] RedisError),
}

impl RedisFailure {
    /// Returns whether the consumer group no longer exists, as after Redis lost its data.
    #[must_use]
    pub fn is_no_group(&self) -> bool {
        matches!(self, Self::Failed(error) if error.code() == Some("NOGROUP") || error.to_string().contains("NOGROUP"))
    }

    /// Returns whether Redis responded with an error. The connection works, and the next command may succeed.
    fn is_error_response(&self) -> bool {
        match self {
            Self::Failed(error) => match error.kind() {
                ErrorKind::Server(kind) => !matches!(
                    kind,
                    ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly
                ),
                kind => matches!(kind, ErrorKind::UnexpectedReturnType | ErrorKind::Extension),
            },
            Self::CircuitOpen | Self::TimedOut(_) => false,
        }
    }

    /// Returns whether the circuit breaker rejected the command.
    #[must_use]
    pub fn is_circuit_open(&self) -> bool {
        matches!(self, Self::CircuitOpen)
    }
}

impl Redis {
    /// Connects for the cache and the limits: commands time out after 200 ms. Does not wait for the server; requires
    /// a running Tokio runtime.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid.
    pub fn for_cache(url: &RedisUrl) -> Result<Self, RedisFailure> {
        Self::new(url, CACHE_TIMEOUT)
    }

    /// Connects for the queue: like [`Redis::for_cache`] with a timeout of seconds, on its own connection, so that
    /// large messages do not delay other commands.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid.
    pub fn for_queue(url: &RedisUrl) -> Result<Self, RedisFailure> {
        Self::new(url, QUEUE_TIMEOUT)
    }

    fn new(url: &RedisUrl, timeout: Duration) -> Result<Self, RedisFailure> {
        // Fails if a provider is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_user_timeout(TCP_TIMEOUT)
            .set_keepalive(TcpKeepalive::new().with_time(TCP_TIMEOUT).with_interval(TCP_TIMEOUT));
        let info: ConnectionInfo = url.connection().clone().set_tcp_settings(tcp);
        let config = ConnectionManagerConfig::new()
            // The next command starts the next attempt; the breaker limits how often.
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            // The timeout of this module applies instead, which includes connecting.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE_COMMANDS);
        let connection = ConnectionManager::new_lazy_with_config(Client::open(info)?, config)?;
        Ok(Self { connection, timeout, breaker: CircuitBreaker::new(OPEN_DURATION) })
    }

    /// Sends a command and reads its reply.
    ///
    /// # Errors
    /// Returns an error if Redis rejects the command, is unreachable, times out, or failed less than a second ago.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisFailure> {
        let mut connection = self.connection.clone();
        let value = self.guarded(command.query_async(&mut connection)).await?;
        Ok(::redis::from_redis_value(value).map_err(RedisError::from)?)
    }

    /// Runs a script and reads its reply: one round trip, except for the first time on a server that does not know
    /// the script.
    ///
    /// # Errors
    /// Returns the same errors as [`Redis::query`].
    pub async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, RedisFailure> {
        let mut connection = self.connection.clone();
        let value: Value = self.guarded(script.invoke_async(&mut connection)).await?;
        Ok(::redis::from_redis_value(value).map_err(RedisError::from)?)
    }

    /// Checks that Redis responds, even if the circuit breaker is open.
    ///
    /// # Errors
    /// Returns an error if it does not.
    pub async fn ping(&self) -> Result<(), RedisFailure> {
        let mut connection = self.connection.clone();
        let command = ::redis::cmd("PING");
        let response = tokio::time::timeout(self.timeout, command.query_async::<()>(&mut connection)).await;
        Ok(response.map_err(|_| RedisFailure::TimedOut(self.timeout))??)
    }

    async fn guarded(
        &self,
        work: impl Future<Output = Result<Value, RedisError>>,
    ) -> Result<Value, RedisFailure> {
        let work = async {
            match self.breaker.permit() {
                Permit::Send => {}
                Permit::Reject => return Err(RedisFailure::CircuitOpen),
                // The failed connection is replaced only once a command on it has failed. A harmless PING takes that
                // failure: for any other command it would be unknown whether Redis executed it.
                Permit::Probe => {
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
            Err(RedisFailure::CircuitOpen) => {}
            Err(failure) if failure.is_error_response() => self.breaker.succeeded(),
            Err(_) => self.breaker.failed(),
        }
        result
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The connection contains the password.
        f.debug_struct("Redis").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

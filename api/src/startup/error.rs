//! Why a server does not start.

use std::io;

use store::{account::AccountError, trace::StoreError};

use crate::{auth::secret::SecretError, notify::NotifierError, redis::RedisFailure};

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or port is not available.
    #[error("{what}")]
    Io {
        /// The operation.
        what: String,
        /// The system error.
        #[source]
        source: io::Error,
    },
    /// The accounts database cannot be opened.
    #[error("cannot open the accounts database")]
    Accounts(#[from] AccountError),
    /// The traces database cannot be opened.
    #[error("cannot open the traces database")]
    Traces(#[from] StoreError),
    /// The secret that signs tokens cannot be loaded.
    #[error("cannot load the JWT secret")]
    Secret(#[from] SecretError),
    /// The URL of Redis is not valid.
    #[error("REDIS_URL is not valid")]
    Redis(#[from] RedisFailure),
    /// The HTTP client for the other roles cannot be created.
    #[error("cannot create the HTTP client for the other roles")]
    Client(#[from] reqwest::Error),
    /// Notifications cannot be sent.
    #[error("cannot initialize notifications")]
    Notify(#[from] NotifierError),
    /// Two metrics have the same name.
    #[error("cannot register the metrics")]
    Metrics(#[from] prometheus::Error),
}

//! Why a server does not start.

use std::io;

use store::{account::AccountError, trace::StoreError};

use crate::{auth::secret::SecretError, notify::NotifierError, redis::RedisFailure};

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or the port cannot be had.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// What came of it.
        #[source]
        source: io::Error,
    },
    /// The accounts cannot be opened.
    #[error("the accounts cannot be opened")]
    Accounts(#[from] AccountError),
    /// The traces cannot be opened.
    #[error("the traces cannot be opened")]
    Traces(#[from] StoreError),
    /// The secret that signs tokens cannot be had.
    #[error("the JWT secret cannot be had")]
    Secret(#[from] SecretError),
    /// Redis can never be reached at that address.
    #[error("REDIS_URL cannot be used")]
    Redis(#[from] RedisFailure),
    /// The other roles cannot be asked.
    #[error("the client for the other roles cannot be made")]
    Client(#[from] reqwest::Error),
    /// Nobody can be told of alerts.
    #[error("channels cannot be reached")]
    Notify(#[from] NotifierError),
    /// Metrics are named twice.
    #[error("the metrics cannot be set up")]
    Metrics(#[from] prometheus::Error),
}

//! The errors of starting a server.

use std::io;

use store::{StoreError, account::AccountError};

use crate::{
    auth::{oidc::ProviderError, secret::SecretError},
    notify::NotifierError,
    redis::RedisFailure,
};

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file cannot be opened, or a port cannot be bound.
    #[error("{what}")]
    Io {
        /// What failed.
        what: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The store of accounts cannot be opened.
    #[error("cannot open the store of accounts")]
    Accounts(#[from] AccountError),
    /// The store of traces cannot be opened.
    #[error("cannot open the store of traces")]
    Traces(#[from] StoreError),
    /// The secret that signs tokens cannot be read or created.
    #[error("cannot read or create the JWT secret")]
    Secret(#[from] SecretError),
    /// The URL of Redis is invalid.
    #[error("REDIS_URL: must be a valid Redis URL")]
    Redis(#[from] RedisFailure),
    /// The HTTP client for the other roles cannot be created.
    #[error("cannot create the HTTP client for the other roles")]
    Client(#[from] reqwest::Error),
    /// The client for notifications cannot be created.
    #[error("cannot create the client for notifications")]
    Notify(#[from] NotifierError),
    /// The client of the OpenID Connect provider cannot be created.
    #[error("cannot create the client for OIDC_ISSUER")]
    Oidc(#[from] ProviderError),
    /// Two metrics have the same name.
    #[error("cannot register the metrics")]
    Metrics(#[from] prometheus::Error),
}

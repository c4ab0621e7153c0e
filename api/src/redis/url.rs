//! The URL of Redis, whose password is never printed.

use std::{fmt, str::FromStr};

use ::redis::{ConnectionInfo, IntoConnectionInfo};

/// `redis://[user:password@]host[:port][/database]`, or `rediss://…` for TLS with the system's root certificates or
/// those of `SSL_CERT_FILE`.
#[derive(Clone)]
pub struct RedisUrl(ConnectionInfo);

/// The text is not a URL of Redis. The error does not contain it because it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected redis://host:6379 or, with TLS, rediss://host:6379")]
pub struct InvalidRedisUrl;

impl RedisUrl {
    pub(super) fn connection(&self) -> &ConnectionInfo {
        &self.0
    }
}

impl FromStr for RedisUrl {
    type Err = InvalidRedisUrl;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A fragment would disable certificate verification.
        let sound = (text.starts_with("redis://") || text.starts_with("rediss://")) && !text.contains('#');
        if !sound {
            return Err(InvalidRedisUrl);
        }
        text.into_connection_info().map(Self).map_err(|_| InvalidRedisUrl)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns only the host and port.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.addr())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn prints_host_and_port_but_not_the_password() {
        for text in ["redis://ada:hunter2@cache.example:6380/3", "rediss://:hunter2@cache.example:6380"] {
            let url: RedisUrl = text.parse().unwrap();
            let shown = format!("{url} {url:?}");
            assert!(shown.contains("cache.example:6380") && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn rejects_other_urls_without_showing_them() {
        for text in
            ["", "hunter2", "http://cache", "redis://", "redis://:hunter2@cache:port", "rediss://h/#insecure"]
        {
            let error = text.parse::<RedisUrl>().unwrap_err();
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}

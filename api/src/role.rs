//! The roles that a server can run as separate processes.

use std::fmt;

use clap::ValueEnum;

/// The role of a process in a deployment with separate processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Serves accounts, credentials, rate limits and the SPA; forwards all other requests.
    Gateway,
    /// Validates incoming traces and queues them.
    Ingestion,
    /// Reads traces from the queue and stores them; evaluates alert rules.
    Processing,
    /// Serves queries.
    Query,
}

impl Role {
    /// Returns the name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Ingestion => "ingestion",
            Self::Processing => "processing",
            Self::Query => "query",
        }
    }

    /// Returns the default port.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Gateway => 8000,
            Self::Ingestion => 8001,
            Self::Processing => 8002,
            Self::Query => 8003,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! The four roles that a server can be run in, each by itself.

use std::fmt;

use clap::ValueEnum;

/// What a process does where the roles run apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Accounts, credentials, limits and the pages; hands everything else on.
    Gateway,
    /// Checks incoming traces and puts them on the queue.
    Ingestion,
    /// Takes traces off the queue and writes them.
    Processing,
    /// Answers what is asked of the traces.
    Query,
}

impl Role {
    /// Where it listens if nobody says otherwise.
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
        f.write_str(match self {
            Self::Gateway => "gateway",
            Self::Ingestion => "ingestion",
            Self::Processing => "processing",
            Self::Query => "query",
        })
    }
}

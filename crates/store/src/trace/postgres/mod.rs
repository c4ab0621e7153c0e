//! Traces on PostgreSQL, with or without TimescaleDB. Both have the same tables and the same writes. Only the source of the
//! rollups by agent and model differs.

mod key;
mod lock;
mod maintain;
pub(super) mod schema;
mod score;
pub(super) mod stale;
pub(super) mod trace;
pub(super) mod write;

use std::time::Duration;

pub use self::schema::Layout;
pub(super) use self::{
    key::trace_key,
    lock::{lock_due, lock_workspaces},
    maintain::{Maintenance, maintain},
    score::upsert_newer_scores,
};

/// What happens to old traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// The age in whole days at which traces are deleted. `None` keeps them forever.
    pub retention: Option<Duration>,
    /// The age at which TimescaleDB compresses traces. `None` disables compression.
    pub compress_after: Option<Duration>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { retention: None, compress_after: Some(Duration::from_secs(7 * 86_400)) }
    }
}

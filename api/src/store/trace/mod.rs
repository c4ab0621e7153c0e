//! The store of traces, spans, scores, rollups and alerts: one enum over the engines, so that callers neither box nor
//! carry generics. The engines hold the SQL; what is the same for all of them (the shape of a row, how a window is cut
//! along the rollups, histograms) stands beside them here.

pub mod histogram;
pub mod list;
pub mod plan;
pub mod record;
pub mod sqlite;
pub mod sums;

use std::path::Path;

use shared::{
    Timestamp,
    alert::{Alert, Severity},
    metric::Dimension,
    page::ItemList,
    time_range::Window,
    trace::{Trace, TraceDetail},
};
use uuid::Uuid;

use self::{
    list::{ListPage, ListRequest},
    record::{NewScore, NewTrace},
    sqlite::SqliteTraces,
    sums::{GroupedSums, Sums},
};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine refused or could not be reached.
    #[error("the trace store failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the trace store's migrations failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// What is stored is not what this version writes.
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether the same may well succeed later: the engine is away, busy or full, and what it was given is not at fault.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                // SQLite's busy, locked, out of memory, I/O error, full and cannot open, whatever follows in the upper bits.
                let code = error.code().and_then(|code| code.parse::<u32>().ok());
                code.is_some_and(|code| matches!(code & 0xff, 5 | 6 | 7 | 10 | 13 | 14))
            }
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
            Self::Migrate(_) | Self::Corrupt(_) => false,
        }
    }
}

/// What became of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many traces were new; the rest of them was there already.
    pub new: usize,
}

/// The traces of all workspaces, on one of the engines.
#[derive(Clone, Debug)]
pub enum TraceStore {
    /// One file on this machine.
    Sqlite(SqliteTraces),
}

impl TraceStore {
    /// Opens (and makes, and migrates) the file at `path`.
    ///
    /// # Errors
    /// Where the file cannot be opened or its schema not be brought up to date.
    pub async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::Sqlite(SqliteTraces::open(path).await?))
    }

    /// Writes traces with their spans and rollups in one transaction: all or nothing. A trace that is there already
    /// (by workspace and trace id, in the store or earlier in `traces`) is left as it is and counts nothing.
    ///
    /// # Errors
    /// Where the transaction did not commit; nothing of it is stored then.
    pub async fn write(&self, traces: &[&NewTrace]) -> Result<Written, StoreError> {
        match self {
            Self::Sqlite(store) => store.write(traces).await,
        }
    }

    /// Keeps a score and moves its trace's quality, in the rollups too. A score of the same trace and name is replaced;
    /// one whose trace is not there yet waits for it.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn score(&self, score: &NewScore) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.score(score).await,
        }
    }

    /// The exact sums of several windows, read in one snapshot.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn sums(&self, workspace_id: Uuid, windows: &[Window]) -> Result<Vec<Sums>, StoreError> {
        match self {
            Self::Sqlite(store) => store.sums(workspace_id, windows).await,
        }
    }

    /// The exact sums of each step of a window, for all traces together.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn sums_by_step(
        &self,
        workspace_id: Uuid,
        window: Window,
        step: std::time::Duration,
    ) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
        match self {
            Self::Sqlite(store) => store.sums_by_step(workspace_id, window, step).await,
        }
    }

    /// Sums and latency histograms of each step (the whole window where `None`) and each group (all together where
    /// `None`).
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn sums_by_group(
        &self,
        workspace_id: Uuid,
        window: Window,
        step: Option<std::time::Duration>,
        group: Option<Dimension>,
    ) -> Result<GroupedSums, StoreError> {
        match self {
            Self::Sqlite(store) => store.sums_by_group(workspace_id, window, step, group).await,
        }
    }

    /// A page of traces, newest first.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn list(&self, request: &ListRequest) -> Result<ListPage, StoreError> {
        match self {
            Self::Sqlite(store) => store.list(request).await,
        }
    }

    /// The newest traces of a window and how many it holds.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn recent(
        &self,
        workspace_id: Uuid,
        window: Window,
        limit: u32,
    ) -> Result<ItemList<Trace>, StoreError> {
        let request = ListRequest::first(workspace_id, window, limit);
        let page = self.list(&request).await?;
        Ok(ItemList { items: page.items, total: page.total })
    }

    /// One trace with everything in it.
    ///
    /// # Errors
    /// Where the engine fails or a payload cannot be read.
    pub async fn detail(
        &self,
        workspace_id: Uuid,
        trace_id: &str,
    ) -> Result<Option<TraceDetail>, StoreError> {
        match self {
            Self::Sqlite(store) => store.detail(workspace_id, trace_id).await,
        }
    }

    /// Keeps alerts; one with an id that is there already is left as it is.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn insert_alerts(&self, alerts: &[Alert]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.insert_alerts(alerts).await,
        }
    }

    /// The newest alerts, and how many there are.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn recent_alerts(
        &self,
        workspace_id: Uuid,
        limit: u32,
        severity: Option<Severity>,
    ) -> Result<ItemList<Alert>, StoreError> {
        match self {
            Self::Sqlite(store) => store.recent_alerts(workspace_id, limit, severity).await,
        }
    }

    /// When the newest trace of the workspace started.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn newest(&self, workspace_id: Uuid) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(store) => store.newest(workspace_id).await,
        }
    }

    /// Whether the engine answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.ping().await,
        }
    }

    /// Finishes what is under way and closes the files.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
        }
    }
}

//! The store of traces, spans, scores and rollups: one enum over the engines, so that callers neither box nor
//! carry generics. The engines hold the SQL; what is the same for all of them (the shape of a row, how a window is cut
//! along the rollups, histograms) stands beside them here.

mod batch;
mod detail;
mod gather;
mod group;
pub mod list;
mod loose;
mod migrate;
mod page;
mod payload;
pub mod postgres;
mod promotion;
pub mod recost;
mod row;
mod search;
mod seek;
mod select;
mod snapshot;
pub mod sqlite;
mod stored;
mod table;
pub mod thread;
mod total;
pub mod window;
mod writing;

use std::path::Path;

use domain::{
    rollup::{
        sums::{GroupedSums, Sums},
        window::WindowSums,
    },
    trace::record::{LooseSpan, NewScore, NewTrace},
};
use shared::{
    Timestamp,
    metric::Dimension,
    page::ItemList,
    session::{Thread, ThreadSummary},
    span::{Span, SpanMatches},
    time_range::Window,
    trace::{Trace, TraceDetail},
};
use uuid::Uuid;

use self::{
    detail::Depth,
    list::{ListPage, ListRequest},
    postgres::{Layout, Lifecycle, PostgresTraces},
    sqlite::SqliteTraces,
    thread::{ThreadListRequest, ThreadRequest},
};
use crate::database::{
    Database,
    postgres::{PostgresSettings, Retries},
};

/// Puts an answer together from one snapshot of whichever engine it is. Where the connection to a server breaks, from
/// another.
macro_rules! answer {
    ($store:expr, $snapshot:ident => $answer:expr) => {
        match $store {
            TraceStore::Sqlite(store) => {
                let $snapshot = &mut store.snapshot().await?;
                $answer.await
            }
            TraceStore::Postgres(store) => {
                let mut retries = Retries::default();
                loop {
                    let attempt = async {
                        let $snapshot = &mut store.snapshot().await?;
                        $answer.await
                    };
                    match attempt.await {
                        Err(StoreError::Database(error)) if retries.again(&error).await => {}
                        done => break done,
                    }
                }
            }
        }
    };
}

// After the macro, which it uses.
mod transfer;

pub use self::transfer::Tally;
pub use crate::error::StoreError;

/// What became of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many traces, or spans that came by themselves, were new; the rest of them was there already.
    pub new: usize,
    /// Spans that came by themselves and are not kept: their trace has as many as one may have.
    pub dropped: usize,
}

/// The traces of all workspaces, on one of the engines.
#[derive(Clone, Debug)]
pub enum TraceStore {
    /// One file on this machine.
    Sqlite(SqliteTraces),
    /// A database on a PostgreSQL server, with TimescaleDB or without.
    Postgres(PostgresTraces),
}

impl TraceStore {
    /// Returns the connections to the database, for the stores of its other tables.
    #[must_use]
    pub fn database(&self) -> Database {
        match self {
            Self::Sqlite(store) => store.database(),
            Self::Postgres(store) => store.database(),
        }
    }

    /// Opens (and makes, and migrates) the file at `path`.
    ///
    /// # Errors
    /// Where the file cannot be opened or its schema not be brought up to date.
    pub async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::Sqlite(SqliteTraces::open(path).await?))
    }

    /// Opens the database that the settings name, and migrates it: with TimescaleDB where the server has it, unless the
    /// database was begun without. Several may do so at once.
    ///
    /// # Errors
    /// Where the server cannot be reached or the schema not be brought up to date.
    pub async fn open_postgres(
        settings: &PostgresSettings,
        lifecycle: &Lifecycle,
    ) -> Result<Self, StoreError> {
        Ok(Self::Postgres(PostgresTraces::open(settings, Some(*lifecycle), None).await?))
    }

    /// Opens (and migrates) the database that the settings name for who does not maintain it: what becomes of old traces
    /// stays as others have set it.
    ///
    /// # Errors
    /// As [`TraceStore::open_postgres`].
    pub async fn open_postgres_leaving_policies(settings: &PostgresSettings) -> Result<Self, StoreError> {
        Ok(Self::Postgres(PostgresTraces::open(settings, None, None).await?))
    }

    /// The same as [`TraceStore::open_postgres`] for a database that is to be laid out in a certain way, whatever the server has.
    ///
    /// # Errors
    /// As [`TraceStore::open_postgres`].
    pub async fn open_postgres_as(
        settings: &PostgresSettings,
        lifecycle: &Lifecycle,
        layout: Layout,
    ) -> Result<Self, StoreError> {
        Ok(Self::Postgres(PostgresTraces::open(settings, Some(*lifecycle), Some(layout)).await?))
    }

    /// Does what has to be done now and then: drops what is older than the settings say, refreshes what came late. To be
    /// called every few minutes by whoever writes; of several that do, one works. SQLite keeps everything, and has
    /// nothing to refresh.
    ///
    /// # Errors
    /// Where the engine fails. What was done stays done.
    pub async fn maintain(&self, now: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(store) => store.maintain(now).await,
        }
    }

    /// Writes traces with their spans and rollups in one transaction: all or nothing. A trace that is there already
    /// (by workspace and trace id, in the store or earlier in `traces`) is left as it is and counts nothing.
    ///
    /// # Errors
    /// Where the transaction did not commit; nothing of it is stored then.
    pub async fn write(&self, traces: &[&NewTrace]) -> Result<Written, StoreError> {
        match self {
            Self::Sqlite(store) => store.write(traces).await,
            Self::Postgres(store) => store.write(traces).await,
        }
    }

    /// Writes spans that came by themselves, and puts their traces together anew, in one transaction: all or nothing. A
    /// span that is there already (by workspace, trace and span id) is left as it is. A trace counts from the moment its
    /// outermost span is there; until then its spans wait.
    ///
    /// # Errors
    /// Where the transaction did not commit; nothing of it is stored then.
    pub async fn write_spans(&self, spans: &[&LooseSpan]) -> Result<Written, StoreError> {
        match self {
            Self::Sqlite(store) => store.write_spans(spans).await,
            Self::Postgres(store) => store.write_spans(spans).await,
        }
    }

    /// Makes traces of those that wait for their outermost span and of which nothing has come since `before`: another
    /// span stands for it. Answers the workspaces that changed.
    ///
    /// # Errors
    /// Where the engine fails. What was done stays done.
    pub async fn promote(&self, before: Timestamp) -> Result<Vec<Uuid>, StoreError> {
        match self {
            Self::Sqlite(store) => store.promote(before).await,
            Self::Postgres(store) => store.promote(before).await,
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
            Self::Postgres(store) => store.score(score).await,
        }
    }

    /// The exact sums of several windows, read in one snapshot.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn sums(&self, workspace_id: Uuid, windows: &[Window]) -> Result<Vec<Sums>, StoreError> {
        answer!(self, snapshot => total::sums(snapshot, workspace_id, windows))
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
        answer!(self, snapshot => total::sums_by_step(snapshot, workspace_id, window, step))
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
        answer!(self, snapshot => group::sums_by_group(snapshot, workspace_id, window, step, group))
    }

    /// Sums and latency histograms by agent and model of many windows, read in one snapshot; and when the newest trace of
    /// each agent and model started in those of the windows that are in `newest_of`.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn window_sums(
        &self,
        workspace_id: Uuid,
        windows: &[Window],
        newest_of: &[Window],
    ) -> Result<WindowSums, StoreError> {
        answer!(self, snapshot => window::window_sums(snapshot, workspace_id, windows, newest_of))
    }

    /// A page of traces, newest first.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn list(&self, request: &ListRequest) -> Result<ListPage, StoreError> {
        answer!(self, snapshot => page::list(snapshot, request))
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
        answer!(self, snapshot => detail::detail(snapshot, workspace_id, trace_id, Depth::Payloads))
    }

    /// The same without what its spans have of inputs, outputs, attributes and everything else that is long.
    ///
    /// # Errors
    /// As [`TraceStore::detail`].
    pub async fn tree(&self, workspace_id: Uuid, trace_id: &str) -> Result<Option<TraceDetail>, StoreError> {
        answer!(self, snapshot => detail::detail(snapshot, workspace_id, trace_id, Depth::Rows))
    }

    /// One span with everything in it.
    ///
    /// # Errors
    /// As [`TraceStore::detail`].
    pub async fn span(
        &self,
        workspace_id: Uuid,
        trace_id: &str,
        span_id: &str,
    ) -> Result<Option<Span>, StoreError> {
        answer!(self, snapshot => detail::span(snapshot, workspace_id, trace_id, span_id))
    }

    /// The spans of a trace that hold `text` in any of what they show, in upper or lower case; nothing where there is no
    /// such trace.
    ///
    /// # Errors
    /// As [`TraceStore::detail`].
    pub async fn search(
        &self,
        workspace_id: Uuid,
        trace_id: &str,
        text: &str,
    ) -> Result<Option<SpanMatches>, StoreError> {
        answer!(self, snapshot => search::search(snapshot, workspace_id, trace_id, text))
    }

    /// A session or user with a page of its traces; nothing where it has none.
    ///
    /// # Errors
    /// Where the engine fails or a payload cannot be read.
    pub async fn thread(&self, request: &ThreadRequest) -> Result<Option<Thread>, StoreError> {
        answer!(self, snapshot => thread::thread(snapshot, request))
    }

    /// The sessions or users of a window, latest activity first, and how many there are.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn threads(&self, request: &ThreadListRequest) -> Result<ItemList<ThreadSummary>, StoreError> {
        answer!(self, snapshot => thread::threads(snapshot, request))
    }

    /// When the newest trace of the workspace started.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn newest(&self, workspace_id: Uuid) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(store) => store.newest(workspace_id).await,
            Self::Postgres(store) => store.newest(workspace_id).await,
        }
    }

    /// Whether the engine answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(store) => store.ping().await,
            Self::Postgres(store) => store.ping().await,
        }
    }

    /// Finishes what is under way and closes the files.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

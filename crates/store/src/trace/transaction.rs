//! Transactions of the trace store, and statements that both reading and writing need.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{
    TraceStore,
    postgres::{self, Layout},
};
use crate::{
    database::{Transaction, timestamp::SqlTimestamp},
    error::StoreError,
};

/// A read transaction, which sees a consistent state of the traces. All reads use one.
pub(crate) struct ReadTransaction {
    pub(crate) transaction: Transaction,
    pub(crate) layout: Layout,
}

/// A transaction that changes traces.
pub(crate) struct WriteTransaction {
    pub(crate) transaction: Transaction,
    pub(crate) layout: Layout,
    /// On PostgreSQL, the numbers of the traces that got their keys in this transaction.
    pub(crate) created: HashSet<i64>,
}

/// The position of a trace in its table.
#[derive(Clone, Copy, sqlx::FromRow)]
pub(crate) struct TracePosition {
    pub(crate) timestamp: SqlTimestamp,
    pub(crate) id: i64,
}

impl TraceStore {
    /// Begins a read transaction.
    pub(crate) async fn read(&self) -> Result<ReadTransaction, StoreError> {
        Ok(ReadTransaction { transaction: self.database.read().await?, layout: self.layout })
    }

    /// Begins a write transaction.
    pub(crate) async fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        let transaction = self.database.write().await?;
        Ok(WriteTransaction { transaction, layout: self.layout, created: HashSet::new() })
    }
}

impl WriteTransaction {
    /// Locks workspaces until the transaction ends: no other transaction changes their rollups, or matches their scores
    /// with their traces. On SQLite every write transaction locks the whole file already.
    pub(crate) async fn lock_workspaces(
        &mut self,
        workspaces: impl Iterator<Item = Uuid>,
    ) -> Result<(), StoreError> {
        match &mut self.transaction {
            Transaction::Sqlite(_) => Ok(()),
            Transaction::Postgres(connection) => postgres::lock_workspaces(connection, workspaces).await,
        }
    }
}

/// Returns the position of a trace.
pub(crate) async fn find_trace(
    transaction: &mut Transaction,
    workspace_id: Uuid,
    trace_id: &str,
) -> Result<Option<TracePosition>, StoreError> {
    let statement = match transaction {
        Transaction::Sqlite(_) => transaction
            .sql("SELECT timestamp, id FROM traces WHERE workspace_id = $1 AND trace_id = $2")
            .bind(workspace_id)
            .bind(trace_id),
        Transaction::Postgres(_) => transaction
            .sql("SELECT timestamp, id FROM trace_keys WHERE key = $1")
            .bind(postgres::trace_key(workspace_id, trace_id)),
    };
    statement.fetch_optional().await
}

/// Returns the number of spans of traces. Traces without spans are left out.
pub(crate) async fn count_spans(
    transaction: &mut Transaction,
    traces: &[i64],
) -> Result<HashMap<i64, usize>, StoreError> {
    let mut select = transaction.sql("SELECT trace, COUNT(*) FROM spans WHERE trace");
    select.push_ids(traces).push(" GROUP BY trace");
    let counts: Vec<(i64, i64)> = select.fetch_all().await?;
    Ok(counts.into_iter().map(|(id, count)| (id, usize::try_from(count).unwrap_or(usize::MAX))).collect())
}

/// The maximum number of spans in memory at once, unless a single trace has more: a batch may change thousands of traces
/// with thousands of spans each.
pub(crate) const MAX_SPANS_IN_MEMORY: usize = 50_000;

/// Returns how many traces with these numbers of spans are processed together: at least one, and otherwise at most
/// [`MAX_SPANS_IN_MEMORY`] spans.
pub(crate) fn batch_length(sizes: impl Iterator<Item = usize>) -> usize {
    let mut sum = 0;
    let fitting = sizes.take_while(|size| {
        sum += size;
        sum <= MAX_SPANS_IN_MEMORY
    });
    fitting.count().max(1)
}

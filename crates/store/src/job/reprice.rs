//! Jobs that reprice stored traces: their windows, leases and progress.

use domain::trace::cursor::Cursor;
use shared::{
    Timestamp, limit,
    page::ItemList,
    price::{Reprice, RepriceRequest},
};
use uuid::Uuid;

use super::JobStore;
use crate::{
    database::{count, timestamp::SqlTimestamp},
    error::StoreError,
};

/// The maximum number of jobs in a list.
const MAX_LISTED: i64 = 50;

/// A job that is leased to a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct RepriceLease {
    /// The workspace that owns the traces.
    pub workspace_id: Uuid,
    /// The job.
    pub reprice: Reprice,
    /// The last trace that was repriced; `None` before the first.
    pub last: Option<Cursor>,
    /// The worker that holds the lease.
    pub worker: Uuid,
}

/// The progress of a job since the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepriceStep {
    /// The last trace that was repriced.
    pub last: Option<Cursor>,
    /// Traces that were read.
    pub seen: u64,
    /// Traces whose cost changed.
    pub changed: u64,
    /// When the job finished; `None` if traces are left.
    pub finished_at: Option<Timestamp>,
    /// When the lease expires.
    pub leased_until: Timestamp,
}

/// The columns of [`RepriceRow`].
macro_rules! reprice_columns {
    () => {
        "id, workspace_id, window_start, window_end, created_at, finished_at, last_start, last_trace, traces_seen, \
         traces_changed"
    };
}

#[derive(sqlx::FromRow)]
struct RepriceRow {
    id: Uuid,
    workspace_id: Uuid,
    window_start: SqlTimestamp,
    window_end: SqlTimestamp,
    created_at: SqlTimestamp,
    finished_at: Option<SqlTimestamp>,
    last_start: Option<SqlTimestamp>,
    last_trace: Option<i64>,
    traces_seen: i64,
    traces_changed: i64,
}

impl RepriceRow {
    fn into_reprice(self) -> Reprice {
        Reprice {
            id: self.id,
            request: RepriceRequest { start: self.window_start.0, end: self.window_end.0 },
            created_at: self.created_at.0,
            finished_at: self.finished_at.map(|moment| moment.0),
            traces_seen: count(self.traces_seen),
            traces_changed: count(self.traces_changed),
        }
    }

    fn into_lease(self, worker: Uuid) -> RepriceLease {
        let last = self.last_start.zip(self.last_trace);
        RepriceLease {
            workspace_id: self.workspace_id,
            last: last.map(|(start, id)| Cursor { timestamp: start.0, id }),
            reprice: self.into_reprice(),
            worker,
        }
    }
}

impl JobStore {
    /// Creates a job, or returns the unfinished job of the same window. Returns `None` if the workspace has
    /// [`limit::CONCURRENT_REPRICES`] other unfinished jobs.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn create_reprice(
        &self,
        workspace_id: Uuid,
        request: RepriceRequest,
        now: Timestamp,
    ) -> Result<Option<Reprice>, StoreError> {
        let mut transaction = self.database.write().await?;
        let others: i64 = transaction
            .sql(
                "SELECT COUNT(*) FROM reprices WHERE workspace_id = $1 AND finished_at IS NULL \
                 AND NOT (window_start = $2 AND window_end = $3)",
            )
            .bind(workspace_id)
            .bind(SqlTimestamp(request.start))
            .bind(SqlTimestamp(request.end))
            .fetch_scalar()
            .await?;
        if usize::try_from(others).unwrap_or(0) >= limit::CONCURRENT_REPRICES {
            return Ok(None);
        }
        // The update changes nothing: it makes the statement return the existing row.
        let row: RepriceRow = transaction
            .sql(concat!(
                "INSERT INTO reprices (id, workspace_id, window_start, window_end, created_at, traces_seen, \
                 traces_changed) VALUES ($1, $2, $3, $4, $5, 0, 0) \
                 ON CONFLICT (workspace_id, window_start, window_end) WHERE finished_at IS NULL \
                 DO UPDATE SET created_at = reprices.created_at RETURNING ",
                reprice_columns!()
            ))
            .bind(Uuid::new_v4())
            .bind(workspace_id)
            .bind(SqlTimestamp(request.start))
            .bind(SqlTimestamp(request.end))
            .bind(SqlTimestamp(now))
            .fetch_one()
            .await?;
        transaction.commit().await?;
        Ok(Some(row.into_reprice()))
    }

    /// Returns the workspace's newest jobs and how many there are in total.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn list_reprices(&self, workspace_id: Uuid) -> Result<ItemList<Reprice>, StoreError> {
        let mut transaction = self.database.read().await?;
        let rows: Vec<RepriceRow> = transaction
            .sql(concat!(
                "SELECT ",
                reprice_columns!(),
                " FROM reprices WHERE workspace_id = $1 ORDER BY created_at DESC, id LIMIT $2"
            ))
            .bind(workspace_id)
            .bind(MAX_LISTED)
            .fetch_all()
            .await?;
        let total: i64 = transaction
            .sql("SELECT COUNT(*) FROM reprices WHERE workspace_id = $1")
            .bind(workspace_id)
            .fetch_scalar()
            .await?;
        let items = rows.into_iter().map(RepriceRow::into_reprice).collect();
        Ok(ItemList { items, total: count(total) })
    }

    /// Leases the oldest unfinished job without a current lease to `worker`.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn lease_reprice(
        &self,
        worker: Uuid,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<RepriceLease>, StoreError> {
        // Most of the time there is none: find out without a write transaction.
        let found: Option<(Uuid,)> = self
            .database
            .sql(
                "SELECT id FROM reprices WHERE finished_at IS NULL \
                 AND (leased_until IS NULL OR leased_until <= $1) ORDER BY created_at, id LIMIT 1",
            )
            .bind(SqlTimestamp(now))
            .fetch_optional()
            .await?;
        let Some((id,)) = found else { return Ok(None) };
        let mut transaction = self.database.write().await?;
        // Another worker may have leased it meanwhile.
        let row: Option<RepriceRow> = transaction
            .sql(concat!(
                "UPDATE reprices SET worker = $1, leased_until = $2 WHERE id = $3 AND finished_at IS NULL \
                 AND (leased_until IS NULL OR leased_until <= $4) RETURNING ",
                reprice_columns!()
            ))
            .bind(worker)
            .bind(SqlTimestamp(leased_until))
            .bind(id)
            .bind(SqlTimestamp(now))
            .fetch_optional()
            .await?;
        transaction.commit().await?;
        Ok(row.map(|row| row.into_lease(worker)))
    }

    /// Records the progress of a job and extends its lease. Returns false if the lease expired and another worker took over.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    pub async fn record_reprice_step(
        &self,
        lease: &RepriceLease,
        step: RepriceStep,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.write().await?;
        let updated = transaction
            .sql(
                "UPDATE reprices SET last_trace = $1, traces_seen = traces_seen + $2, \
                 traces_changed = traces_changed + $3, finished_at = $4, leased_until = $5, last_start = $8 \
                 WHERE id = $6 AND worker = $7 AND finished_at IS NULL",
            )
            .bind(step.last.map(|last| last.id))
            .bind(i64::try_from(step.seen).unwrap_or(i64::MAX))
            .bind(i64::try_from(step.changed).unwrap_or(i64::MAX))
            .bind(step.finished_at.map(SqlTimestamp))
            .bind(SqlTimestamp(step.leased_until))
            .bind(lease.reprice.id)
            .bind(lease.worker)
            .bind(step.last.map(|last| SqlTimestamp(last.timestamp)))
            .execute()
            .await?;
        transaction.commit().await?;
        Ok(updated > 0)
    }
}

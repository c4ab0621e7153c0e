//! Promotion: pending traces without new spans become incomplete traces, with another span in place of the root span. One
//! trace that cannot be promoted does not block the others.

use domain::trace::{assembly::assemble, record::Assembly};
use shared::Timestamp;
use tracing::instrument;
use uuid::Uuid;

use super::{
    assemble::TraceChanges,
    record::{KnownTrace, TraceName, TraceState},
};
use crate::{
    database::{Transaction, postgres::Retries, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        TraceStore, postgres,
        transaction::{WriteTransaction, batch_length, count_spans},
    },
};

/// The maximum number of traces that are promoted in one transaction.
const BATCH_TRACES: i64 = 256;

impl TraceStore {
    /// Promotes the pending traces that have received no spans since `before`. Returns the workspaces that changed.
    ///
    /// # Errors
    /// Returns an error if nothing was promoted because the database is not available.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "INSERT"))]
    pub async fn promote(&self, before: Timestamp) -> Result<Vec<Uuid>, StoreError> {
        let mut promotion = Promotion::default();
        let mut retries = Retries::default();
        loop {
            let step = async { self.begin_write().await?.promote(before, promotion.batch_traces()).await };
            let result = match step.await {
                Err(StoreError::Database(error)) if retries.should_retry(&error).await => continue,
                result => result,
            };
            match promotion.next(result)? {
                Next::Promote => {}
                Next::Postpone => self.postpone(before).await?,
                Next::End(workspaces) => return Ok(workspaces),
            }
        }
    }

    /// Postpones the first pending trace that is due, as if it had received a span.
    async fn postpone(&self, before: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.database.write().await?;
        transaction
            .sql(
                "UPDATE waiting_traces SET last_seen = $1 WHERE id = \
                 (SELECT id FROM waiting_traces WHERE last_seen < $1 ORDER BY last_seen, id LIMIT 1)",
            )
            .bind(SqlTimestamp(before))
            .execute()
            .await?;
        transaction.commit().await
    }
}

/// A pending trace that is due.
#[derive(sqlx::FromRow)]
pub(crate) struct DueTrace {
    pub(crate) id: i64,
    pub(crate) workspace_id: Uuid,
    pub(crate) trace_id: String,
}

impl DueTrace {
    fn name(&self) -> TraceName<'_> {
        (self.workspace_id, &self.trace_id)
    }
}

impl WriteTransaction {
    /// Promotes at most `limit` traces and returns their workspaces, or `None` if no trace is due.
    async fn promote(mut self, before: Timestamp, limit: i64) -> Result<Option<Vec<Uuid>>, StoreError> {
        let mut due: Vec<DueTrace> = self
            .transaction
            .sql(
                "SELECT id, workspace_id, trace_id FROM waiting_traces WHERE last_seen < $1 \
                 ORDER BY last_seen, id LIMIT $2",
            )
            .bind(SqlTimestamp(before))
            .bind(limit)
            .fetch_all()
            .await?;
        if due.is_empty() {
            return Ok(None);
        }
        if let Transaction::Postgres(connection) = &mut self.transaction {
            due = postgres::lock_due(connection, &due, before).await?;
            if due.is_empty() {
                return Ok(Some(Vec::new()));
            }
        }
        let ids: Vec<i64> = due.iter().map(|trace| trace.id).collect();
        let sizes = count_spans(&mut self.transaction, &ids).await?;
        let sizes = ids.iter().map(|id| sizes.get(id).copied().unwrap_or(0));
        due.truncate(batch_length(sizes));
        let mut by_trace = self.span_summaries(&ids[..due.len()]).await?;
        let mut changes = TraceChanges::default();
        for trace in &due {
            let spans = by_trace.remove(&trace.id).unwrap_or_default();
            match assemble(&spans, true) {
                Some(assembled) => {
                    debug_assert_eq!(assembled.trace.assembly, Assembly::Incomplete);
                    let known = KnownTrace { id: trace.id, state: TraceState::Pending };
                    changes.add(&mut self, trace.name(), known, &spans, assembled).await?;
                }
                None => changes.no_longer_pending.push(trace.name()),
            }
        }
        changes.apply(&mut self).await?;
        self.transaction.commit().await?;
        Ok(Some(due.into_iter().map(|trace| trace.workspace_id).collect()))
    }
}

/// The progress of a promotion.
#[derive(Default)]
struct Promotion {
    workspaces: Vec<Uuid>,
    /// Whether a transaction failed. From then on traces are promoted one by one, to find the one that fails.
    one_by_one: bool,
}

/// The next step of a promotion.
enum Next {
    /// Promote more traces.
    Promote,
    /// Postpone the first trace that is due.
    Postpone,
    /// The promotion is finished; these workspaces changed.
    End(Vec<Uuid>),
}

impl Promotion {
    /// Returns the maximum number of traces of the next transaction.
    fn batch_traces(&self) -> i64 {
        if self.one_by_one { 1 } else { BATCH_TRACES }
    }

    /// Returns the next step after the result of a transaction: the workspaces of the promoted traces, or `None` if no trace
    /// is due.
    fn next(&mut self, result: Result<Option<Vec<Uuid>>, StoreError>) -> Result<Next, StoreError> {
        match result {
            Ok(Some(changed)) => self.workspaces.extend(changed),
            Ok(None) => return Ok(self.end()),
            Err(error) if error.is_transient() && self.workspaces.is_empty() => return Err(error),
            // The caller needs the workspaces that changed. The next call meets the same error.
            Err(error) if error.is_transient() => {
                tracing::warn!(?error, "promoted only some pending traces, retrying later");
                return Ok(self.end());
            }
            Err(_) if !self.one_by_one => self.one_by_one = true,
            Err(error) => {
                tracing::error!(?error, "failed to promote a pending trace");
                return Ok(Next::Postpone);
            }
        }
        Ok(Next::Promote)
    }

    fn end(&mut self) -> Next {
        self.workspaces.sort_unstable();
        self.workspaces.dedup();
        Next::End(std::mem::take(&mut self.workspaces))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn returns_the_promoted_workspaces_if_a_later_transaction_fails() {
        let unavailable = || Err(StoreError::Database(sqlx::Error::PoolTimedOut));
        let workspace_id = Uuid::new_v4();
        let mut promotion = Promotion::default();
        assert!(promotion.next(unavailable()).is_err(), "nothing was promoted");
        promotion.next(Ok(Some(vec![workspace_id, workspace_id]))).unwrap();
        let Next::End(workspaces) = promotion.next(unavailable()).unwrap() else {
            panic!("promotion goes on")
        };
        assert_eq!(workspaces, [workspace_id]);
    }

    #[test]
    fn promotes_or_postpones_one_by_one_after_a_failure() {
        let broken = || Err(StoreError::corrupt("test"));
        let mut promotion = Promotion::default();
        assert!(promotion.batch_traces() > 1);
        assert!(matches!(promotion.next(broken()).unwrap(), Next::Promote));
        assert_eq!(promotion.batch_traces(), 1);
        assert!(matches!(promotion.next(broken()).unwrap(), Next::Postpone));
        assert!(matches!(promotion.next(Ok(None)).unwrap(), Next::End(_)));
    }
}

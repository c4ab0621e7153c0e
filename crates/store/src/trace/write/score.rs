//! Scores. The quality of a trace is the mean of its scores, on the trace and in the rollups. Scores may arrive before their
//! trace; they are stored as waiting until it arrives.

use std::sync::LazyLock;

use domain::{
    rollup::change::QualityChange,
    trace::{
        quality,
        record::{NewScore, NewTrace},
    },
};
use tracing::instrument;
use uuid::Uuid;

use super::{pending::name_columns, record::TraceName};
use crate::{
    database::{Transaction, retrying, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        TraceStore,
        bulk::Bulk,
        postgres,
        transaction::{WriteTransaction, find_trace},
    },
};

impl TraceStore {
    /// Writes a score and updates the quality of its trace. It replaces an older score with the same trace and name. If the
    /// trace does not exist yet, the score is applied when it arrives.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "INSERT"))]
    pub async fn score(&self, score: &NewScore) -> Result<(), StoreError> {
        retrying!(async { self.begin_write().await?.score(score).await })
    }

    /// Writes the scores that are newer than the stored ones, like [`TraceStore::score`], and returns their number. Each
    /// trace and name may occur only once.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "INSERT"))]
    pub async fn restore_scores(&self, scores: &[NewScore]) -> Result<u64, StoreError> {
        retrying!(async { self.begin_write().await?.restore_scores(scores).await })
    }
}

#[derive(sqlx::FromRow)]
struct ScoredTraceRow {
    agent_id: String,
    model: String,
    quality_sent: Option<i64>,
    quality: Option<i64>,
}

/// Inserts a score, or replaces the stored one if the condition that follows is true.
const UPSERT_SCORE: &str = "INSERT INTO scores (workspace_id, trace_id, name, score, comment, timestamp, waiting) \
     VALUES ($1, $2, $3, $4, $5, $6, TRUE) ON CONFLICT (workspace_id, trace_id, name) DO UPDATE \
     SET score = excluded.score, comment = excluded.comment, timestamp = excluded.timestamp, waiting = TRUE ";

/// Selects the traces that have waiting scores.
static SELECT_WAITING: LazyLock<Bulk> = LazyLock::new(|| {
    let from = "ON s.workspace_id = n.workspace_id AND s.trace_id = n.trace_id";
    Bulk::numbered(
        &name_columns(),
        |values| {
            format!(
                "WITH n (workspace_id, trace_id, number) AS ({values}) SELECT DISTINCT n.number AS number \
                 FROM n CROSS JOIN scores AS s {from} WHERE s.waiting = 1"
            )
        },
        |arrays| {
            format!(
                "SELECT DISTINCT n.number FROM {arrays} AS n (workspace_id, trace_id, number) \
                 JOIN scores AS s {from} WHERE s.waiting"
            )
        },
    )
});

impl WriteTransaction {
    async fn score(mut self, score: &NewScore) -> Result<(), StoreError> {
        // Lock before the score is inserted: a writer with the lock may be about to write its trace, and would miss the
        // score.
        self.lock_workspaces(std::iter::once(score.workspace_id)).await?;
        // Scores with the same time are replaced: a message may be processed twice, and out of order.
        self.upsert_score(score, "WHERE excluded.timestamp >= scores.timestamp").await?;
        self.apply_scores(score.workspace_id, &score.trace_id).await?;
        self.transaction.commit().await
    }

    async fn restore_scores(mut self, scores: &[NewScore]) -> Result<u64, StoreError> {
        self.lock_workspaces(scores.iter().map(|score| score.workspace_id)).await?;
        let (count, traces) = match &mut self.transaction {
            Transaction::Postgres(connection) => postgres::upsert_newer_scores(connection, scores).await?,
            Transaction::Sqlite(_) => {
                let mut changed = Vec::new();
                for score in scores {
                    if self.upsert_score(score, "WHERE excluded.timestamp > scores.timestamp").await? {
                        changed.push((score.workspace_id, score.trace_id.clone()));
                    }
                }
                (changed.len() as u64, changed)
            }
        };
        for (workspace_id, trace_id) in &traces {
            self.apply_scores(*workspace_id, trace_id).await?;
        }
        self.transaction.commit().await?;
        Ok(count)
    }

    /// Inserts or replaces a score and returns whether it did.
    async fn upsert_score(&mut self, score: &NewScore, condition: &'static str) -> Result<bool, StoreError> {
        let mut upsert = self.transaction.sql(UPSERT_SCORE);
        upsert.push(condition);
        let changed = upsert
            .bind(score.workspace_id)
            .bind(score.trace_id.as_str())
            .bind(score.name.as_str())
            .bind(score.score)
            .bind(score.comment.as_deref())
            .bind(SqlTimestamp(score.timestamp))
            .execute()
            .await?;
        Ok(changed > 0)
    }

    /// Applies the waiting scores of new traces.
    pub(super) async fn apply_pending_scores(&mut self, new: &[&NewTrace]) -> Result<(), StoreError> {
        let any_waiting: bool = self
            .transaction
            .sql_by_engine(
                "SELECT EXISTS (SELECT 1 FROM scores WHERE waiting = 1)",
                "SELECT EXISTS (SELECT 1 FROM scores WHERE waiting)",
            )
            .fetch_scalar()
            .await?;
        if !any_waiting {
            return Ok(());
        }
        let names: Vec<TraceName<'_>> =
            new.iter().map(|trace| (trace.workspace_id, trace.trace_id.as_str())).collect();
        let scored: Vec<(usize, (i64,))> =
            SELECT_WAITING.fetch_numbered(&mut self.transaction, &name_columns(), &names).await?;
        for (index, _) in scored {
            let (workspace_id, trace_id) = names[index];
            self.apply_scores(workspace_id, trace_id).await?;
        }
        Ok(())
    }

    /// Applies the scores of a trace to its quality and to the rollups. They stay waiting if the trace does not exist.
    async fn apply_scores(&mut self, workspace_id: Uuid, trace_id: &str) -> Result<(), StoreError> {
        let position = find_trace(&mut self.transaction, workspace_id, trace_id).await?;
        let Some(position) = position else { return Ok(()) };
        let trace: Option<ScoredTraceRow> = self
            .transaction
            .sql(
                "SELECT agent_id, COALESCE(model, '') AS model, quality_sent, quality FROM traces \
                 WHERE workspace_id = $1 AND timestamp = $2 AND id = $3",
            )
            .bind(workspace_id)
            .bind(position.timestamp)
            .bind(position.id)
            .fetch_optional()
            .await?;
        // Retention may have deleted the trace, but not its key yet.
        let Some(trace) = trace else { return Ok(()) };
        let scores: Vec<(String, i64)> = self
            .transaction
            .sql("SELECT name, score FROM scores WHERE workspace_id = $1 AND trace_id = $2")
            .bind(workspace_id)
            .bind(trace_id)
            .fetch_all()
            .await?;
        let scores = scores.iter().map(|(name, score)| (name.as_str(), *score));
        let Some(quality) = quality::mean(trace.quality_sent, scores) else { return Ok(()) };

        self.transaction
            .sql("UPDATE traces SET quality = $4 WHERE workspace_id = $1 AND timestamp = $2 AND id = $3")
            .bind(workspace_id)
            .bind(position.timestamp)
            .bind(position.id)
            .bind(quality)
            .execute()
            .await?;
        self.transaction
            .sql("UPDATE scores SET waiting = FALSE WHERE workspace_id = $1 AND trace_id = $2 AND waiting")
            .bind(workspace_id)
            .bind(trace_id)
            .execute()
            .await?;
        self.change_quality(&QualityChange {
            workspace_id,
            timestamp: position.timestamp.0,
            agent_id: &trace.agent_id,
            model: &trace.model,
            scored: i64::from(trace.quality.is_none()),
            quality: quality - trace.quality.unwrap_or(0),
        })
        .await
    }
}

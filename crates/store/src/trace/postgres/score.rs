//! Scores: kept by name, their mean kept on the trace and in the rollups.

use std::collections::HashMap;

use domain::{
    rollup::change::QualityChange,
    trace::{quality, record::NewScore},
};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Layout, PostgresTraces, key::trace_key, rollup, write::lock_workspaces};
use crate::{
    database::{moment::Moment, postgres::Retries},
    error::StoreError,
};

impl PostgresTraces {
    pub(in crate::trace) async fn score(&self, score: &NewScore) -> Result<(), StoreError> {
        let mut retries = Retries::default();
        loop {
            match self.try_score(score).await {
                Err(StoreError::Database(error)) if retries.again(&error).await => {}
                done => return done,
            }
        }
    }

    async fn try_score(&self, score: &NewScore) -> Result<(), StoreError> {
        let mut transaction = self.begin_write().await?;
        // Before the score is there: a writer that has the lock may be about to write its trace, and would miss it.
        lock_workspaces(&mut transaction, std::iter::once(score.workspace_id)).await?;
        sqlx::query(
            "INSERT INTO scores (workspace_id, trace_id, name, score, comment, timestamp, waiting) \
             VALUES ($1, $2, $3, $4, $5, $6, TRUE) \
             ON CONFLICT (workspace_id, trace_id, name) DO UPDATE SET score = excluded.score, \
             comment = excluded.comment, timestamp = excluded.timestamp, waiting = TRUE \
             WHERE excluded.timestamp >= scores.timestamp",
        )
        .bind(score.workspace_id)
        .bind(&score.trace_id)
        .bind(&score.name)
        .bind(score.score)
        .bind(&score.comment)
        .bind(Moment(score.timestamp))
        .execute(&mut *transaction)
        .await?;
        settle(&mut transaction, self.layout, score.workspace_id, &score.trace_id).await?;
        transaction.commit().await?;
        Ok(())
    }
}

impl PostgresTraces {
    pub(in crate::trace) async fn restore_scores(&self, scores: &[NewScore]) -> Result<u64, StoreError> {
        let mut retries = Retries::default();
        loop {
            match self.try_restore_scores(scores).await {
                Err(StoreError::Database(error)) if retries.again(&error).await => {}
                done => return done,
            }
        }
    }

    async fn try_restore_scores(&self, scores: &[NewScore]) -> Result<u64, StoreError> {
        let mut transaction = self.begin_write().await?;
        lock_workspaces(&mut transaction, scores.iter().map(|score| score.workspace_id)).await?;
        let changed: Vec<(Uuid, String)> = sqlx::query_as(
            "INSERT INTO scores (workspace_id, trace_id, name, score, comment, timestamp, waiting) \
             SELECT *, TRUE FROM UNNEST($1::UUID[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[], $6::TIMESTAMPTZ[]) \
             ON CONFLICT (workspace_id, trace_id, name) DO UPDATE SET score = excluded.score, \
             comment = excluded.comment, timestamp = excluded.timestamp, waiting = TRUE \
             WHERE excluded.timestamp > scores.timestamp RETURNING workspace_id, trace_id",
        )
        .bind(scores.iter().map(|score| score.workspace_id).collect::<Vec<_>>())
        .bind(scores.iter().map(|score| score.trace_id.as_str()).collect::<Vec<_>>())
        .bind(scores.iter().map(|score| score.name.as_str()).collect::<Vec<_>>())
        .bind(scores.iter().map(|score| score.score).collect::<Vec<_>>())
        .bind(scores.iter().map(|score| score.comment.as_deref()).collect::<Vec<_>>())
        .bind(scores.iter().map(|score| Moment(score.timestamp)).collect::<Vec<_>>())
        .fetch_all(&mut *transaction)
        .await?;
        let count = changed.len() as u64;
        for (workspace_id, trace_id) in with_traces(&mut transaction, changed).await? {
            settle(&mut transaction, self.layout, workspace_id, &trace_id).await?;
        }
        transaction.commit().await?;
        Ok(count)
    }
}

/// Those whose trace is there, each once.
async fn with_traces(
    connection: &mut PgConnection,
    traces: Vec<(Uuid, String)>,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let mut traces: HashMap<Uuid, (Uuid, String)> = traces
        .into_iter()
        .map(|(workspace_id, trace_id)| (trace_key(workspace_id, &trace_id), (workspace_id, trace_id)))
        .collect();
    let found: Vec<Uuid> = sqlx::query_scalar("SELECT key FROM trace_keys WHERE key = ANY($1)")
        .bind(traces.keys().copied().collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    Ok(found.iter().filter_map(|key| traces.remove(key)).collect())
}

/// Takes a trace's waiting scores into its quality and the rollups; leaves them waiting where there is no such trace. The
/// caller holds the lock of its workspace.
pub(super) async fn settle(
    connection: &mut PgConnection,
    layout: Layout,
    workspace_id: Uuid,
    trace_id: &str,
) -> Result<(), StoreError> {
    let place: Option<(Moment, i64)> = sqlx::query_as("SELECT timestamp, id FROM trace_keys WHERE key = $1")
        .bind(trace_key(workspace_id, trace_id))
        .fetch_optional(&mut *connection)
        .await?;
    let Some((timestamp, id)) = place else { return Ok(()) };
    let trace = sqlx::query(
        "SELECT agent_id, COALESCE(model, ''), quality_sent, quality FROM traces \
         WHERE workspace_id = $1 AND timestamp = $2 AND id = $3",
    )
    .bind(workspace_id)
    .bind(timestamp)
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    // Where retention has dropped the trace but not its key yet, there is nothing to score.
    let Some(trace) = trace else { return Ok(()) };
    let scores: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, score FROM scores WHERE workspace_id = $1 AND trace_id = $2")
            .bind(workspace_id)
            .bind(trace_id)
            .fetch_all(&mut *connection)
            .await?;
    let scores = scores.iter().map(|(name, score)| (name.as_str(), *score));
    let Some(quality) = quality::mean(trace.try_get(2)?, scores) else { return Ok(()) };

    sqlx::query("UPDATE traces SET quality = $4 WHERE workspace_id = $1 AND timestamp = $2 AND id = $3")
        .bind(workspace_id)
        .bind(timestamp)
        .bind(id)
        .bind(quality)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE scores SET waiting = FALSE WHERE workspace_id = $1 AND trace_id = $2 AND waiting")
        .bind(workspace_id)
        .bind(trace_id)
        .execute(&mut *connection)
        .await?;
    let before: Option<i64> = trace.try_get(3)?;
    let change = QualityChange {
        workspace_id,
        timestamp: timestamp.0,
        agent_id: trace.try_get(0)?,
        model: trace.try_get(1)?,
        scored: i64::from(before.is_none()),
        quality: quality - before.unwrap_or(0),
    };
    rollup::change_quality(connection, layout, &change).await
}

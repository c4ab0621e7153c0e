//! Scores: kept by name, their mean kept on the trace and in the rollups.

use domain::{
    rollup::change::QualityChange,
    trace::{quality, record::NewScore},
};
use shared::Timestamp;
use sqlx::{Row, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use uuid::Uuid;

use super::{SqliteTraces, rollup};
use crate::error::StoreError;

macro_rules! upsert {
    ($and:literal) => {
        concat!(
            "INSERT INTO scores (workspace_id, trace_id, name, score, comment, timestamp, waiting) \
             VALUES ($1, $2, $3, $4, $5, $6, 1) \
             ON CONFLICT DO UPDATE SET score = excluded.score, comment = excluded.comment, \
             timestamp = excluded.timestamp, waiting = 1",
            $and
        )
    };
}
/// Replaces a score of that name that did not come later: messages may be written twice, and not in their order.
const NOT_LATER: &str = upsert!(" WHERE excluded.timestamp >= scores.timestamp");
/// Replaces an older one.
const NEWER: &str = upsert!(" WHERE excluded.timestamp > scores.timestamp");

fn insert(score: &NewScore, statement: &'static str) -> Query<'static, Sqlite, SqliteArguments> {
    sqlx::query(statement)
        .bind(score.workspace_id)
        .bind(score.trace_id.clone())
        .bind(score.name.clone())
        .bind(score.score)
        .bind(score.comment.clone())
        .bind(score.timestamp.as_micros())
}

impl SqliteTraces {
    pub(in crate::trace) async fn score(&self, score: &NewScore) -> Result<(), StoreError> {
        let mut transaction = self.begin_write().await?;
        insert(score, NOT_LATER).execute(&mut *transaction).await?;
        settle(&mut transaction, score.workspace_id, &score.trace_id).await?;
        transaction.commit().await?;
        Ok(())
    }
}

impl SqliteTraces {
    pub(in crate::trace) async fn restore_scores(&self, scores: &[NewScore]) -> Result<u64, StoreError> {
        let mut changed = 0;
        let mut transaction = self.begin_write().await?;
        for score in scores {
            let done = insert(score, NEWER).execute(&mut *transaction).await?;
            if done.rows_affected() > 0 {
                settle(&mut transaction, score.workspace_id, &score.trace_id).await?;
                changed += 1;
            }
        }
        transaction.commit().await?;
        Ok(changed)
    }
}

/// Takes a trace's waiting scores into its quality and the rollups; leaves them waiting where there is no such trace.
pub(super) async fn settle(
    transaction: &mut SqliteConnection,
    workspace_id: Uuid,
    trace_id: &str,
) -> Result<(), StoreError> {
    let trace = sqlx::query(
        "SELECT timestamp, agent_id, model, quality_sent, quality FROM traces WHERE workspace_id = $1 AND trace_id = $2",
    )
    .bind(workspace_id)
    .bind(trace_id)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(trace) = trace else { return Ok(()) };
    let scores = sqlx::query("SELECT name, score FROM scores WHERE workspace_id = $1 AND trace_id = $2")
        .bind(workspace_id)
        .bind(trace_id)
        .fetch_all(&mut *transaction)
        .await?;

    let scores = scores.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let scores = scores.collect::<Result<Vec<(&str, i64)>, sqlx::Error>>()?;
    let Some(quality) = quality::mean(trace.try_get(3)?, scores) else { return Ok(()) };

    sqlx::query("UPDATE traces SET quality = $3 WHERE workspace_id = $1 AND trace_id = $2")
        .bind(workspace_id)
        .bind(trace_id)
        .bind(quality)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("UPDATE scores SET waiting = 0 WHERE workspace_id = $1 AND trace_id = $2 AND waiting")
        .bind(workspace_id)
        .bind(trace_id)
        .execute(&mut *transaction)
        .await?;
    let before: Option<i64> = trace.try_get(4)?;
    let change = QualityChange {
        workspace_id,
        timestamp: Timestamp::from_micros(trace.try_get(0)?),
        agent_id: trace.try_get(1)?,
        model: trace.try_get::<Option<&str>, _>(2)?.unwrap_or_default(),
        scored: i64::from(before.is_none()),
        quality: quality - before.unwrap_or(0),
    };
    rollup::change_quality(transaction, &change).await
}

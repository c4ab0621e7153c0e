//! Bulk statements on scores.

use std::collections::HashMap;

use domain::trace::record::NewScore;
use sqlx::PgConnection;
use uuid::Uuid;

use super::key::trace_key;
use crate::{database::timestamp::SqlTimestamp, error::StoreError};

/// Inserts or replaces the scores that are newer than the stored ones. Returns their number and the existing traces among
/// those that they score.
pub(in crate::trace) async fn upsert_newer_scores(
    connection: &mut PgConnection,
    scores: &[NewScore],
) -> Result<(u64, Vec<(Uuid, String)>), StoreError> {
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
    .bind(scores.iter().map(|score| SqlTimestamp(score.timestamp)).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let count = changed.len() as u64;
    let mut traces: HashMap<Uuid, (Uuid, String)> = changed
        .into_iter()
        .map(|(workspace_id, trace_id)| (trace_key(workspace_id, &trace_id), (workspace_id, trace_id)))
        .collect();
    let found: Vec<Uuid> = sqlx::query_scalar("SELECT key FROM trace_keys WHERE key = ANY($1)")
        .bind(traces.keys().copied().collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    Ok((count, found.iter().filter_map(|key| traces.remove(key)).collect()))
}

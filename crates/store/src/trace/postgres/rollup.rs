//! Bulk updates of the rollups.

use domain::rollup::{
    change::{GroupChange, GroupKey},
    plan::Source,
    sums::Sums,
};
use shared::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    database::moment::Moment,
    error::StoreError,
    trace::table::{groups_table, totals_table},
};

/// Latency, tokens and cost are limited to the range of BIGINT: absurd values of one workspace must not make a batch fail that
/// contains traces of others. Removing a trace may then subtract more than it added; the sums do not become negative.
const ADD: &str = "requests = t.requests + excluded.requests, errors = t.errors + excluded.errors, \
     timeouts = t.timeouts + excluded.timeouts, \
     latency = GREATEST(LEAST(t.latency::NUMERIC + excluded.latency, 9223372036854775807), 0)::BIGINT, \
     tokens = GREATEST(LEAST(t.tokens::NUMERIC + excluded.tokens, 9223372036854775807), 0)::BIGINT, \
     cost = GREATEST(LEAST(t.cost::NUMERIC + excluded.cost, 9223372036854775807), 0)::BIGINT, \
     scored = t.scored + excluded.scored, quality = t.quality + excluded.quality";

/// Adds changes to the totals. If traces were removed (`shrinks`), deletes the buckets that became empty.
pub(in crate::trace) async fn change_totals(
    connection: &mut PgConnection,
    source: Source,
    sums: &[((Uuid, Timestamp), Sums)],
    shrinks: bool,
) -> Result<(), StoreError> {
    upsert_totals(connection, source, sums).await?;
    if shrinks {
        delete_empty_totals(connection, source, sums).await?;
    }
    Ok(())
}

/// Adds changes to the sums by agent and model. If traces were removed (`shrinks`), deletes the buckets that became empty.
pub(in crate::trace) async fn change_groups(
    connection: &mut PgConnection,
    source: Source,
    changes: &mut [(GroupKey<'_>, GroupChange)],
    shrinks: bool,
) -> Result<(), StoreError> {
    merge_stored(connection, source, changes).await?;
    upsert_groups(connection, source, changes).await?;
    if shrinks {
        delete_empty_groups(connection, source, changes).await?;
    }
    Ok(())
}

async fn delete_empty_totals(
    connection: &mut PgConnection,
    source: Source,
    sums: &[((Uuid, Timestamp), Sums)],
) -> Result<(), StoreError> {
    let emptied = || sums.iter().filter(|(_, sums)| sums.requests <= 0).map(|&(key, _)| key);
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM {} AS t USING UNNEST($1::UUID[], $2::TIMESTAMPTZ[]) AS k (workspace_id, bucket) \
         WHERE t.workspace_id = k.workspace_id AND t.bucket = k.bucket AND t.requests <= 0",
        totals_table(source)
    )))
    .bind(emptied().map(|(workspace_id, _)| workspace_id).collect::<Vec<_>>())
    .bind(emptied().map(|(_, bucket)| Moment(bucket)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

async fn delete_empty_groups(
    connection: &mut PgConnection,
    source: Source,
    changes: &[(GroupKey<'_>, GroupChange)],
) -> Result<(), StoreError> {
    let emptied = || changes.iter().filter(|(_, change)| change.sums.requests <= 0).map(|&(key, _)| key);
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM {} AS t USING UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::TEXT[], $4::TEXT[]) \
         AS k (workspace_id, bucket, agent_id, model) WHERE t.workspace_id = k.workspace_id AND t.bucket = k.bucket \
         AND t.agent_id = k.agent_id AND t.model = k.model AND t.requests <= 0",
        groups_table(source)
    )))
    .bind(emptied().map(|key| key.workspace_id).collect::<Vec<_>>())
    .bind(emptied().map(|key| Moment(key.bucket)).collect::<Vec<_>>())
    .bind(emptied().map(|key| key.agent_id).collect::<Vec<_>>())
    .bind(emptied().map(|key| key.model).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

async fn upsert_totals(
    connection: &mut PgConnection,
    source: Source,
    sums: &[((Uuid, Timestamp), Sums)],
) -> Result<(), StoreError> {
    let of = |column: fn(&Sums) -> i64| sums.iter().map(|(_, sums)| column(sums)).collect::<Vec<_>>();
    // Safe: the name of the table is a constant.
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {} AS t (workspace_id, bucket, requests, errors, timeouts, latency, tokens, cost, scored, quality) \
         SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[], \
         $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[]) ON CONFLICT (workspace_id, bucket) DO UPDATE SET {ADD}",
        totals_table(source)
    )))
    .bind(sums.iter().map(|&((workspace_id, _), _)| workspace_id).collect::<Vec<_>>())
    .bind(sums.iter().map(|&((_, bucket), _)| Moment(bucket)).collect::<Vec<_>>())
    .bind(of(|sums| sums.requests))
    .bind(of(|sums| sums.errors))
    .bind(of(|sums| sums.timeouts))
    .bind(of(|sums| sums.latency))
    .bind(of(|sums| sums.tokens))
    .bind(of(|sums| sums.cost))
    .bind(of(|sums| sums.scored))
    .bind(of(|sums| sums.quality))
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct HistogramRow {
    number: i64,
    histogram: Vec<u8>,
}

/// Adds the stored histograms to the changes. PostgreSQL cannot merge them.
async fn merge_stored(
    connection: &mut PgConnection,
    source: Source,
    changes: &mut [(GroupKey<'_>, GroupChange)],
) -> Result<(), StoreError> {
    let keys: Vec<GroupKey<'_>> = changes.iter().map(|&(key, _)| key).collect();
    let stored: Vec<HistogramRow> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT k.number, t.histogram FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::TEXT[], $4::TEXT[]) \
         WITH ORDINALITY AS k (workspace_id, bucket, agent_id, model, number) \
         JOIN {} AS t ON t.workspace_id = k.workspace_id AND t.bucket = k.bucket AND t.agent_id = k.agent_id \
         AND t.model = k.model",
        groups_table(source)
    )))
    .bind(keys.iter().map(|key| key.workspace_id).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| Moment(key.bucket)).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.agent_id).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.model).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    for row in stored {
        // Ordinality starts at 1.
        let index = usize::try_from(row.number - 1).unwrap_or(usize::MAX);
        if let Some((_, change)) = changes.get_mut(index) {
            change.merge_stored(&row.histogram)?;
        }
    }
    Ok(())
}

async fn upsert_groups(
    connection: &mut PgConnection,
    source: Source,
    changes: &[(GroupKey<'_>, GroupChange)],
) -> Result<(), StoreError> {
    let of = |column: fn(&Sums) -> i64| -> Vec<i64> {
        changes.iter().map(|(_, change)| column(&change.sums)).collect()
    };
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {} AS t (workspace_id, bucket, agent_id, model, requests, errors, timeouts, latency, tokens, cost, \
         scored, quality, histogram) SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::TEXT[], $4::TEXT[], \
         $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], \
         $12::BIGINT[], $13::BYTEA[]) ON CONFLICT (workspace_id, bucket, agent_id, model) \
         DO UPDATE SET {ADD}, histogram = excluded.histogram",
        groups_table(source)
    )))
    .bind(changes.iter().map(|(key, _)| key.workspace_id).collect::<Vec<_>>())
    .bind(changes.iter().map(|(key, _)| Moment(key.bucket)).collect::<Vec<_>>())
    .bind(changes.iter().map(|(key, _)| key.agent_id).collect::<Vec<_>>())
    .bind(changes.iter().map(|(key, _)| key.model).collect::<Vec<_>>())
    .bind(of(|sums| sums.requests))
    .bind(of(|sums| sums.errors))
    .bind(of(|sums| sums.timeouts))
    .bind(of(|sums| sums.latency))
    .bind(of(|sums| sums.tokens))
    .bind(of(|sums| sums.cost))
    .bind(of(|sums| sums.scored))
    .bind(of(|sums| sums.quality))
    .bind(changes.iter().map(|(_, change)| change.histogram()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

//! Keeping the rollups, in the transaction that writes the traces. On TimescaleDB those by agent and model keep
//! themselves, all but what comes late.

use domain::rollup::{
    change::{self, GroupChange, GroupKey, QualityChange, Recount},
    plan::Source,
    sums::Sums,
};
use shared::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::{Layout, stale};
use crate::{
    database::moment::Moment,
    error::StoreError,
    trace::table::{groups_table, totals_table},
};

const TOTALS: [Source; 3] = [Source::Minutely, Source::Hourly, Source::Daily];
const GROUPS: [Source; 2] = [Source::Hourly, Source::Daily];

/// Latency, tokens and cost stop at the largest number: a workspace that sends absurd ones must not make the batch fail in
/// which others' traces stand. What changes takes less away than it brought where they did; they stop at nothing then.
const ADD: &str = "requests = t.requests + excluded.requests, errors = t.errors + excluded.errors, \
     timeouts = t.timeouts + excluded.timeouts, \
     latency = GREATEST(LEAST(t.latency::NUMERIC + excluded.latency, 9223372036854775807), 0)::BIGINT, \
     tokens = GREATEST(LEAST(t.tokens::NUMERIC + excluded.tokens, 9223372036854775807), 0)::BIGINT, \
     cost = GREATEST(LEAST(t.cost::NUMERIC + excluded.cost, 9223372036854775807), 0)::BIGINT, \
     scored = t.scored + excluded.scored, quality = t.quality + excluded.quality";

/// Brings every rollup to what changed. The caller holds the locks of the workspaces.
pub(super) async fn recount(
    connection: &mut PgConnection,
    layout: Layout,
    recount: Recount<'_>,
) -> Result<(), StoreError> {
    for source in TOTALS {
        let sums = change::totals(recount, source);
        put_totals(connection, source, &sums).await?;
        if !recount.before.is_empty() {
            drop_empty_totals(connection, source, &sums).await?;
        }
    }
    match layout {
        Layout::Timescale => stale::note(connection, recount.moments()).await,
        Layout::Plain => {
            for source in GROUPS {
                let mut changes = change::groups(recount, source);
                merge_stored(connection, source, &mut changes).await?;
                put_groups(connection, source, &changes).await?;
                if !recount.before.is_empty() {
                    drop_empty_groups(connection, source, &changes).await?;
                }
            }
            Ok(())
        }
    }
}

/// Drops buckets that lost a trace and have none left.
async fn drop_empty_totals(
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

/// The same, by agent and model.
async fn drop_empty_groups(
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

async fn put_totals(
    connection: &mut PgConnection,
    source: Source,
    sums: &[((Uuid, Timestamp), Sums)],
) -> Result<(), StoreError> {
    let of = |column: fn(&Sums) -> i64| sums.iter().map(|(_, sums)| column(sums)).collect::<Vec<_>>();
    // The table's name is one of this program's.
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

/// Takes in the histograms that are stored: PostgreSQL cannot merge them itself.
async fn merge_stored(
    connection: &mut PgConnection,
    source: Source,
    changes: &mut [(GroupKey<'_>, GroupChange)],
) -> Result<(), StoreError> {
    let keys: Vec<GroupKey<'_>> = changes.iter().map(|&(key, _)| key).collect();
    let stored = sqlx::query(AssertSqlSafe(format!(
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
        // Ordinality counts from 1.
        let index = usize::try_from(row.try_get::<i64, _>(0)? - 1).unwrap_or(usize::MAX);
        if let Some((_, change)) = changes.get_mut(index) {
            change.merge_stored(row.try_get(1)?)?;
        }
    }
    Ok(())
}

async fn put_groups(
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

/// Moves the quality of every rollup that holds a trace. The caller holds the lock of its workspace.
pub(super) async fn change_quality(
    connection: &mut PgConnection,
    layout: Layout,
    change: &QualityChange<'_>,
) -> Result<(), StoreError> {
    const SET: &str =
        "SET scored = scored + $1, quality = quality + $2 WHERE workspace_id = $3 AND bucket = $4";
    for source in TOTALS {
        sqlx::query(AssertSqlSafe(format!("UPDATE {} {SET}", totals_table(source))))
            .bind(change.scored)
            .bind(change.quality)
            .bind(change.workspace_id)
            .bind(Moment(change.timestamp.floor(source.bucket())))
            .execute(&mut *connection)
            .await?;
    }
    if layout == Layout::Timescale {
        return stale::note(connection, [(change.workspace_id, change.timestamp)].into_iter()).await;
    }
    for source in GROUPS {
        let table = groups_table(source);
        sqlx::query(AssertSqlSafe(format!("UPDATE {table} {SET} AND agent_id = $5 AND model = $6")))
            .bind(change.scored)
            .bind(change.quality)
            .bind(change.workspace_id)
            .bind(Moment(change.timestamp.floor(source.bucket())))
            .bind(change.agent_id)
            .bind(change.model)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

//! Keeping the rollups, in the transaction that writes the traces. On TimescaleDB those by agent and model keep
//! themselves, all but what comes late.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{Layout, stale};
use crate::store::{
    moment::Moment,
    trace::{
        StoreError,
        plan::Source,
        record::NewTrace,
        rollup::{self, GroupKey, QualityChange, groups_table, totals_table},
        sums::{Distribution, Sums},
    },
};

const TOTALS: [Source; 3] = [Source::Minutely, Source::Hourly, Source::Daily];
const GROUPS: [Source; 2] = [Source::Hourly, Source::Daily];

/// Latency and cost stop at the largest number: a workspace that sends absurd ones must not make the batch fail in which
/// others' traces stand.
const ADD: &str = "requests = t.requests + excluded.requests, errors = t.errors + excluded.errors, \
     timeouts = t.timeouts + excluded.timeouts, \
     latency = LEAST(t.latency::NUMERIC + excluded.latency, 9223372036854775807)::BIGINT, \
     tokens = t.tokens + excluded.tokens, \
     cost = LEAST(t.cost::NUMERIC + excluded.cost, 9223372036854775807)::BIGINT, \
     scored = t.scored + excluded.scored, quality = t.quality + excluded.quality";

/// Counts new traces in every rollup. The caller holds the locks of their workspaces.
pub(super) async fn add(
    connection: &mut PgConnection,
    layout: Layout,
    traces: &[&NewTrace],
) -> Result<(), StoreError> {
    for source in TOTALS {
        add_totals(connection, source, traces).await?;
    }
    match layout {
        Layout::Timescale => {
            let moments = traces.iter().map(|trace| (trace.workspace_id, trace.timestamp));
            stale::note(connection, moments).await
        }
        Layout::Plain => {
            for source in GROUPS {
                let mut distributions = rollup::groups(traces.iter().copied(), source);
                merge_stored(connection, source, &mut distributions).await?;
                put_groups(connection, source, &distributions).await?;
            }
            Ok(())
        }
    }
}

async fn add_totals(
    connection: &mut PgConnection,
    source: Source,
    traces: &[&NewTrace],
) -> Result<(), StoreError> {
    let sums = rollup::totals(traces.iter().copied(), source);
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

/// Adds the histograms that are stored to the new ones: PostgreSQL cannot merge them itself.
async fn merge_stored(
    connection: &mut PgConnection,
    source: Source,
    distributions: &mut [(GroupKey<'_>, Distribution)],
) -> Result<(), StoreError> {
    let keys: Vec<GroupKey<'_>> = distributions.iter().map(|&(key, _)| key).collect();
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
        if let Some((_, distribution)) = distributions.get_mut(index) {
            distribution.latencies.merge_encoded(row.try_get(1)?)?;
        }
    }
    Ok(())
}

async fn put_groups(
    connection: &mut PgConnection,
    source: Source,
    distributions: &[(GroupKey<'_>, Distribution)],
) -> Result<(), StoreError> {
    let of = |column: fn(&Sums) -> i64| -> Vec<i64> {
        distributions.iter().map(|(_, distribution)| column(&distribution.sums)).collect()
    };
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {} AS t (workspace_id, bucket, agent_id, model, requests, errors, timeouts, latency, tokens, cost, \
         scored, quality, histogram) SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[], $3::TEXT[], $4::TEXT[], \
         $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], \
         $12::BIGINT[], $13::BYTEA[]) ON CONFLICT (workspace_id, bucket, agent_id, model) \
         DO UPDATE SET {ADD}, histogram = excluded.histogram",
        groups_table(source)
    )))
    .bind(distributions.iter().map(|(key, _)| key.workspace_id).collect::<Vec<_>>())
    .bind(distributions.iter().map(|(key, _)| Moment(key.bucket)).collect::<Vec<_>>())
    .bind(distributions.iter().map(|(key, _)| key.agent_id).collect::<Vec<_>>())
    .bind(distributions.iter().map(|(key, _)| key.model).collect::<Vec<_>>())
    .bind(of(|sums| sums.requests))
    .bind(of(|sums| sums.errors))
    .bind(of(|sums| sums.timeouts))
    .bind(of(|sums| sums.latency))
    .bind(of(|sums| sums.tokens))
    .bind(of(|sums| sums.cost))
    .bind(of(|sums| sums.scored))
    .bind(of(|sums| sums.quality))
    .bind(distributions.iter().map(|(_, distribution)| distribution.latencies.encode()).collect::<Vec<_>>())
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

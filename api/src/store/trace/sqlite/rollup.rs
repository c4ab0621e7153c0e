//! Keeping the rollups, in the transaction that writes the traces.

use std::sync::LazyLock;

use shared::Timestamp;
use sqlx::{Arguments, AssertSqlSafe, Row, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};
use uuid::Uuid;

use super::bulk::Bulk;
use crate::store::trace::{
    StoreError,
    plan::Source,
    record::NewTrace,
    rollup::{self, GroupKey, QualityChange, groups_table, totals_table},
    sums::{Distribution, Sums},
};

/// The rollup of all traces together, in buckets of `source`.
struct Totals {
    source: Source,
    upsert: Bulk,
}

/// The rollup by agent and model, in buckets of `source`.
struct Groups {
    source: Source,
    select: Bulk,
    upsert: Bulk,
}

/// Latency and cost stop at the largest number: a workspace that sends absurd ones must not make the batch fail in which
/// others' traces stand. (Where a sum of integers overflows, SQLite makes it a float, which the column refuses.)
const ADD: &str = "requests = requests + excluded.requests, errors = errors + excluded.errors, \
                   timeouts = timeouts + excluded.timeouts, \
                   latency = MIN(latency + excluded.latency, 9223372036854775807), \
                   tokens = tokens + excluded.tokens, \
                   cost = MIN(cost + excluded.cost, 9223372036854775807), scored = scored + excluded.scored, \
                   quality = quality + excluded.quality";

static TOTALS: LazyLock<[Totals; 3]> = LazyLock::new(|| {
    [Source::Minutely, Source::Hourly, Source::Daily].map(|source| {
        let table = totals_table(source);
        let head = format!(
            "INSERT INTO {table} (workspace_id, bucket, requests, errors, timeouts, latency, tokens, cost, scored, quality) VALUES"
        );
        Totals { source, upsert: Bulk::new(&head, 10, &format!("ON CONFLICT DO UPDATE SET {ADD}"), false) }
    })
});

static GROUPS: LazyLock<[Groups; 2]> = LazyLock::new(|| {
    [Source::Hourly, Source::Daily].map(|source| {
        let table = groups_table(source);
        let head = format!(
            "INSERT INTO {table} (workspace_id, bucket, agent_id, model, requests, errors, timeouts, latency, tokens, \
             cost, scored, quality, histogram) VALUES"
        );
        let tail = format!("ON CONFLICT DO UPDATE SET {ADD}, histogram = excluded.histogram");
        let join = format!(
            ") SELECT k.number, t.histogram FROM k CROSS JOIN {table} t ON t.workspace_id = k.workspace_id \
             AND t.bucket = k.bucket AND t.agent_id = k.agent_id AND t.model = k.model"
        );
        Groups {
            source,
            select: Bulk::new("WITH k (number, workspace_id, bucket, agent_id, model) AS (VALUES", 4, &join, true),
            upsert: Bulk::new(&head, 13, &tail, false),
        }
    })
});

/// Counts new traces in every rollup.
pub(super) async fn add(connection: &mut SqliteConnection, traces: &[&NewTrace]) -> Result<(), StoreError> {
    for totals in TOTALS.iter() {
        let sums = rollup::totals(traces.iter().copied(), totals.source);
        totals.upsert.execute(connection, &sums, bind_totals).await?;
    }
    for groups in GROUPS.iter() {
        let mut distributions = rollup::groups(traces.iter().copied(), groups.source);
        merge_stored(connection, &groups.select, &mut distributions).await?;
        groups.upsert.execute(connection, &distributions, bind_group).await?;
    }
    Ok(())
}

/// Adds the histograms that are stored to the new ones: SQLite cannot merge them itself.
async fn merge_stored(
    connection: &mut SqliteConnection,
    select: &Bulk,
    distributions: &mut [(GroupKey<'_>, Distribution)],
) -> Result<(), StoreError> {
    let mut stored = Vec::new();
    let mut first = 0;
    for piece in select.pieces(distributions, |arguments, (key, _)| bind_key(arguments, key)) {
        let piece = piece?;
        let rows = piece.rows.len();
        for row in piece.query().fetch_all(&mut *connection).await? {
            let number = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
            stored.push((first + number, row.try_get::<Vec<u8>, _>(1)?));
        }
        first += rows;
    }
    for (index, histogram) in stored {
        if let Some((_, distribution)) = distributions.get_mut(index) {
            distribution.latencies.merge_encoded(&histogram)?;
        }
    }
    Ok(())
}

/// Moves the quality of every rollup that holds a trace.
pub(super) async fn change_quality(
    connection: &mut SqliteConnection,
    change: &QualityChange<'_>,
) -> Result<(), StoreError> {
    let set = "SET scored = scored + $1, quality = quality + $2 WHERE workspace_id = $3 AND bucket = $4";
    for totals in TOTALS.iter() {
        // The table's name is one of this file's.
        sqlx::query(AssertSqlSafe(format!("UPDATE {} {set}", totals_table(totals.source))))
            .bind(change.scored)
            .bind(change.quality)
            .bind(change.workspace_id)
            .bind(change.timestamp.floor(totals.source.bucket()).as_micros())
            .execute(&mut *connection)
            .await?;
    }
    for groups in GROUPS.iter() {
        let table = groups_table(groups.source);
        sqlx::query(AssertSqlSafe(format!("UPDATE {table} {set} AND agent_id = $5 AND model = $6")))
            .bind(change.scored)
            .bind(change.quality)
            .bind(change.workspace_id)
            .bind(change.timestamp.floor(groups.source.bucket()).as_micros())
            .bind(change.agent_id)
            .bind(change.model)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn bind_totals(
    arguments: &mut SqliteArguments,
    ((workspace_id, bucket), sums): &((Uuid, Timestamp), Sums),
) -> Result<(), BoxDynError> {
    arguments.add(*workspace_id)?;
    arguments.add(bucket.as_micros())?;
    bind_sums(arguments, sums)
}

fn bind_group(
    arguments: &mut SqliteArguments,
    (key, distribution): &(GroupKey<'_>, Distribution),
) -> Result<(), BoxDynError> {
    bind_key(arguments, key)?;
    bind_sums(arguments, &distribution.sums)?;
    arguments.add(distribution.latencies.encode())
}

fn bind_key(arguments: &mut SqliteArguments, key: &GroupKey<'_>) -> Result<(), BoxDynError> {
    arguments.add(key.workspace_id)?;
    arguments.add(key.bucket.as_micros())?;
    arguments.add(key.agent_id)?;
    arguments.add(key.model)
}

fn bind_sums(arguments: &mut SqliteArguments, sums: &Sums) -> Result<(), BoxDynError> {
    arguments.add(sums.requests)?;
    arguments.add(sums.errors)?;
    arguments.add(sums.timeouts)?;
    arguments.add(sums.latency)?;
    arguments.add(sums.tokens)?;
    arguments.add(sums.cost)?;
    arguments.add(sums.scored)?;
    arguments.add(sums.quality)
}

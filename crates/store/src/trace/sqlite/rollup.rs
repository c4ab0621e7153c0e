//! Bulk updates of the rollups.

use std::sync::LazyLock;

use domain::rollup::{
    change::{GroupChange, GroupKey},
    plan::Source,
    sums::Sums,
};
use shared::Timestamp;
use sqlx::{Arguments, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};
use uuid::Uuid;

use super::bulk::Bulk;
use crate::{
    error::StoreError,
    trace::table::{groups_table, totals_table},
};

/// The statements on the totals of a source.
struct Totals {
    source: Source,
    upsert: Bulk,
    delete_empty: Bulk,
}

/// The statements on the sums by agent and model of a source.
struct Groups {
    source: Source,
    select: Bulk,
    upsert: Bulk,
    delete_empty: Bulk,
}

/// Latency, tokens and cost are limited to the range of integers: absurd values of one workspace must not make a batch fail
/// that contains traces of others. (SQLite converts sums that overflow to floats, which the columns reject.) Removing a
/// trace may then subtract more than it added; the sums do not become negative.
const ADD: &str = "requests = requests + excluded.requests, errors = errors + excluded.errors, \
                   timeouts = timeouts + excluded.timeouts, \
                   latency = MAX(MIN(latency + excluded.latency, 9223372036854775807), 0), \
                   tokens = MAX(MIN(tokens + excluded.tokens, 9223372036854775807), 0), \
                   cost = MAX(MIN(cost + excluded.cost, 9223372036854775807), 0), scored = scored + excluded.scored, \
                   quality = quality + excluded.quality";

static TOTALS: LazyLock<[Totals; 3]> = LazyLock::new(|| {
    [Source::Minutely, Source::Hourly, Source::Daily].map(|source| {
        let table = totals_table(source);
        let head = format!(
            "INSERT INTO {table} (workspace_id, bucket, requests, errors, timeouts, latency, tokens, cost, scored, quality) VALUES"
        );
        let delete = format!("DELETE FROM {table} WHERE requests <= 0 AND (workspace_id, bucket) IN (VALUES");
        Totals {
            source,
            upsert: Bulk::new(&head, 10, &format!("ON CONFLICT DO UPDATE SET {ADD}")),
            delete_empty: Bulk::new(&delete, 2, ")"),
        }
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
        let delete = format!(
            "DELETE FROM {table} WHERE requests <= 0 AND (workspace_id, bucket, agent_id, model) IN (VALUES"
        );
        Groups {
            source,
            select: Bulk::indexed("WITH k (number, workspace_id, bucket, agent_id, model) AS (VALUES", 4, &join),
            upsert: Bulk::new(&head, 13, &tail),
            delete_empty: Bulk::new(&delete, 4, ")"),
        }
    })
});

/// Adds changes to the totals. If traces were removed (`shrinks`), deletes the buckets that became empty.
pub(in crate::trace) async fn change_totals(
    connection: &mut SqliteConnection,
    source: Source,
    sums: &[((Uuid, Timestamp), Sums)],
    shrinks: bool,
) -> Result<(), StoreError> {
    let Some(totals) = TOTALS.iter().find(|totals| totals.source == source) else { return Ok(()) };
    totals.upsert.execute(connection, sums, bind_totals).await?;
    if shrinks {
        let empty: Vec<_> = sums.iter().filter(|(_, sums)| sums.requests <= 0).collect();
        let bind = |arguments: &mut SqliteArguments, (key, _): &&((Uuid, Timestamp), Sums)| {
            arguments.add(key.0)?;
            arguments.add(key.1.as_micros())
        };
        totals.delete_empty.execute(connection, &empty, bind).await?;
    }
    Ok(())
}

/// Adds changes to the sums by agent and model. If traces were removed (`shrinks`), deletes the buckets that became empty.
pub(in crate::trace) async fn change_groups(
    connection: &mut SqliteConnection,
    source: Source,
    changes: &mut [(GroupKey<'_>, GroupChange)],
    shrinks: bool,
) -> Result<(), StoreError> {
    let Some(groups) = GROUPS.iter().find(|groups| groups.source == source) else { return Ok(()) };
    // SQLite cannot merge the stored histograms.
    let stored: Vec<(usize, HistogramRow)> = groups
        .select
        .fetch_indexed(connection, changes, |arguments, (key, _)| bind_key(arguments, key))
        .await?;
    for (index, row) in stored {
        if let Some((_, change)) = changes.get_mut(index) {
            change.merge_stored(&row.histogram)?;
        }
    }
    groups.upsert.execute(connection, changes, bind_group).await?;
    if shrinks {
        let empty: Vec<_> = changes.iter().filter(|(_, change)| change.sums.requests <= 0).collect();
        let bind = |arguments: &mut SqliteArguments, (key, _): &&(GroupKey<'_>, GroupChange)| {
            bind_key(arguments, key)
        };
        groups.delete_empty.execute(connection, &empty, bind).await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct HistogramRow {
    histogram: Vec<u8>,
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
    (key, change): &(GroupKey<'_>, GroupChange),
) -> Result<(), BoxDynError> {
    bind_key(arguments, key)?;
    bind_sums(arguments, &change.sums)?;
    arguments.add(change.histogram())
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

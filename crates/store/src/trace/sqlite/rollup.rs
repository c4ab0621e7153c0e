//! Keeping the rollups, in the transaction that writes the traces.

use std::sync::LazyLock;

use domain::rollup::{
    change::{self, GroupChange, GroupKey, QualityChange, Recount},
    plan::Source,
    sums::Sums,
};
use shared::Timestamp;
use sqlx::{Arguments, AssertSqlSafe, Row, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};
use uuid::Uuid;

use super::bulk::Bulk;
use crate::{
    error::StoreError,
    trace::table::{groups_table, totals_table},
};

/// The rollup of all traces together, in buckets of `source`.
struct Totals {
    source: Source,
    upsert: Bulk,
    drop_empty: Bulk,
}

/// The rollup by agent and model, in buckets of `source`.
struct Groups {
    source: Source,
    select: Bulk,
    upsert: Bulk,
    drop_empty: Bulk,
}

/// Latency, tokens and cost stop at the largest number: a workspace that sends absurd ones must not make the batch fail in
/// which others' traces stand. What changes takes less away than it brought where they did; they stop at nothing then. (Where a sum of integers overflows, SQLite makes it a float, which the column refuses.)
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
        let drop = format!("DELETE FROM {table} WHERE requests <= 0 AND (workspace_id, bucket) IN (VALUES");
        Totals {
            source,
            upsert: Bulk::new(&head, 10, &format!("ON CONFLICT DO UPDATE SET {ADD}"), false),
            drop_empty: Bulk::new(&drop, 2, ")", false),
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
        let drop = format!(
            "DELETE FROM {table} WHERE requests <= 0 AND (workspace_id, bucket, agent_id, model) IN (VALUES"
        );
        Groups {
            source,
            select: Bulk::new("WITH k (number, workspace_id, bucket, agent_id, model) AS (VALUES", 4, &join, true),
            upsert: Bulk::new(&head, 13, &tail, false),
            drop_empty: Bulk::new(&drop, 4, ")", false),
        }
    })
});

/// Brings every rollup to what changed.
pub(super) async fn recount(
    connection: &mut SqliteConnection,
    recount: Recount<'_>,
) -> Result<(), StoreError> {
    for totals in TOTALS.iter() {
        let sums = change::totals(recount, totals.source);
        totals.upsert.execute(connection, &sums, bind_totals).await?;
        if !recount.before.is_empty() {
            let emptied: Vec<_> = sums.into_iter().filter(|(_, sums)| sums.requests <= 0).collect();
            let bind = |arguments: &mut SqliteArguments,
                        ((workspace_id, bucket), _): &((Uuid, Timestamp), Sums)| {
                arguments.add(*workspace_id)?;
                arguments.add(bucket.as_micros())
            };
            totals.drop_empty.execute(connection, &emptied, bind).await?;
        }
    }
    for groups in GROUPS.iter() {
        let mut changes = change::groups(recount, groups.source);
        merge_stored(connection, &groups.select, &mut changes).await?;
        groups.upsert.execute(connection, &changes, bind_group).await?;
        if !recount.before.is_empty() {
            let emptied: Vec<_> = changes.iter().filter(|(_, change)| change.sums.requests <= 0).collect();
            groups
                .drop_empty
                .execute(connection, &emptied, |arguments, (key, _)| bind_key(arguments, key))
                .await?;
        }
    }
    Ok(())
}

/// Takes in the histograms that are stored: SQLite cannot merge them itself.
async fn merge_stored(
    connection: &mut SqliteConnection,
    select: &Bulk,
    changes: &mut [(GroupKey<'_>, GroupChange)],
) -> Result<(), StoreError> {
    let mut stored = Vec::new();
    let mut first = 0;
    for piece in select.pieces(changes, |arguments, (key, _)| bind_key(arguments, key)) {
        let piece = piece?;
        let rows = piece.rows.len();
        for row in piece.query().fetch_all(&mut *connection).await? {
            let number = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
            stored.push((first + number, row.try_get::<Vec<u8>, _>(1)?));
        }
        first += rows;
    }
    for (index, histogram) in stored {
        if let Some((_, change)) = changes.get_mut(index) {
            change.merge_stored(&histogram)?;
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

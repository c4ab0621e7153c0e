//! Updates the rollups in the transaction that writes the traces. On TimescaleDB, continuous aggregates contain the sums by
//! agent and model: only stale hours are recorded for them.

use std::sync::LazyLock;

use domain::rollup::{
    change::{GroupKey, QualityChange, RollupChange},
    plan::Source,
    sums::Sums,
};

use crate::{
    database::{Transaction, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        bulk::{
            Bulk, Column,
            Value::{BigInt, Bytes, Text, Time, Uuid},
            names,
        },
        postgres::{Layout, stale},
        table::{groups_table, totals_table},
        transaction::WriteTransaction,
    },
};

/// The change of a bucket. In the totals, its agent, model and histogram are unused.
struct Bucket<'a> {
    key: GroupKey<'a>,
    sums: Sums,
    /// The encoded histogram after the change.
    histogram: Vec<u8>,
}

impl<'a> Bucket<'a> {
    fn new(key: GroupKey<'a>, sums: Sums) -> Self {
        Self { key, sums, histogram: Vec::new() }
    }
}

/// A rollup and the statements on it.
struct Rollup {
    source: Source,
    table: &'static str,
    is_grouped: bool,
    upsert: Bulk,
    delete_empty: Bulk,
    /// SQL cannot merge histograms.
    select_histograms: Bulk,
}

/// Returns the columns of the key of a rollup.
fn key_columns<'a>(is_grouped: bool) -> Vec<Column<Bucket<'a>>> {
    let mut columns: Vec<Column<Bucket<'a>>> = vec![
        ("workspace_id", Uuid(|bucket| bucket.key.workspace_id)),
        ("bucket", Time(|bucket| bucket.key.bucket)),
    ];
    if is_grouped {
        columns.push(("agent_id", Text(|bucket| Some(bucket.key.agent_id))));
        columns.push(("model", Text(|bucket| Some(bucket.key.model))));
    }
    columns
}

/// Returns the columns of a rollup.
fn columns<'a>(is_grouped: bool) -> Vec<Column<Bucket<'a>>> {
    let mut columns = key_columns(is_grouped);
    columns.extend([
        ("requests", BigInt(|bucket: &Bucket<'_>| Some(bucket.sums.requests))),
        ("errors", BigInt(|bucket| Some(bucket.sums.errors))),
        ("timeouts", BigInt(|bucket| Some(bucket.sums.timeouts))),
        ("latency", BigInt(|bucket| Some(bucket.sums.latency))),
        ("tokens", BigInt(|bucket| Some(bucket.sums.tokens))),
        ("cost", BigInt(|bucket| Some(bucket.sums.cost))),
        ("scored", BigInt(|bucket| Some(bucket.sums.scored))),
        ("quality", BigInt(|bucket| Some(bucket.sums.quality))),
    ]);
    if is_grouped {
        columns.push(("histogram", Bytes(|bucket| &bucket.histogram)));
    }
    columns
}

/// How sums are added on SQLite, which converts sums that overflow to floats, which the columns reject. Latency, tokens
/// and cost are limited to the range of integers: extreme values of one workspace must not make a batch fail that
/// contains traces of others. Removing a trace may then subtract more than it added; the sums do not become negative.
const ADD_ON_SQLITE: &str = "requests = requests + excluded.requests, errors = errors + excluded.errors, \
     timeouts = timeouts + excluded.timeouts, \
     latency = MAX(MIN(latency + excluded.latency, 9223372036854775807), 0), \
     tokens = MAX(MIN(tokens + excluded.tokens, 9223372036854775807), 0), \
     cost = MAX(MIN(cost + excluded.cost, 9223372036854775807), 0), scored = scored + excluded.scored, \
     quality = quality + excluded.quality";

/// How sums are added on PostgreSQL, with the same limits.
const ADD_ON_POSTGRES: &str = "requests = t.requests + excluded.requests, errors = t.errors + excluded.errors, \
     timeouts = t.timeouts + excluded.timeouts, \
     latency = GREATEST(LEAST(t.latency::NUMERIC + excluded.latency, 9223372036854775807), 0)::BIGINT, \
     tokens = GREATEST(LEAST(t.tokens::NUMERIC + excluded.tokens, 9223372036854775807), 0)::BIGINT, \
     cost = GREATEST(LEAST(t.cost::NUMERIC + excluded.cost, 9223372036854775807), 0)::BIGINT, \
     scored = t.scored + excluded.scored, quality = t.quality + excluded.quality";

impl Rollup {
    fn new(source: Source, table: &'static str, is_grouped: bool) -> Self {
        let key_columns = key_columns(is_grouped);
        let key = names(&key_columns);
        let same_key = key_columns.iter().map(|(name, _)| format!("t.{name} = k.{name}"));
        let same_key = same_key.collect::<Vec<_>>().join(" AND ");
        let histogram = if is_grouped { ", histogram = excluded.histogram" } else { "" };
        Self {
            source,
            table,
            is_grouped,
            upsert: Bulk::insert(
                &format!("{table} AS t"),
                &columns(is_grouped),
                &format!("ON CONFLICT DO UPDATE SET {ADD_ON_SQLITE}{histogram}"),
                &format!("ON CONFLICT ({key}) DO UPDATE SET {ADD_ON_POSTGRES}{histogram}"),
            ),
            delete_empty: Bulk::new(
                &key_columns,
                |values| format!("DELETE FROM {table} WHERE requests <= 0 AND ({key}) IN ({values})"),
                |arrays| {
                    format!(
                        "DELETE FROM {table} AS t USING {arrays} AS k ({key}) WHERE {same_key} AND t.requests <= 0"
                    )
                },
            ),
            select_histograms: Bulk::numbered(
                &key_columns,
                |values| {
                    format!(
                        "WITH k ({key}, number) AS ({values}) SELECT t.histogram, k.number \
                         FROM k CROSS JOIN {table} AS t ON {same_key}"
                    )
                },
                |arrays| {
                    format!(
                        "SELECT t.histogram, k.number FROM {arrays} AS k ({key}, number) \
                         JOIN {table} AS t ON {same_key}"
                    )
                },
            ),
        }
    }
}

/// The totals, in the order in which they are written: finest first. It is always the same, so that writers do not deadlock.
static TOTALS: LazyLock<Vec<Rollup>> = LazyLock::new(|| {
    let finest_first = Source::TOTALS.iter().rev();
    finest_first.map(|&source| Rollup::new(source, totals_table(source), false)).collect()
});

/// The rollups by agent and model, in the order in which they are written.
static GROUPS: LazyLock<Vec<Rollup>> = LazyLock::new(|| {
    let finest_first = Source::GROUPS.iter().rev();
    finest_first.map(|&source| Rollup::new(source, groups_table(source), true)).collect()
});

impl WriteTransaction {
    /// Updates every rollup. The workspaces must be locked.
    pub(super) async fn change_rollups(&mut self, change: RollupChange<'_>) -> Result<(), StoreError> {
        let shrinks = !change.removed.is_empty();
        for rollup in TOTALS.iter() {
            let bucket = |((workspace_id, bucket), sums)| {
                Bucket::new(GroupKey { workspace_id, bucket, agent_id: "", model: "" }, sums)
            };
            let buckets = change.totals(rollup.source).into_iter().map(bucket).collect();
            self.change_buckets(rollup, buckets, shrinks).await?;
        }
        if let (Transaction::Postgres(connection), Layout::Timescale) = (&mut self.transaction, self.layout) {
            return stale::mark(connection, change.starts()).await;
        }
        for rollup in GROUPS.iter() {
            let mut changes = change.groups(rollup.source);
            let mut buckets: Vec<_> =
                changes.iter().map(|(key, change)| Bucket::new(*key, change.sums)).collect();
            let stored: Vec<(usize, (Vec<u8>,))> = rollup
                .select_histograms
                .fetch_numbered(&mut self.transaction, &key_columns(true), &buckets)
                .await?;
            for (index, (histogram,)) in stored {
                changes[index].1.merge_stored(&histogram)?;
            }
            for (bucket, (_, change)) in buckets.iter_mut().zip(&changes) {
                bucket.histogram = change.histogram();
            }
            self.change_buckets(rollup, buckets, shrinks).await?;
        }
        Ok(())
    }

    /// Adds changes to a rollup. If traces were removed (`shrinks`), deletes the buckets that became empty.
    async fn change_buckets(
        &mut self,
        rollup: &Rollup,
        mut buckets: Vec<Bucket<'_>>,
        shrinks: bool,
    ) -> Result<(), StoreError> {
        rollup.upsert.execute(&mut self.transaction, &columns(rollup.is_grouped), &buckets).await?;
        if shrinks {
            buckets.retain(|bucket| bucket.sums.requests <= 0);
            let key = key_columns(rollup.is_grouped);
            rollup.delete_empty.execute(&mut self.transaction, &key, &buckets).await?;
        }
        Ok(())
    }

    /// Updates the quality in every rollup. The workspace must be locked.
    pub(super) async fn change_quality(&mut self, change: &QualityChange<'_>) -> Result<(), StoreError> {
        for rollup in TOTALS.iter() {
            self.change_bucket_quality(change, rollup).await?;
        }
        if let (Transaction::Postgres(connection), Layout::Timescale) = (&mut self.transaction, self.layout) {
            return stale::mark(connection, [(change.workspace_id, change.timestamp)].into_iter()).await;
        }
        for rollup in GROUPS.iter() {
            self.change_bucket_quality(change, rollup).await?;
        }
        Ok(())
    }

    async fn change_bucket_quality(
        &mut self,
        change: &QualityChange<'_>,
        rollup: &Rollup,
    ) -> Result<(), StoreError> {
        let mut update = self.transaction.sql("UPDATE ");
        update.push(rollup.table).push(" SET scored = scored + ").push_bind(change.scored);
        update.push(", quality = quality + ").push_bind(change.quality);
        update.push(" WHERE workspace_id = ").push_bind(change.workspace_id);
        update.push(" AND bucket = ").push_bind(SqlTimestamp(change.timestamp.floor(rollup.source.bucket())));
        if rollup.is_grouped {
            update.push(" AND agent_id = ").push_bind(change.agent_id);
            update.push(" AND model = ").push_bind(change.model);
        }
        update.execute().await?;
        Ok(())
    }
}

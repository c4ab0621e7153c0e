//! Statements on stored and pending traces.

use std::collections::{BTreeMap, HashMap, HashSet};

use shared::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::key::trace_key;
use crate::{
    database::timestamp::SqlTimestamp,
    error::StoreError,
    trace::{
        column,
        row::{TRACE_COLUMNS, TraceRecord, TraceRow},
        write::{
            insert, pending,
            record::{KnownTrace, SpanCost, TraceInsert, TraceName, TraceState},
        },
    },
};

/// The condition for traces of one workspace: see [`Positions`].
macro_rules! at_positions {
    () => {
        "workspace_id = $1 AND timestamp >= $2 AND timestamp <= $3 AND timestamp = ANY($4) AND id = ANY($5)"
    };
}

/// The positions of traces of one workspace.
#[derive(Default)]
struct Positions {
    timestamps: Vec<SqlTimestamp>,
    ids: Vec<i64>,
}

impl Positions {
    fn push(&mut self, timestamp: SqlTimestamp, id: i64) {
        self.timestamps.push(timestamp);
        self.ids.push(id);
    }

    /// Returns the first and the last timestamp. With them, chunks and compressed rows outside are not read.
    fn range(&self) -> (SqlTimestamp, SqlTimestamp) {
        let timestamps = || self.timestamps.iter().map(|timestamp| timestamp.0);
        (
            SqlTimestamp(timestamps().min().unwrap_or_default()),
            SqlTimestamp(timestamps().max().unwrap_or_default()),
        )
    }
}

/// Returns the number and state of each trace. `created` has the numbers of the keys that this transaction created.
pub(in crate::trace) async fn known_traces(
    connection: &mut PgConnection,
    names: &[TraceName<'_>],
    created: &HashSet<i64>,
) -> Result<Vec<KnownTrace>, StoreError> {
    let keys: Vec<Uuid> =
        names.iter().map(|&(workspace_id, trace_id)| trace_key(workspace_id, trace_id)).collect();
    let found: Vec<(Uuid, SqlTimestamp, i64)> =
        sqlx::query_as("SELECT key, timestamp, id FROM trace_keys WHERE key = ANY($1)")
            .bind(&keys)
            .fetch_all(&mut *connection)
            .await?;
    let found: HashMap<Uuid, (SqlTimestamp, i64)> =
        found.into_iter().map(|(key, timestamp, id)| (key, (timestamp, id))).collect();
    let mut old: BTreeMap<Uuid, Positions> = BTreeMap::new();
    for (key, &(workspace_id, _)) in keys.iter().zip(names) {
        if let Some(&(timestamp, id)) = found.get(key).filter(|(_, id)| !created.contains(id)) {
            old.entry(workspace_id).or_default().push(timestamp, id);
        }
    }
    let mut records: HashMap<i64, TraceRecord> = HashMap::new();
    for (workspace_id, positions) in old {
        for row in rows_at(connection, workspace_id, &positions).await? {
            let record = row.into_record()?;
            records.insert(record.id, record);
        }
    }
    let id = |key: &Uuid| found.get(key).map(|&(_, id)| id);
    let is_missing = |key| id(key).is_some_and(|id| !created.contains(&id) && !records.contains_key(&id));
    let missing: Vec<TraceName<'_>> =
        keys.iter().zip(names).filter(|(key, _)| is_missing(key)).map(|(_, &name)| name).collect();
    let pending = pending::select(connection, &missing).await?;
    let pending: HashSet<i64> = pending.into_iter().map(|(_, id)| id).collect();
    let known = keys.iter().map(|key| {
        let Some(id) = id(key) else { return KnownTrace { id: 0, state: TraceState::Deleted } };
        let state = match records.remove(&id) {
            Some(record) => TraceState::Stored(Box::new(record)),
            None if created.contains(&id) => TraceState::New,
            None if pending.contains(&id) => TraceState::Pending,
            None => TraceState::Deleted,
        };
        KnownTrace { id, state }
    });
    Ok(known.collect())
}

async fn rows_at(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    positions: &Positions,
) -> Result<Vec<TraceRow>, StoreError> {
    let (first, last) = positions.range();
    // Safe: the text consists of constants.
    let select = AssertSqlSafe(format!("SELECT {TRACE_COLUMNS} FROM traces WHERE {}", at_positions!()));
    let rows = sqlx::query_as(select)
        .bind(workspace_id)
        .bind(first)
        .bind(last)
        .bind(&positions.timestamps)
        .bind(&positions.ids)
        .fetch_all(connection)
        .await?;
    Ok(rows)
}

/// Deletes traces. They are deleted and inserted instead of updated, since rows of a hypertable cannot move to another chunk.
pub(in crate::trace) async fn delete(
    connection: &mut PgConnection,
    records: impl Iterator<Item = &TraceRecord>,
) -> Result<(), StoreError> {
    let mut positions: BTreeMap<Uuid, Positions> = BTreeMap::new();
    for record in records {
        let positions = positions.entry(record.trace.workspace_id).or_default();
        positions.push(SqlTimestamp(record.trace.timestamp), record.id);
    }
    for (workspace_id, positions) in positions {
        let (first, last) = positions.range();
        sqlx::query(concat!("DELETE FROM traces WHERE ", at_positions!()))
            .bind(workspace_id)
            .bind(first)
            .bind(last)
            .bind(positions.timestamps)
            .bind(positions.ids)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Inserts traces and updates the starts in their keys.
pub(in crate::trace) async fn insert(
    connection: &mut PgConnection,
    rows: &[TraceInsert<'_>],
) -> Result<(), StoreError> {
    insert::traces(&mut *connection, rows).await?;
    let names: Vec<TraceName<'_>> =
        rows.iter().map(|row| (row.trace.workspace_id, row.trace.trace_id.as_str())).collect();
    update_keys(connection, &names, &rows.iter().map(|row| row.trace.timestamp).collect::<Vec<_>>()).await
}

/// Updates the starts of traces in their keys.
pub(super) async fn update_keys(
    connection: &mut PgConnection,
    names: &[TraceName<'_>],
    starts: &[Timestamp],
) -> Result<(), StoreError> {
    let keys = names.iter().map(|&(workspace_id, trace_id)| trace_key(workspace_id, trace_id));
    sqlx::query(
        "UPDATE trace_keys AS k SET timestamp = n.timestamp \
         FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[]) AS n (key, timestamp) \
         WHERE k.key = n.key AND k.timestamp <> n.timestamp",
    )
    .bind(keys.collect::<Vec<_>>())
    .bind(starts.iter().map(|&start| SqlTimestamp(start)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Updates the costs of spans and returns the numbers of the traces in which a cost changed.
pub(in crate::trace) async fn update_span_costs(
    connection: &mut PgConnection,
    costs: &[SpanCost<'_>],
) -> Result<HashSet<i64>, StoreError> {
    if costs.is_empty() {
        return Ok(HashSet::new());
    }
    let changed: Vec<i64> = sqlx::query_scalar(
        "UPDATE spans AS s SET cost = n.cost, cost_basis = n.basis, price = n.price \
         FROM UNNEST($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::SMALLINT[], $5::TEXT[]) \
         AS n (trace, span_id, cost, basis, price) WHERE s.trace = n.trace AND s.span_id = n.span_id \
         AND (s.cost, s.cost_basis, s.price) IS DISTINCT FROM (n.cost, n.basis, n.price) RETURNING s.trace",
    )
    .bind(costs.iter().map(|cost| cost.trace).collect::<Vec<_>>())
    .bind(costs.iter().map(|cost| cost.span_id).collect::<Vec<_>>())
    .bind(costs.iter().map(|cost| cost.cost).collect::<Vec<_>>())
    .bind(costs.iter().map(|cost| column::basis_number(cost.basis)).collect::<Vec<_>>())
    .bind(costs.iter().map(|cost| column::basis_price(cost.basis)).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(changed.into_iter().collect())
}

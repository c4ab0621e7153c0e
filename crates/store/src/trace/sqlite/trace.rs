//! Statements on stored and pending traces.

use std::{collections::HashSet, sync::LazyLock};

use sqlx::{Arguments, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};

use super::bulk::Bulk;
use crate::{
    database::Transaction,
    error::StoreError,
    trace::{
        column,
        row::{TRACE_COLUMNS, TraceRow},
        write::record::{KnownTrace, PendingTrace, SpanCost, TraceName, TraceState},
    },
};

const NAMES: &str = "WITH k (number, owner, called) AS (VALUES";

static SELECT_TRACES: LazyLock<Bulk> = LazyLock::new(|| {
    let from = "FROM k CROSS JOIN traces ON workspace_id = k.owner AND trace_id = k.called";
    Bulk::indexed(NAMES, 2, &format!(") SELECT {TRACE_COLUMNS}, k.number {from}"))
});

static SELECT_PENDING: LazyLock<Bulk> = LazyLock::new(|| {
    let from = "FROM k CROSS JOIN waiting_traces ON workspace_id = k.owner AND trace_id = k.called";
    Bulk::indexed(NAMES, 2, &format!(") SELECT id, k.number {from}"))
});

static ADD_PENDING: LazyLock<Bulk> = LazyLock::new(|| {
    let head = "INSERT INTO waiting_traces (workspace_id, trace_id, id, last_seen) VALUES";
    Bulk::new(head, 4, "ON CONFLICT DO UPDATE SET last_seen = MAX(last_seen, excluded.last_seen)")
});

static REMOVE_PENDING: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new("DELETE FROM waiting_traces WHERE (workspace_id, trace_id) IN (VALUES", 2, ")")
});

/// Returns the number and state of each trace. New traces get the next numbers.
pub(in crate::trace) async fn known_traces(
    connection: &mut SqliteConnection,
    names: &[TraceName<'_>],
) -> Result<Vec<KnownTrace>, StoreError> {
    let mut known: Vec<Option<KnownTrace>> = names.iter().map(|_| None).collect();
    let stored: Vec<(usize, TraceRow)> = SELECT_TRACES.fetch_indexed(connection, names, bind_name).await?;
    for (index, row) in stored {
        let record = row.into_record()?;
        known[index] = Some(KnownTrace { id: record.id, state: TraceState::Stored(Box::new(record)) });
    }
    let missing: Vec<usize> = (0..names.len()).filter(|&index| known[index].is_none()).collect();
    let missing_names: Vec<TraceName<'_>> = missing.iter().map(|&index| names[index]).collect();
    for (index, id) in pending(connection, &missing_names).await? {
        known[missing[index]] = Some(KnownTrace { id, state: TraceState::Pending });
    }
    let mut next = next_id(connection).await?;
    let mut new = || {
        next += 1;
        KnownTrace { id: next - 1, state: TraceState::New }
    };
    Ok(known.into_iter().map(|known| known.unwrap_or_else(&mut new)).collect())
}

/// Returns the pending traces among these: their indices and the numbers that they will have.
pub(super) async fn pending(
    connection: &mut SqliteConnection,
    names: &[TraceName<'_>],
) -> Result<Vec<(usize, i64)>, StoreError> {
    let found: Vec<(usize, (i64,))> = SELECT_PENDING.fetch_indexed(connection, names, bind_name).await?;
    Ok(found.into_iter().map(|(index, (id,))| (index, id)).collect())
}

/// Returns the number of the next trace. Pending traces have their numbers already.
pub(super) async fn next_id(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let next = "SELECT MAX((SELECT COALESCE(MAX(id), 0) FROM traces), (SELECT COALESCE(MAX(id), 0) FROM waiting_traces)) + 1";
    Ok(sqlx::query_scalar(next).fetch_one(connection).await?)
}

/// Inserts pending traces, or updates the arrival of their last span.
pub(in crate::trace) async fn add_pending(
    connection: &mut SqliteConnection,
    pending: &[PendingTrace<'_>],
) -> Result<(), StoreError> {
    let bind = |arguments: &mut SqliteArguments, pending: &PendingTrace<'_>| {
        bind_name(arguments, &pending.name)?;
        arguments.add(pending.id)?;
        arguments.add(pending.last_seen.as_micros())
    };
    ADD_PENDING.execute(connection, pending, bind).await?;
    Ok(())
}

/// Deletes traces from the pending ones.
pub(in crate::trace) async fn remove_pending(
    connection: &mut SqliteConnection,
    names: &[TraceName<'_>],
) -> Result<(), StoreError> {
    REMOVE_PENDING.execute(connection, names, bind_name).await?;
    Ok(())
}

/// Updates the costs of spans and returns the numbers of the traces in which a cost changed.
pub(in crate::trace) async fn update_span_costs(
    transaction: &mut Transaction,
    costs: &[SpanCost<'_>],
) -> Result<HashSet<i64>, StoreError> {
    let mut changed = HashSet::new();
    for cost in costs {
        let update = transaction.sql(
            "UPDATE spans SET cost = $3, cost_basis = $4, price = $5 WHERE trace = $1 AND span_id = $2 \
             AND (cost IS NOT $3 OR cost_basis IS NOT $4 OR price IS NOT $5)",
        );
        let update = update.bind(cost.trace).bind(cost.span_id).bind(cost.cost);
        let update = update.bind(column::basis_number(cost.basis)).bind(column::basis_price(cost.basis));
        if update.execute().await? > 0 {
            changed.insert(cost.trace);
        }
    }
    Ok(changed)
}

fn bind_name(
    arguments: &mut SqliteArguments,
    (workspace_id, trace_id): &TraceName<'_>,
) -> Result<(), BoxDynError> {
    arguments.add(*workspace_id)?;
    arguments.add(*trace_id)
}

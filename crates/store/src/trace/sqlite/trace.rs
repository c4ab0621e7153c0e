//! Statements on stored and pending traces.

use std::{collections::HashSet, sync::LazyLock};

use sqlx::SqliteConnection;

use crate::{
    database::Transaction,
    error::StoreError,
    trace::{
        bulk::Bulk,
        column,
        row::{TRACE_COLUMNS, TraceRow},
        write::{
            pending,
            record::{KnownTrace, SpanCost, TraceName, TraceState},
        },
    },
};

static SELECT_TRACES: LazyLock<Bulk> = LazyLock::new(|| {
    let from = "FROM n CROSS JOIN traces ON workspace_id = n.owner AND trace_id = n.called";
    Bulk::numbered(
        &pending::name_columns(),
        |values| {
            format!("WITH n (owner, called, number) AS ({values}) SELECT {TRACE_COLUMNS}, n.number {from}")
        },
        str::to_owned,
    )
});

/// Returns the number and state of each trace. New traces get the next numbers.
pub(in crate::trace) async fn known_traces(
    connection: &mut SqliteConnection,
    names: &[TraceName<'_>],
) -> Result<Vec<KnownTrace>, StoreError> {
    let mut known: Vec<Option<KnownTrace>> = names.iter().map(|_| None).collect();
    let stored: Vec<(usize, TraceRow)> =
        SELECT_TRACES.fetch_numbered(&mut *connection, &pending::name_columns(), names).await?;
    for (index, row) in stored {
        let record = row.into_record()?;
        known[index] = Some(KnownTrace { id: record.id, state: TraceState::Stored(Box::new(record)) });
    }
    let missing: Vec<usize> = (0..names.len()).filter(|&index| known[index].is_none()).collect();
    let missing_names: Vec<TraceName<'_>> = missing.iter().map(|&index| names[index]).collect();
    for (index, id) in pending::select(&mut *connection, &missing_names).await? {
        known[missing[index]] = Some(KnownTrace { id, state: TraceState::Pending });
    }
    let mut next = next_id(connection).await?;
    let mut new = || {
        next += 1;
        KnownTrace { id: next - 1, state: TraceState::New }
    };
    Ok(known.into_iter().map(|known| known.unwrap_or_else(&mut new)).collect())
}

/// Returns the number of the next trace. Pending traces have their numbers already.
pub(super) async fn next_id(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let next = "SELECT MAX((SELECT COALESCE(MAX(id), 0) FROM traces), (SELECT COALESCE(MAX(id), 0) FROM waiting_traces)) + 1";
    Ok(sqlx::query_scalar(next).fetch_one(connection).await?)
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

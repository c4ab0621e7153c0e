//! Rows to values and back: the one place that knows how a column's integer is meant.

use shared::{
    Timestamp,
    trace::{Trace, TraceStatus},
};
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::payload::Place;
use crate::store::trace::{
    StoreError,
    list::Cursor,
    record::{MICROS_PER_MILLI, MICROS_PER_POINT, NANOS_PER_DOLLAR},
    sums::Sums,
};

/// The columns of a listed trace, in the order of [`trace`].
macro_rules! trace_columns {
    () => {
        "trace_id, workspace_id, agent_id, timestamp, latency, status, model, model_provider, tokens_input, \
         tokens_output, tokens_total, cost, quality, session_id, user_id, tags, error, id, payload_id, payload_line"
    };
}
pub(super) use trace_columns;

/// The columns of [`Sums`] as a rollup holds them, in the order of [`sums`].
macro_rules! sums_columns {
    () => {
        "COALESCE(SUM(requests), 0), COALESCE(SUM(errors), 0), COALESCE(SUM(timeouts), 0), COALESCE(SUM(latency), 0), \
         COALESCE(SUM(tokens), 0), COALESCE(SUM(cost), 0), COALESCE(SUM(scored), 0), COALESCE(SUM(quality), 0)"
    };
}
pub(super) use sums_columns;

/// The same, from the traces themselves.
macro_rules! raw_sums_columns {
    () => {
        "COUNT(*), COALESCE(SUM(status = 1), 0), COALESCE(SUM(status = 2), 0), COALESCE(SUM(latency), 0), \
         COALESCE(SUM(tokens_total), 0), COALESCE(SUM(cost), 0), COUNT(quality), COALESCE(SUM(quality), 0)"
    };
}
pub(super) use raw_sums_columns;

/// How a status is stored.
pub(super) fn status_number(status: TraceStatus) -> i64 {
    match status {
        TraceStatus::Success => 0,
        TraceStatus::Error => 1,
        TraceStatus::Timeout => 2,
    }
}

/// What a stored status means.
pub(super) fn status(number: i64) -> Result<TraceStatus, StoreError> {
    TraceStatus::ALL
        .into_iter()
        .find(|&status| status_number(status) == number)
        .ok_or_else(|| StoreError::Corrupt(format!("status {number}")))
}

/// Microseconds as milliseconds.
pub(super) fn millis(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_MILLI
}

/// Nano-dollars as dollars.
pub(super) fn dollars(nanos: i64) -> f64 {
    nanos as f64 / NANOS_PER_DOLLAR
}

/// Millionths of a point as points.
pub(super) fn points(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_POINT
}

/// A count as an unsigned number.
pub(super) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// A row of `trace_columns!`.
pub(super) fn trace(row: &SqliteRow) -> Result<Trace, StoreError> {
    let tags: Option<&str> = row.try_get(15)?;
    let tags = tags
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| StoreError::Corrupt(format!("tags: {error}")))?;
    Ok(Trace {
        trace_id: row.try_get(0)?,
        workspace_id: row.try_get::<Uuid, _>(1)?,
        agent_id: row.try_get(2)?,
        timestamp: Timestamp::from_micros(row.try_get(3)?),
        latency_ms: millis(row.try_get(4)?),
        status: status(row.try_get(5)?)?,
        model: row.try_get(6)?,
        model_provider: row.try_get(7)?,
        tokens_input: row.try_get::<Option<i64>, _>(8)?.map(count),
        tokens_output: row.try_get::<Option<i64>, _>(9)?.map(count),
        tokens_total: row.try_get::<Option<i64>, _>(10)?.map(count),
        cost_usd: row.try_get::<Option<i64>, _>(11)?.map(dollars),
        quality_score: row.try_get::<Option<i64>, _>(12)?.map(points),
        session_id: row.try_get(13)?,
        user_id: row.try_get(14)?,
        tags: tags.unwrap_or_default(),
        error: row.try_get(16)?,
    })
}

/// The place of a row of `trace_columns!` in the order of lists.
pub(super) fn cursor(row: &SqliteRow) -> Result<Cursor, StoreError> {
    Ok(Cursor { timestamp: Timestamp::from_micros(row.try_get(3)?), id: row.try_get(17)? })
}

/// Where the payload of a row of `trace_columns!` stands.
pub(super) fn place(row: &SqliteRow) -> Result<Place, StoreError> {
    Ok(Place { frame: row.try_get(18)?, line: row.try_get(19)? })
}

/// The sums in a row whose columns `first`… are those of `sums_columns!`.
pub(super) fn sums(row: &SqliteRow, first: usize) -> Result<Sums, StoreError> {
    Ok(Sums {
        requests: row.try_get(first)?,
        errors: row.try_get(first + 1)?,
        timeouts: row.try_get(first + 2)?,
        latency: row.try_get(first + 3)?,
        tokens: row.try_get(first + 4)?,
        cost: row.try_get(first + 5)?,
        scored: row.try_get(first + 6)?,
        quality: row.try_get(first + 7)?,
    })
}

//! Rows to values and back: the one place that knows how a column's integer is meant.

use domain::{
    rollup::sums::Sums,
    trace::{
        cursor::Cursor,
        place::Place,
        record::{Assembly, Basis, MICROS_PER_MILLI, MICROS_PER_POINT, NANOS_PER_DOLLAR},
    },
};
use shared::{
    Timestamp,
    cost::CostBasis,
    span::SpanKind,
    trace::{Score, Trace, TraceStatus},
};
use uuid::Uuid;

use super::{
    StoreError,
    detail::{StoredSpan, StoredTrace},
    thread::ThreadSums,
};

/// A row of some engine, read by the numbers of its columns.
pub(super) trait Columns {
    fn integer(&self, column: usize) -> Result<i64, sqlx::Error>;
    fn integer_or_null(&self, column: usize) -> Result<Option<i64>, sqlx::Error>;
    fn text(&self, column: usize) -> Result<&str, sqlx::Error>;
    fn text_or_null(&self, column: usize) -> Result<Option<String>, sqlx::Error>;
    fn moment(&self, column: usize) -> Result<Timestamp, sqlx::Error>;
    fn uuid(&self, column: usize) -> Result<Uuid, sqlx::Error>;
}

/// Both engines' rows are read alike; only their types differ.
macro_rules! impl_columns {
    ($row:ty) => {
        impl Columns for $row {
            fn integer(&self, column: usize) -> Result<i64, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
            fn integer_or_null(&self, column: usize) -> Result<Option<i64>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
            fn text(&self, column: usize) -> Result<&str, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
            fn text_or_null(&self, column: usize) -> Result<Option<String>, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
            fn moment(&self, column: usize) -> Result<Timestamp, sqlx::Error> {
                let moment: crate::database::moment::Moment = sqlx::Row::try_get(self, column)?;
                Ok(moment.0)
            }
            fn uuid(&self, column: usize) -> Result<Uuid, sqlx::Error> {
                sqlx::Row::try_get(self, column)
            }
        }
    };
}
impl_columns!(sqlx::sqlite::SqliteRow);
impl_columns!(sqlx::postgres::PgRow);

/// How a status is stored.
pub(super) fn status_number(status: TraceStatus) -> i16 {
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
        .find(|&status| i64::from(status_number(status)) == number)
        .ok_or_else(|| StoreError::corrupt(format!("status {number}")))
}

/// Microseconds as milliseconds.
fn millis(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_MILLI
}

/// Nano-dollars as dollars.
fn dollars(nanos: i64) -> f64 {
    nanos as f64 / NANOS_PER_DOLLAR
}

/// Millionths of a point as points.
fn points(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_POINT
}

/// A count as an unsigned number.
pub(super) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// A row of trace_id, workspace_id, agent_id, timestamp, latency, status, model, model_provider, tokens_input,
/// tokens_output, tokens_total, cost, quality, session_id, user_id, tags, error, id, payload_id, payload_line, name,
/// assembly, unpriced, cost_basis, price.
pub(super) fn stored_trace(row: &impl Columns) -> Result<StoredTrace, StoreError> {
    Ok(StoredTrace {
        trace: trace(row)?,
        cursor: cursor(row)?,
        payload: Place { frame: row.integer(18)?, line: row.integer(19)? },
        cost_basis: cost_basis(row, 23)?,
    })
}

/// How an assembly is stored; nothing for a trace that was sent whole.
pub(super) fn assembly_number(assembly: Assembly) -> Option<i16> {
    match assembly {
        Assembly::Sent => None,
        Assembly::Complete => Some(1),
        Assembly::Incomplete => Some(2),
    }
}

/// What a stored assembly means.
pub(super) fn assembly(number: Option<i64>) -> Result<Assembly, StoreError> {
    match number {
        None => Ok(Assembly::Sent),
        Some(1) => Ok(Assembly::Complete),
        Some(2) => Ok(Assembly::Incomplete),
        Some(number) => Err(StoreError::corrupt(format!("assembly {number}"))),
    }
}

/// Whether a stored basis says that there is no price.
pub(super) fn is_no_price(number: Option<i64>) -> bool {
    number == basis_number(&Basis::NoPrice).map(i64::from)
}

/// Whether a stored basis says that a cost that is there is the sender's: one of which nobody knows where it comes from is.
pub(super) fn is_reported(number: Option<i64>) -> bool {
    number.is_none() || number == basis_number(&Basis::Reported).map(i64::from)
}

/// How a basis is stored; nothing where it is unknown.
pub(super) fn basis_number(basis: &Basis) -> Option<i16> {
    match basis {
        Basis::Unknown => None,
        Basis::Reported => Some(1),
        Basis::Computed(_) => Some(2),
        Basis::NoPrice => Some(3),
    }
}

/// How a count of calls without a price is stored; nothing for none.
pub(super) fn unpriced(count: i64) -> Option<i32> {
    (count > 0).then(|| i32::try_from(count).unwrap_or(i32::MAX))
}

/// What stands beside a basis: the price that was applied.
pub(super) fn basis_price(basis: &Basis) -> Option<&str> {
    if let Basis::Computed(price) = basis { Some(price) } else { None }
}

/// The basis in the columns cost_basis and price, of which this is the first.
pub(super) fn basis(row: &impl Columns, column: usize) -> Result<Basis, StoreError> {
    Ok(match row.integer_or_null(column)? {
        None => Basis::Unknown,
        Some(1) => Basis::Reported,
        Some(2) => Basis::Computed(row.text_or_null(column + 1)?.unwrap_or_default()),
        Some(3) => Basis::NoPrice,
        Some(number) => return Err(StoreError::corrupt(format!("cost basis {number}"))),
    })
}

/// The same, as it is shown.
fn cost_basis(row: &impl Columns, column: usize) -> Result<Option<CostBasis>, StoreError> {
    Ok(match basis(row, column)? {
        Basis::Unknown => None,
        Basis::Reported => Some(CostBasis::Reported),
        Basis::Computed(price) => Some(CostBasis::Computed(
            serde_json::from_str(&price).map_err(|error| StoreError::corrupt(format!("price: {error}")))?,
        )),
        Basis::NoPrice => Some(CostBasis::NoPrice),
    })
}

/// The first columns of [`stored_trace`].
pub(super) fn trace(row: &impl Columns) -> Result<Trace, StoreError> {
    let tags = row
        .text_or_null(15)?
        .map(|tags| serde_json::from_str(&tags))
        .transpose()
        .map_err(|error| StoreError::corrupt(format!("tags: {error}")))?;
    Ok(Trace {
        trace_id: row.text(0)?.to_owned(),
        workspace_id: row.uuid(1)?,
        agent_id: row.text(2)?.to_owned(),
        timestamp: row.moment(3)?,
        latency_ms: millis(row.integer(4)?),
        status: status(row.integer(5)?)?,
        model: row.text_or_null(6)?,
        model_provider: row.text_or_null(7)?,
        tokens_input: row.integer_or_null(8)?.map(count),
        tokens_output: row.integer_or_null(9)?.map(count),
        tokens_total: row.integer_or_null(10)?.map(count),
        cost_usd: row.integer_or_null(11)?.map(dollars),
        quality_score: row.integer_or_null(12)?.map(points),
        session_id: row.text_or_null(13)?,
        user_id: row.text_or_null(14)?,
        tags: tags.unwrap_or_default(),
        error: row.text_or_null(16)?,
        name: row.text_or_null(20)?,
        incomplete: row.integer_or_null(21)? == assembly_number(Assembly::Incomplete).map(i64::from),
        unpriced: row.integer_or_null(22)?.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
    })
}

/// The place of a row of [`stored_trace`] in the order of lists.
pub(super) fn cursor(row: &impl Columns) -> Result<Cursor, StoreError> {
    Ok(Cursor { timestamp: row.moment(3)?, id: row.integer(17)? })
}

/// What a stored kind of span means.
pub(super) fn span_kind(stored: &str) -> SpanKind {
    SpanKind::ALL.into_iter().find(|known| known.as_str() == stored).unwrap_or_default()
}

/// A row of span_id, parent_span_id, name, kind, timestamp, latency, status, model, tokens_input, tokens_output, cost,
/// error, payload_id, payload_line, model_provider, tokens_cache_read, tokens_cache_write, tokens_reasoning, cost_basis,
/// price.
pub(super) fn stored_span(row: &impl Columns) -> Result<StoredSpan, StoreError> {
    Ok(StoredSpan {
        span_id: row.text(0)?.to_owned(),
        parent_span_id: row.text_or_null(1)?,
        name: row.text(2)?.to_owned(),
        kind: span_kind(row.text(3)?),
        timestamp: row.moment(4)?,
        latency_ms: millis(row.integer(5)?),
        status: status(row.integer(6)?)?,
        model: row.text_or_null(7)?,
        tokens_input: row.integer_or_null(8)?.map(count),
        tokens_output: row.integer_or_null(9)?.map(count),
        cost_usd: row.integer_or_null(10)?.map(dollars),
        error: row.text_or_null(11)?,
        payload: Place { frame: row.integer(12)?, line: row.integer(13)? },
        model_provider: row.text_or_null(14)?,
        tokens_cache_read: row.integer_or_null(15)?.map(count),
        tokens_cache_write: row.integer_or_null(16)?.map(count),
        tokens_reasoning: row.integer_or_null(17)?.map(count),
        cost_basis: cost_basis(row, 18)?,
    })
}

/// A row of name, score, comment, timestamp.
pub(super) fn score(row: &impl Columns) -> Result<Score, StoreError> {
    Ok(Score {
        name: row.text(0)?.to_owned(),
        score: points(row.integer(1)?),
        comment: row.text_or_null(2)?,
        timestamp: row.moment(3)?,
    })
}

/// The sums in a row whose columns `first`… are requests, errors, timeouts, latency, tokens, cost, scored, quality.
pub(super) fn sums(row: &impl Columns, first: usize) -> Result<Sums, StoreError> {
    Ok(Sums {
        requests: row.integer(first)?,
        errors: row.integer(first + 1)?,
        timeouts: row.integer(first + 2)?,
        latency: row.integer(first + 3)?,
        tokens: row.integer(first + 4)?,
        cost: row.integer(first + 5)?,
        scored: row.integer(first + 6)?,
        quality: row.integer(first + 7)?,
    })
}

/// What the traces of a session or user add up to, and which it is, from a row of its id, the columns of [`sums`],
/// unpriced, first, last.
pub(super) fn thread(row: &impl Columns) -> Result<(String, ThreadSums), StoreError> {
    let (unpriced, first, last) = (row.integer(9)?, row.moment(10)?, row.moment(11)?);
    Ok((row.text(0)?.to_owned(), ThreadSums { sums: sums(row, 1)?, unpriced, first, last }))
}

/// Several of these, whose next column is how many there are in all.
pub(super) fn threads(rows: &[impl Columns]) -> Result<(Vec<(String, ThreadSums)>, u64), StoreError> {
    let total = rows.first().map(|row| row.integer(12)).transpose()?.map_or(0, count);
    Ok((rows.iter().map(thread).collect::<Result<_, _>>()?, total))
}

/// A bucket and how many of its traces ended so, from a row of bucket, requests, errors, timeouts.
pub(super) fn bucket_count(
    row: &impl Columns,
    status: Option<TraceStatus>,
) -> Result<(Timestamp, u64), StoreError> {
    let (requests, errors, timeouts) = (row.integer(1)?, row.integer(2)?, row.integer(3)?);
    let sums = Sums { requests, errors, timeouts, ..Sums::default() };
    Ok((row.moment(0)?, count(sums.count(status))))
}

//! Writing traces: rows, spans, payloads and rollups in one transaction.

use std::{collections::HashSet, sync::LazyLock};

use sqlx::{Arguments, Row, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};

use super::{
    SqliteTraces,
    bulk::Bulk,
    payload::{Frames, Place},
    rollup, row, score,
};
use crate::store::trace::{
    StoreError, Written,
    record::{NewSpan, NewTrace},
};

static INSERT_TRACES: LazyLock<Bulk> = LazyLock::new(|| {
    let head = "INSERT INTO traces (id, workspace_id, trace_id, agent_id, timestamp, latency, status, model, \
                model_provider, tokens_input, tokens_output, tokens_total, cost, quality_sent, quality, session_id, \
                user_id, tags, error, payload_id, payload_line) VALUES";
    Bulk::new(head, 21, "ON CONFLICT DO NOTHING", false)
});

static INSERT_SPANS: LazyLock<Bulk> = LazyLock::new(|| {
    let head = "INSERT INTO spans (trace, span_id, parent_span_id, name, kind, timestamp, latency, status, model, \
                tokens_input, tokens_output, cost, error, payload_id, payload_line) VALUES";
    Bulk::new(head, 15, "", false)
});

static SELECT_WAITING: LazyLock<Bulk> = LazyLock::new(|| {
    let tail = ") SELECT DISTINCT k.number FROM k CROSS JOIN scores s ON s.workspace_id = k.workspace_id \
                AND s.trace_id = k.trace_id WHERE s.waiting = 1";
    Bulk::new("WITH k (number, workspace_id, trace_id) AS (VALUES", 2, tail, true)
});

/// A trace on its way into the file.
struct Pending<'a> {
    trace: &'a NewTrace,
    id: i64,
    payload: Place,
    span_payloads: Vec<Place>,
}

impl SqliteTraces {
    pub(in crate::store::trace) async fn write(&self, traces: &[&NewTrace]) -> Result<Written, StoreError> {
        let mut seen = HashSet::with_capacity(traces.len());
        let mut frames = Frames::default();
        let mut pending = Vec::with_capacity(traces.len());
        for &trace in traces {
            if !seen.insert((trace.workspace_id, trace.trace_id.as_str())) {
                continue;
            }
            let payload = frames.push(&trace.payload)?;
            let span_payloads =
                trace.spans.iter().map(|span| frames.push(&span.payload)).collect::<Result<_, _>>()?;
            pending.push(Pending { trace, id: 0, payload, span_payloads });
        }
        let frames = frames.finish()?;

        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let first_id = next_id(&mut transaction, "SELECT COALESCE(MAX(id), 0) + 1 FROM traces").await?;
        let first_frame = next_id(&mut transaction, "SELECT COALESCE(MAX(id), 0) + 1 FROM payloads").await?;
        for (id, pending) in (first_id..).zip(&mut pending) {
            pending.id = id;
            pending.payload.frame += first_frame;
            pending.span_payloads.iter_mut().for_each(|place| place.frame += first_frame);
        }
        let inserted = INSERT_TRACES.execute(&mut transaction, &pending, bind_trace).await?;
        if inserted < pending.len() as u64 {
            keep_new(&mut transaction, first_id, &mut pending).await?;
        }
        insert_frames(&mut transaction, first_frame, &frames, &pending).await?;
        let spans: Vec<_> = pending
            .iter()
            .flat_map(|pending| {
                pending
                    .trace
                    .spans
                    .iter()
                    .zip(&pending.span_payloads)
                    .map(|(span, place)| (pending.id, span, *place))
            })
            .collect();
        INSERT_SPANS.execute(&mut transaction, &spans, bind_span).await?;
        rollup::add(&mut transaction, pending.iter().map(|pending| pending.trace)).await?;
        apply_waiting_scores(&mut transaction, &pending).await?;
        transaction.commit().await?;
        Ok(Written { new: pending.len() })
    }
}

async fn next_id(connection: &mut SqliteConnection, query: &'static str) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(query).fetch_one(connection).await?)
}

/// Drops the traces that were there before: their ids were not taken.
async fn keep_new(
    connection: &mut SqliteConnection,
    first_id: i64,
    pending: &mut Vec<Pending<'_>>,
) -> Result<(), StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM traces WHERE id >= $1")
        .bind(first_id)
        .fetch_all(connection)
        .await?;
    let ids: HashSet<i64> = ids.into_iter().collect();
    pending.retain(|pending| ids.contains(&pending.id));
    Ok(())
}

/// Inserts the frames that a new trace stands in: a batch that is sent again leaves none behind.
async fn insert_frames(
    connection: &mut SqliteConnection,
    first_frame: i64,
    frames: &[Vec<u8>],
    pending: &[Pending<'_>],
) -> Result<(), StoreError> {
    let used: HashSet<i64> = pending
        .iter()
        .flat_map(|pending| std::iter::once(&pending.payload).chain(&pending.span_payloads))
        .map(|place| place.frame)
        .collect();
    for (id, data) in (first_frame..).zip(frames).filter(|(id, _)| used.contains(id)) {
        sqlx::query("INSERT INTO payloads (id, data) VALUES ($1, $2)")
            .bind(id)
            .bind(data.as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Gives new traces the scores that came before them.
async fn apply_waiting_scores(
    transaction: &mut SqliteConnection,
    pending: &[Pending<'_>],
) -> Result<(), StoreError> {
    let waiting: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM scores WHERE waiting = 1)")
        .fetch_one(&mut *transaction)
        .await?;
    if !waiting {
        return Ok(());
    }
    let bind = |arguments: &mut SqliteArguments, pending: &Pending<'_>| {
        arguments.add(pending.trace.workspace_id)?;
        arguments.add(pending.trace.trace_id.as_str())
    };
    let mut scored = Vec::new();
    for piece in SELECT_WAITING.pieces(pending, bind) {
        let piece = piece?;
        let rows = piece.rows;
        for row in piece.query().fetch_all(&mut *transaction).await? {
            scored
                .extend(usize::try_from(row.try_get::<i64, _>(0)?).ok().and_then(|number| rows.get(number)));
        }
    }
    for pending in scored {
        score::settle(&mut *transaction, pending.trace.workspace_id, &pending.trace.trace_id).await?;
    }
    Ok(())
}

fn bind_trace(arguments: &mut SqliteArguments, pending: &Pending<'_>) -> Result<(), BoxDynError> {
    let trace = pending.trace;
    arguments.add(pending.id)?;
    arguments.add(trace.workspace_id)?;
    arguments.add(trace.trace_id.as_str())?;
    arguments.add(trace.agent_id.as_str())?;
    arguments.add(trace.timestamp.as_micros())?;
    arguments.add(trace.latency)?;
    arguments.add(row::status_number(trace.status))?;
    arguments.add(trace.model.as_deref())?;
    arguments.add(trace.model_provider.as_deref())?;
    arguments.add(trace.tokens_input)?;
    arguments.add(trace.tokens_output)?;
    arguments.add(trace.tokens_total)?;
    arguments.add(trace.cost)?;
    arguments.add(trace.quality)?;
    arguments.add(trace.quality)?;
    arguments.add(trace.session_id.as_deref())?;
    arguments.add(trace.user_id.as_deref())?;
    arguments.add(trace.tags.as_deref())?;
    arguments.add(trace.error.as_deref())?;
    arguments.add(pending.payload.frame)?;
    arguments.add(pending.payload.line)
}

fn bind_span(
    arguments: &mut SqliteArguments,
    (trace, span, payload): &(i64, &NewSpan, Place),
) -> Result<(), BoxDynError> {
    arguments.add(*trace)?;
    arguments.add(span.span_id.as_str())?;
    arguments.add(span.parent_span_id.as_deref())?;
    arguments.add(span.name.as_str())?;
    arguments.add(span.kind.as_str())?;
    arguments.add(span.timestamp.as_micros())?;
    arguments.add(span.latency)?;
    arguments.add(row::status_number(span.status))?;
    arguments.add(span.model.as_deref())?;
    arguments.add(span.tokens_input)?;
    arguments.add(span.tokens_output)?;
    arguments.add(span.cost)?;
    arguments.add(span.error.as_deref())?;
    arguments.add(payload.frame)?;
    arguments.add(payload.line)
}

//! Changing traces in one transaction: spans that come by themselves, and what follows from them.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use domain::{
    rollup::change::Recount,
    trace::{
        assembly::Fact,
        record::{LooseSpan, NewTrace},
    },
};
use futures_util::TryStreamExt;
use shared::Timestamp;
use sqlx::{Arguments, Row, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};
use uuid::Uuid;

use super::{
    SqliteTraces,
    bulk::Bulk,
    insert, rollup,
    write::{self, next_frame, next_id},
};
use crate::{
    error::StoreError,
    trace::{
        Written, gather,
        loose::LooseBatch,
        promotion::{Next, Promotion},
        recost::SpanCost,
        row::{self, Columns},
        stored::{
            FactRows, Known, Numbered, Record, SpanRow, TraceName, TraceRow, Waiting, fact_columns,
            record_columns,
        },
        writing::Writing,
    },
};

static SELECT_TRACES: LazyLock<Bulk> = LazyLock::new(|| {
    let tail = concat!(
        ") SELECT ",
        record_columns!(),
        ", k.number FROM k CROSS JOIN traces ON workspace_id = k.owner AND trace_id = k.called"
    );
    Bulk::new("WITH k (number, owner, called) AS (VALUES", 2, tail, true)
});

static SELECT_WAITING: LazyLock<Bulk> = LazyLock::new(|| {
    let tail = ") SELECT id, k.number FROM k CROSS JOIN waiting_traces ON workspace_id = k.owner AND trace_id = k.called";
    Bulk::new("WITH k (number, owner, called) AS (VALUES", 2, tail, true)
});

static SELECT_FACTS: LazyLock<Bulk> = LazyLock::new(|| {
    let tail = concat!(") SELECT ", fact_columns!(), " FROM k CROSS JOIN spans ON trace = k.number");
    Bulk::new("WITH k (number) AS (VALUES", 1, tail, false)
});

static COUNT_SPANS: LazyLock<Bulk> = LazyLock::new(|| {
    let tail = ") SELECT trace, COUNT(*) FROM k CROSS JOIN spans ON trace = k.number GROUP BY trace";
    Bulk::new("WITH k (number) AS (VALUES", 1, tail, false)
});

static WAIT: LazyLock<Bulk> = LazyLock::new(|| {
    let head = "INSERT INTO waiting_traces (workspace_id, trace_id, id, last_seen) VALUES";
    Bulk::new(head, 4, "ON CONFLICT DO UPDATE SET last_seen = MAX(last_seen, excluded.last_seen)", false)
});

static END_WAITING: LazyLock<Bulk> = LazyLock::new(|| {
    Bulk::new("DELETE FROM waiting_traces WHERE (workspace_id, trace_id) IN (VALUES", 2, ")", false)
});

impl SqliteTraces {
    pub(in crate::trace) async fn write_spans(&self, spans: &[&LooseSpan]) -> Result<Written, StoreError> {
        let mut batch = LooseBatch::new(spans)?;
        let mut transaction = self.begin_write().await?;
        let first_frame = next_frame(&mut transaction).await?;
        batch.number_frames(|index| first_frame + index);
        let written = gather::write(&mut SqliteWriting(&mut transaction), &batch).await?;
        transaction.commit().await?;
        Ok(written)
    }

    pub(in crate::trace) async fn promote(&self, before: Timestamp) -> Result<Vec<Uuid>, StoreError> {
        let mut promotion = Promotion::default();
        loop {
            let done = self.try_promote(before, promotion.at_once()).await;
            match promotion.after(done)? {
                Next::Promote => {}
                Next::PutOff => self.put_off(before).await?,
                Next::End(workspaces) => return Ok(workspaces),
            }
        }
    }

    /// Promotes some, and answers whose they were; nothing where none are left.
    async fn try_promote(&self, before: Timestamp, at_once: i64) -> Result<Option<Vec<Uuid>>, StoreError> {
        let mut transaction = self.begin_write().await?;
        let due: Vec<(i64, Uuid, String)> = sqlx::query_as(
            "SELECT id, workspace_id, trace_id FROM waiting_traces WHERE last_seen < $1 ORDER BY last_seen, id LIMIT $2",
        )
        .bind(before.as_micros())
        .bind(at_once)
        .fetch_all(&mut *transaction)
        .await?;
        if due.is_empty() {
            return Ok(None);
        }
        let waiting: Vec<(i64, TraceName<'_>)> = due
            .iter()
            .map(|(id, workspace_id, trace_id)| (*id, (*workspace_id, trace_id.as_str())))
            .collect();
        let done = gather::promote(&mut SqliteWriting(&mut transaction), &waiting).await?;
        transaction.commit().await?;
        Ok(Some(due.into_iter().take(done).map(|(_, workspace_id, _)| workspace_id).collect()))
    }

    /// Lets the first trace that is due wait on.
    async fn put_off(&self, before: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin_write().await?;
        sqlx::query(
            "UPDATE waiting_traces SET last_seen = $1 WHERE id = \
             (SELECT id FROM waiting_traces WHERE last_seen < $1 ORDER BY last_seen, id LIMIT 1)",
        )
        .bind(before.as_micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// The one transaction that writes.
pub(super) struct SqliteWriting<'c>(pub(super) &'c mut SqliteConnection);

impl Writing for SqliteWriting<'_> {
    async fn numbered(&mut self, traces: &[TraceName<'_>]) -> Result<Vec<Numbered>, StoreError> {
        let mut known: Vec<Option<Numbered>> = traces.iter().map(|_| None).collect();
        let mut first = 0;
        for piece in SELECT_TRACES.pieces(traces, bind_name) {
            let piece = piece?;
            let rows = piece.rows.len();
            for row in piece.query().fetch_all(&mut *self.0).await? {
                let record = Record::read(&row)?;
                set(&mut known, first, row.integer(26)?, record.id, Known::Trace(Box::new(record)));
            }
            first += rows;
        }
        let missing: Vec<usize> = (0..traces.len()).filter(|&index| known[index].is_none()).collect();
        let names: Vec<TraceName<'_>> = missing.iter().map(|&index| traces[index]).collect();
        for (index, id) in waiting(self.0, &names).await? {
            known[missing[index]] = Some(Numbered { id, known: Known::Waiting });
        }
        let mut next = next_id(self.0).await?;
        let numbered = known.into_iter().map(|known| {
            known.unwrap_or_else(|| {
                next += 1;
                Numbered { id: next - 1, known: Known::New }
            })
        });
        Ok(numbered.collect())
    }

    async fn span_counts(&mut self, ids: &[i64]) -> Result<HashMap<i64, usize>, StoreError> {
        span_counts(self.0, ids).await
    }

    async fn facts(&mut self, ids: &[i64]) -> Result<HashMap<i64, Vec<Fact<'static>>>, StoreError> {
        let mut facts = FactRows::default();
        for piece in SELECT_FACTS.pieces(ids, |arguments, id| arguments.add(*id)) {
            let mut rows = piece?.query().fetch(&mut *self.0);
            while let Some(row) = rows.try_next().await? {
                facts.push(&row)?;
            }
        }
        Ok(facts.finish())
    }

    async fn error(&mut self, id: i64, span_id: &str) -> Result<Option<String>, StoreError> {
        let error = sqlx::query_scalar("SELECT error FROM spans WHERE trace = $1 AND span_id = $2");
        Ok(error.bind(id).bind(span_id.to_owned()).fetch_optional(&mut *self.0).await?.flatten())
    }

    async fn insert_spans(
        &mut self,
        rows: &[SpanRow<'_>],
        frames: &[(i64, &[u8])],
    ) -> Result<(), StoreError> {
        insert::payloads(self.0, frames).await?;
        insert::spans(self.0, rows).await
    }

    async fn recost_spans(&mut self, costs: &[SpanCost<'_>]) -> Result<HashSet<i64>, StoreError> {
        let mut changed = HashSet::new();
        for cost in costs {
            let done = sqlx::query(
                "UPDATE spans SET cost = $3, cost_basis = $4, price = $5 WHERE trace = $1 AND span_id = $2 \
                 AND (cost IS NOT $3 OR cost_basis IS NOT $4 OR price IS NOT $5)",
            )
            .bind(cost.trace)
            .bind(cost.span_id.to_owned())
            .bind(cost.cost)
            .bind(row::basis_number(cost.basis))
            .bind(row::basis_price(cost.basis).map(str::to_owned))
            .execute(&mut *self.0)
            .await?;
            if done.rows_affected() > 0 {
                changed.insert(cost.trace);
            }
        }
        Ok(changed)
    }

    async fn wait(&mut self, waiting: &[Waiting<'_>]) -> Result<(), StoreError> {
        let bind = |arguments: &mut SqliteArguments, waiting: &Waiting<'_>| {
            bind_name(arguments, &waiting.name)?;
            arguments.add(waiting.id)?;
            arguments.add(waiting.last_seen.as_micros())
        };
        WAIT.execute(self.0, waiting, bind).await?;
        Ok(())
    }

    async fn end_waiting(&mut self, traces: &[TraceName<'_>]) -> Result<(), StoreError> {
        END_WAITING.execute(self.0, traces, bind_name).await?;
        Ok(())
    }

    async fn insert(&mut self, rows: &[TraceRow<'_>]) -> Result<(), StoreError> {
        insert::traces(self.0, rows).await?;
        Ok(())
    }

    async fn replace(&mut self, changes: &[(Record, Record)]) -> Result<(), StoreError> {
        insert::replace(self.0, &changes.iter().map(|(_, after)| after.row()).collect::<Vec<_>>()).await
    }

    async fn recount(&mut self, recount: Recount<'_>) -> Result<(), StoreError> {
        rollup::recount(self.0, recount).await
    }

    async fn score(&mut self, new: &[&NewTrace]) -> Result<(), StoreError> {
        write::apply_waiting_scores(self.0, new).await
    }
}

/// Which of these traces wait for their outermost span, and the numbers that they will have.
pub(super) async fn waiting(
    connection: &mut SqliteConnection,
    traces: &[TraceName<'_>],
) -> Result<Vec<(usize, i64)>, StoreError> {
    let (mut found, mut first) = (Vec::new(), 0);
    for piece in SELECT_WAITING.pieces(traces, bind_name) {
        let piece = piece?;
        let rows = piece.rows.len();
        for row in piece.query().fetch_all(&mut *connection).await? {
            let number = usize::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default();
            found.push((first + number, row.try_get(0)?));
        }
        first += rows;
    }
    Ok(found)
}

/// How many spans the traces with these numbers have; nothing for those that have none.
pub(super) async fn span_counts(
    connection: &mut SqliteConnection,
    ids: &[i64],
) -> Result<HashMap<i64, usize>, StoreError> {
    let mut counts = HashMap::with_capacity(ids.len());
    for piece in COUNT_SPANS.pieces(ids, |arguments, id| arguments.add(*id)) {
        for row in piece?.query().fetch_all(&mut *connection).await? {
            counts.insert(row.integer(0)?, usize::try_from(row.integer(1)?).unwrap_or(usize::MAX));
        }
    }
    Ok(counts)
}

/// Notes what was found of the trace with this number in its piece.
fn set(known: &mut [Option<Numbered>], first: usize, number: i64, id: i64, found: Known) {
    let index = usize::try_from(number).ok().map(|number| first + number);
    if let Some(place) = index.and_then(|index| known.get_mut(index)) {
        *place = Some(Numbered { id, known: found });
    }
}

fn bind_name(
    arguments: &mut SqliteArguments,
    (workspace_id, trace_id): &TraceName<'_>,
) -> Result<(), BoxDynError> {
    arguments.add(*workspace_id)?;
    arguments.add(*trace_id)
}

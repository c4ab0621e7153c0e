//! Writing traces: rows, spans, payloads and rollups in one transaction.

use std::{collections::HashSet, sync::LazyLock};

use domain::{rollup::change::Recount, trace::record::NewTrace};
use sqlx::{Arguments, Row, SqliteConnection, sqlite::SqliteArguments};

use super::{
    SqliteTraces,
    bulk::Bulk,
    insert, rollup, score,
    writing::{self, SqliteWriting},
};
use crate::{
    error::StoreError,
    trace::{
        Written,
        batch::{Batch, Pending},
        stored::{TraceName, TraceRow},
        writing::Writing,
    },
};

static SELECT_WAITING: LazyLock<Bulk> = LazyLock::new(|| {
    let tail = ") SELECT DISTINCT k.number FROM k CROSS JOIN scores s ON s.workspace_id = k.workspace_id \
                AND s.trace_id = k.trace_id WHERE s.waiting = 1";
    Bulk::new("WITH k (number, workspace_id, trace_id) AS (VALUES", 2, tail, true)
});

impl SqliteTraces {
    pub(in crate::trace) async fn write(&self, traces: &[&NewTrace]) -> Result<Written, StoreError> {
        let mut batch = Batch::new(traces)?;
        let mut transaction = self.begin_write().await?;
        let first_id = next_id(&mut transaction).await?;
        let first_frame = next_frame(&mut transaction).await?;
        batch.number(|index| first_id + index, |index| first_frame + index);
        let names: Vec<TraceName<'_>> = batch.all().iter().map(Pending::name).collect();
        let adopted = writing::waiting(&mut transaction, &names).await?;
        batch.adopt(&adopted);
        let old: HashSet<i64> = adopted.iter().map(|&(_, id)| id).collect();
        let rows: Vec<TraceRow<'_>> = batch.all().iter().map(|pending| batch.row(pending)).collect();
        if insert::traces(&mut transaction, &rows).await? < batch.len() as u64 {
            // The others were there before: their ids were not taken.
            let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM traces WHERE id >= $1")
                .bind(first_id)
                .fetch_all(&mut *transaction)
                .await?;
            // None of those that wait was there before.
            batch.keep(&ids.into_iter().chain(old.iter().copied()).collect());
        }
        insert::payloads(&mut transaction, &batch.used_frames()).await?;
        let (adopting, new): (Vec<_>, Vec<_>) =
            batch.spans().into_iter().partition(|row| old.contains(&row.trace));
        insert::spans(&mut transaction, &new).await?;
        insert::missing_spans(&mut transaction, &adopting).await?;
        if !adopted.is_empty() {
            let names: Vec<_> = adopted.iter().map(|&(index, _)| names[index]).collect();
            SqliteWriting(&mut transaction).end_waiting(&names).await?;
        }
        let new: Vec<_> = batch.new_traces().map(|pending| pending.trace).collect();
        rollup::recount(&mut transaction, Recount::new_ones(&new)).await?;
        apply_waiting_scores(&mut transaction, &new).await?;
        transaction.commit().await?;
        Ok(Written { new: new.len(), dropped: 0 })
    }
}

/// The number of the next trace; those that wait have theirs.
pub(super) async fn next_id(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let next = "SELECT MAX((SELECT COALESCE(MAX(id), 0) FROM traces), (SELECT COALESCE(MAX(id), 0) FROM waiting_traces)) + 1";
    Ok(sqlx::query_scalar(next).fetch_one(connection).await?)
}

/// The id of the next frame of payloads.
pub(super) async fn next_frame(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) + 1 FROM payloads").fetch_one(connection).await?)
}

/// Gives new traces the scores that came before them.
pub(super) async fn apply_waiting_scores(
    transaction: &mut SqliteConnection,
    new: &[&NewTrace],
) -> Result<(), StoreError> {
    let waiting: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM scores WHERE waiting = 1)")
        .fetch_one(&mut *transaction)
        .await?;
    if !waiting {
        return Ok(());
    }
    let bind = |arguments: &mut SqliteArguments, trace: &&NewTrace| {
        arguments.add(trace.workspace_id)?;
        arguments.add(trace.trace_id.as_str())
    };
    let mut scored: Vec<&NewTrace> = Vec::new();
    for piece in SELECT_WAITING.pieces(new, bind) {
        let piece = piece?;
        let rows = piece.rows;
        for row in piece.query().fetch_all(&mut *transaction).await? {
            scored.extend(
                usize::try_from(row.try_get::<i64, _>(0)?).ok().and_then(|number| rows.get(number).copied()),
            );
        }
    }
    for trace in scored {
        score::settle(&mut *transaction, trace.workspace_id, &trace.trace_id).await?;
    }
    Ok(())
}

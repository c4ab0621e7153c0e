//! Statements of a write transaction on traces and spans, each for both engines.

use std::collections::HashSet;

use domain::trace::record::NewTrace;

use super::{
    batch::TraceBatch,
    incoming::SpanBatch,
    insert,
    record::{KnownTrace, SpanCost, SpanInsert, TraceInsert, TraceName},
};
use crate::{
    database::Transaction,
    error::StoreError,
    trace::{postgres, row::TraceRecord, sqlite, transaction::WriteTransaction},
};

impl WriteTransaction {
    /// Inserts the new traces of a batch with their spans and payloads, and returns them. Pending traces become stored ones.
    /// The workspaces of the returned traces are locked.
    pub(super) async fn insert_batch<'a>(
        &mut self,
        batch: &mut TraceBatch<'a>,
    ) -> Result<Vec<&'a NewTrace>, StoreError> {
        match &mut self.transaction {
            Transaction::Sqlite(connection) => sqlite::write::insert_batch(connection, batch).await,
            Transaction::Postgres(connection) => postgres::write::insert_batch(connection, batch).await,
        }
    }

    /// Sets the ids of a batch's frames. On PostgreSQL also creates the keys of the batch's traces and locks their
    /// workspaces.
    pub(super) async fn prepare_spans(&mut self, batch: &mut SpanBatch<'_>) -> Result<(), StoreError> {
        match &mut self.transaction {
            Transaction::Sqlite(connection) => sqlite::write::number_frames(connection, batch).await?,
            Transaction::Postgres(connection) => {
                self.created = postgres::write::create_keys(connection, batch).await?;
            }
        }
        Ok(())
    }

    /// Returns the number and state of each trace. New traces get a number.
    pub(super) async fn known_traces(
        &mut self,
        names: &[TraceName<'_>],
    ) -> Result<Vec<KnownTrace>, StoreError> {
        match &mut self.transaction {
            Transaction::Sqlite(connection) => sqlite::trace::known_traces(connection, names).await,
            Transaction::Postgres(connection) => {
                postgres::trace::known_traces(connection, names, &self.created).await
            }
        }
    }

    /// Returns the error message of a span.
    pub(super) async fn span_error(
        &mut self,
        trace: i64,
        span_id: &str,
    ) -> Result<Option<String>, StoreError> {
        let error: Option<(Option<String>,)> = self
            .transaction
            .sql("SELECT error FROM spans WHERE trace = $1 AND span_id = $2")
            .bind(trace)
            .bind(span_id)
            .fetch_optional()
            .await?;
        Ok(error.and_then(|(error,)| error))
    }

    /// Inserts spans that do not exist yet, and the frames of their payloads.
    pub(super) async fn insert_spans(
        &mut self,
        rows: &[SpanInsert<'_>],
        frames: &[(i64, &[u8])],
    ) -> Result<(), StoreError> {
        insert::spans(&mut self.transaction, rows).await?;
        match &mut self.transaction {
            Transaction::Sqlite(connection) => sqlite::write::payloads(connection, frames).await,
            Transaction::Postgres(connection) => {
                // The start of pending traces is unknown: retention must keep their payloads at least until then.
                let times = rows.iter().map(|row| {
                    let arrived = row.incoming.map_or(row.span.timestamp, |incoming| incoming.arrived);
                    (row.payload.frame, arrived.max(row.span.timestamp))
                });
                postgres::write::payloads(connection, frames, times).await
            }
        }
    }

    /// Updates the costs of spans and returns the numbers of the traces in which a cost changed.
    pub(super) async fn update_span_costs(
        &mut self,
        costs: &[SpanCost<'_>],
    ) -> Result<HashSet<i64>, StoreError> {
        match &mut self.transaction {
            Transaction::Sqlite(_) => sqlite::trace::update_span_costs(&mut self.transaction, costs).await,
            Transaction::Postgres(connection) => postgres::trace::update_span_costs(connection, costs).await,
        }
    }

    /// Inserts traces that do not exist yet but have numbers.
    pub(super) async fn insert_traces(&mut self, rows: &[TraceInsert<'_>]) -> Result<(), StoreError> {
        match &mut self.transaction {
            Transaction::Sqlite(connection) => insert::traces(&mut **connection, rows).await.map(drop),
            Transaction::Postgres(connection) => postgres::trace::insert(connection, rows).await,
        }
    }

    /// Replaces the old version of each trace with the new one. The number and the quality stay the same.
    pub(super) async fn replace_traces(
        &mut self,
        changes: &[(TraceRecord, TraceRecord)],
    ) -> Result<(), StoreError> {
        let rows: Vec<_> = changes.iter().map(|(_, after)| after.row()).collect();
        match &mut self.transaction {
            Transaction::Sqlite(connection) => {
                insert::replace_traces(&mut **connection, &rows).await.map(drop)
            }
            Transaction::Postgres(connection) => {
                postgres::trace::delete(connection, changes.iter().map(|(before, _)| before)).await?;
                postgres::trace::insert(connection, &rows).await
            }
        }
    }
}

//! The usage and cost of stored traces, for repricing.

use std::collections::HashMap;

use domain::trace::{
    cursor::Cursor,
    usage::{SpanUsage, TraceUsage},
};
use shared::{Timestamp, time_range::Window};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    database::{RowRef, in_read, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        TraceStore,
        column::basis,
        row::{TRACE_COLUMNS, TraceRecord, TraceRow},
        transaction::{ReadTransaction, batch_length, count_spans},
    },
};

impl TraceStore {
    /// Returns the usage of the traces in a window, sorted by their start, after a position. The result has at most `limit`
    /// traces, fewer if they have many spans, and none only if there are no more.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn usages(
        &self,
        workspace_id: Uuid,
        window: Window,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<TraceUsage>, StoreError> {
        in_read!(self, transaction => transaction.usages(workspace_id, window, after, limit))
    }
}

#[derive(sqlx::FromRow)]
struct UsageRow {
    trace: i64,
    span_id: String,
    timestamp: SqlTimestamp,
    model: Option<String>,
    model_provider: Option<String>,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    tokens_cache_read: Option<i64>,
    tokens_cache_write: Option<i64>,
    tokens_reasoning: Option<i64>,
    cost: Option<i64>,
    cost_basis: Option<i16>,
    price: Option<String>,
    incoming: bool,
}

impl UsageRow {
    fn into_usage(self) -> Result<SpanUsage, StoreError> {
        Ok(SpanUsage {
            span_id: self.span_id,
            timestamp: self.timestamp.0,
            model: self.model,
            model_provider: self.model_provider,
            tokens_input: self.tokens_input,
            tokens_output: self.tokens_output,
            tokens_cache_read: self.tokens_cache_read,
            tokens_cache_write: self.tokens_cache_write,
            tokens_reasoning: self.tokens_reasoning,
            cost: self.cost,
            basis: basis(self.cost_basis, self.price)?,
            incoming: self.incoming,
        })
    }
}

/// The columns of [`UsageRow`].
const USAGE_COLUMNS: &str = "trace, span_id, timestamp, model, model_provider, tokens_input, tokens_output, \
     tokens_cache_read, tokens_cache_write, tokens_reasoning, cost, cost_basis, price, (agent_id IS NOT NULL \
     OR service IS NOT NULL OR session_id IS NOT NULL OR user_id IS NOT NULL OR tags IS NOT NULL) AS incoming";

impl ReadTransaction {
    async fn usages(
        &mut self,
        workspace_id: Uuid,
        window: Window,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<TraceUsage>, StoreError> {
        let start = after.map_or(window.start, |after| after.timestamp.max(window.start));
        let after = after.unwrap_or(Cursor { timestamp: Timestamp::from_micros(i64::MIN), id: i64::MIN });
        let mut select = self.transaction.sql("SELECT ");
        select.push(TRACE_COLUMNS).push(
            " FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3 \
             AND (timestamp > $4 OR id > $5) ORDER BY timestamp, id LIMIT $6",
        );
        let rows: Vec<TraceRow> = select
            .bind(workspace_id)
            .bind(SqlTimestamp(start))
            .bind(SqlTimestamp(window.end))
            .bind(SqlTimestamp(after.timestamp))
            .bind(after.id)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all()
            .await?;
        let mut records = rows.into_iter().map(TraceRow::into_record).collect::<Result<Vec<_>, _>>()?;
        let mut ids: Vec<i64> = records.iter().map(|record| record.id).collect();
        let sizes = count_spans(&mut self.transaction, &ids).await?;
        ids.truncate(batch_length(ids.iter().map(|id| sizes.get(id).copied().unwrap_or(0))));
        records.truncate(ids.len());
        let mut spans = self.span_usages(&ids).await?;
        let usage = |TraceRecord { id, trace, .. }: TraceRecord| TraceUsage {
            trace_id: trace.trace_id,
            cursor: Cursor { timestamp: trace.timestamp, id },
            assembly: trace.assembly,
            model: trace.model,
            model_provider: trace.model_provider,
            tokens_input: trace.tokens_input,
            tokens_output: trace.tokens_output,
            cost: trace.cost,
            basis: trace.basis,
            spans: spans.remove(&id).unwrap_or_default(),
        };
        Ok(records.into_iter().map(usage).collect())
    }

    /// Returns the usage of the spans of traces, by the number of the trace.
    async fn span_usages(&mut self, traces: &[i64]) -> Result<HashMap<i64, Vec<SpanUsage>>, StoreError> {
        let mut select = self.transaction.sql("SELECT ");
        select.push(USAGE_COLUMNS).push(" FROM spans WHERE trace");
        select.push_ids(traces);
        select.push(" ORDER BY trace, span_id");
        let mut spans: HashMap<i64, Vec<SpanUsage>> = HashMap::with_capacity(traces.len());
        let add = |row: RowRef<'_>| {
            let row: UsageRow = row.read()?;
            spans.entry(row.trace).or_default().push(row.into_usage()?);
            Ok(())
        };
        select.for_each_row(add).await?;
        Ok(spans)
    }
}

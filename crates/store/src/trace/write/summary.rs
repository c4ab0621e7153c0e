//! Reads the summaries of stored spans, some traces at a time.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
};

use domain::trace::{
    assembly::remove_unused_tags,
    payload::PayloadRef,
    summary::{ErrorText, SpanSummary},
};
use shared::limit::TRACE_INCOMING_SPANS;

use crate::{
    database::{RowRef, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        column::{Kind, is_no_price, is_reported, status},
        transaction::{MAX_SPANS_IN_MEMORY, WriteTransaction, batch_length, count_spans},
    },
};

/// The size of the tags in memory at which unused tags are removed.
const TAG_BYTES: usize = 8 * 1024 * 1024;

/// The summaries of the spans of many traces, read in pages. Take the traces in the order in which they were requested.
pub(super) struct SummaryPages {
    pages: VecDeque<Vec<i64>>,
    read: HashMap<i64, Vec<SpanSummary<'static>>>,
}

impl SummaryPages {
    /// Plans the pages for these traces.
    pub(super) async fn new(transaction: &mut WriteTransaction, traces: &[i64]) -> Result<Self, StoreError> {
        let mut pages = VecDeque::new();
        if traces.len() <= MAX_SPANS_IN_MEMORY / TRACE_INCOMING_SPANS {
            // So few traces fit in one page without counting their spans.
            pages.extend((!traces.is_empty()).then(|| traces.to_vec()));
        } else {
            let sizes = count_spans(&mut transaction.transaction, traces).await?;
            let mut rest = traces;
            while !rest.is_empty() {
                let size = |id: &i64| sizes.get(id).copied().unwrap_or(0);
                let (page, more) = rest.split_at(batch_length(rest.iter().map(size)));
                pages.push_back(page.to_vec());
                rest = more;
            }
        }
        Ok(Self { pages, read: HashMap::new() })
    }

    /// Returns the summaries of the spans of a trace: none if the trace was not requested.
    pub(super) async fn take(
        &mut self,
        transaction: &mut WriteTransaction,
        trace: i64,
    ) -> Result<Vec<SpanSummary<'static>>, StoreError> {
        if self.pages.front().and_then(|page| page.first()) == Some(&trace)
            && let Some(page) = self.pages.pop_front()
        {
            self.read = transaction.span_summaries(&page).await?;
        }
        Ok(self.read.remove(&trace).unwrap_or_default())
    }
}

#[derive(sqlx::FromRow)]
struct SummaryRow {
    trace: i64,
    span_id: String,
    parent_span_id: Option<String>,
    name: String,
    kind: Kind,
    timestamp: SqlTimestamp,
    latency: i64,
    status: i16,
    model: Option<String>,
    model_provider: Option<String>,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    cost: Option<i64>,
    cost_basis: Option<i16>,
    has_error: bool,
    payload_id: i64,
    payload_line: i32,
    agent_id: Option<String>,
    service: Option<String>,
    session_id: Option<String>,
    user_id: Option<String>,
    tags: Option<String>,
}

impl SummaryRow {
    fn into_summary(self) -> Result<SpanSummary<'static>, StoreError> {
        Ok(SpanSummary {
            span_id: Cow::Owned(self.span_id),
            parent_span_id: self.parent_span_id.map(Cow::Owned),
            name: Cow::Owned(self.name),
            kind: self.kind.0,
            timestamp: self.timestamp.0,
            latency: self.latency,
            status: status(self.status)?,
            model: self.model.map(Cow::Owned),
            model_provider: self.model_provider.map(Cow::Owned),
            tokens_input: self.tokens_input,
            tokens_output: self.tokens_output,
            cost: self.cost,
            reported: self.cost.is_some() && is_reported(self.cost_basis),
            no_price: is_no_price(self.cost_basis),
            error: if self.has_error { ErrorText::Stored } else { ErrorText::None },
            payload: PayloadRef { frame: self.payload_id, line: self.payload_line.into() },
            agent_id: self.agent_id.map(Cow::Owned),
            service: self.service.map(Cow::Owned),
            session_id: self.session_id.map(Cow::Owned),
            user_id: self.user_id.map(Cow::Owned),
            tags: self.tags.map(Cow::Owned),
        })
    }
}

impl WriteTransaction {
    /// Returns the summaries of the spans of traces, by the number of the trace.
    pub(super) async fn span_summaries(
        &mut self,
        traces: &[i64],
    ) -> Result<HashMap<i64, Vec<SpanSummary<'static>>>, StoreError> {
        let mut summaries: HashMap<i64, Vec<SpanSummary<'static>>> = HashMap::new();
        if traces.is_empty() {
            return Ok(summaries);
        }
        let mut select = self.transaction.sql(
            "SELECT trace, span_id, parent_span_id, name, kind, timestamp, latency, status, model, model_provider, \
             tokens_input, tokens_output, cost, cost_basis, error IS NOT NULL AS has_error, payload_id, payload_line, \
             agent_id, service, session_id, user_id, tags FROM spans WHERE trace",
        );
        select.push_ids(traces);
        let mut tag_bytes = 0;
        let add = |row: RowRef<'_>| {
            let row: SummaryRow = row.read()?;
            tag_bytes += row.tags.as_ref().map_or(0, String::len);
            summaries.entry(row.trace).or_default().push(row.into_summary()?);
            if tag_bytes > TAG_BYTES {
                summaries.values_mut().for_each(|spans| remove_unused_tags(spans));
                tag_bytes = 0;
            }
            Ok(())
        };
        select.for_each_row(add).await?;
        Ok(summaries)
    }
}

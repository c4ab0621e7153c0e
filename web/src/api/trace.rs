//! Traces and their spans.

use shared::{
    page::Page,
    span::{Span, SpanMatches, SpanSearchQuery},
    trace::{Trace, TraceDetail, TraceDetailQuery, TraceListQuery},
};

use super::{ApiRequest, Client, client::item};

const TRACES: &str = "/api/v1/traces";

impl Client {
    /// Lists one page of the traces that match `query`.
    pub fn list_traces(&self, query: &TraceListQuery) -> ApiRequest<Page<Trace>> {
        self.get(TRACES, query)
    }

    /// Gets a trace, with its spans but without their payloads: a trace may have ten thousand spans.
    pub fn get_trace(&self, id: &str) -> ApiRequest<TraceDetail> {
        self.get(&item(TRACES, id, ""), &TraceDetailQuery { payloads: Some(false) })
    }

    /// Gets a span with its payloads, and the text of the response.
    pub fn get_span(&self, trace_id: &str, span_id: &str) -> ApiRequest<(Span, String)> {
        self.get_with_text(&item(&item(TRACES, trace_id, "/spans"), span_id, ""))
    }

    /// Lists the ids of the spans that contain `query`, payloads included.
    pub fn search_spans(&self, trace_id: &str, query: &str) -> ApiRequest<SpanMatches> {
        self.get(&item(TRACES, trace_id, "/search"), &SpanSearchQuery { q: query.to_owned() })
    }
}

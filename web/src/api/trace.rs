//! Traces, in lists and whole.

use shared::{
    page::Page,
    span::{Span, SpanMatches},
    trace::{Trace, TraceDetail, TraceListQuery, TraceStatus},
};

use super::{Asked, Client, client::segment};

impl Client {
    /// One page of the traces that `query` asks for.
    pub fn traces(&self, query: &TraceListQuery) -> Asked<Page<Trace>> {
        let (limit, page) = (query.limit.map(|n| n.to_string()), query.page.map(|n| n.to_string()));
        self.get(
            "/api/v1/traces",
            &[
                ("range", query.range.as_deref()),
                ("start", query.start.as_deref()),
                ("end", query.end.as_deref()),
                ("agent_id", query.agent_id.as_deref()),
                ("model", query.model.as_deref()),
                ("status", query.status.map(TraceStatus::as_str)),
                ("session_id", query.session_id.as_deref()),
                ("user_id", query.user_id.as_deref()),
                ("limit", limit.as_deref()),
                ("page", page.as_deref()),
                ("cursor", query.cursor.as_deref()),
            ],
        )
    }

    /// One trace, its spans without what they read and wrote: a run may have ten thousand.
    pub fn trace(&self, id: &str) -> Asked<TraceDetail> {
        self.get(&path(id), &[("payloads", Some("false"))])
    }

    /// One span with everything in it, and the same as it came.
    pub fn span(&self, trace_id: &str, span_id: &str) -> Asked<(Span, String)> {
        self.get_with_text(&format!("{}/spans/{}", path(trace_id), segment(span_id)))
    }

    /// The ids of the spans that `query` is in, whatever they read and wrote included.
    pub fn find_spans(&self, trace_id: &str, query: &str) -> Asked<SpanMatches> {
        self.get(&format!("{}/search", path(trace_id)), &[("q", Some(query))])
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/traces/{}", segment(id))
}

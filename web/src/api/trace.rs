//! Traces, in lists and whole.

use shared::{
    page::Page,
    span::{Span, SpanMatches},
    trace::{Trace, TraceDetail, TraceListQuery, TraceStatus},
};

use super::{ApiError, Client, client::segment};

impl Client {
    /// One page of the traces that `query` asks for.
    pub async fn traces(&self, query: &TraceListQuery) -> Result<Page<Trace>, ApiError> {
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
        .await
    }

    /// One trace, its spans without what they read and wrote: a run may have ten thousand.
    pub async fn trace(&self, id: &str) -> Result<TraceDetail, ApiError> {
        self.get(&path(id), &[("payloads", Some("false"))]).await
    }

    /// One span with everything in it, and the same as it came.
    pub async fn span(&self, trace_id: &str, span_id: &str) -> Result<(Span, String), ApiError> {
        self.get_with_text(&format!("{}/spans/{}", path(trace_id), segment(span_id))).await
    }

    /// The ids of the spans that `query` is in, whatever they read and wrote included.
    pub async fn find_spans(&self, trace_id: &str, query: &str) -> Result<SpanMatches, ApiError> {
        self.get(&format!("{}/search", path(trace_id)), &[("q", Some(query))]).await
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/traces/{}", segment(id))
}

//! Traces, in lists and whole.

use shared::{
    page::Page,
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

    /// One trace with everything in it.
    pub async fn trace(&self, id: &str) -> Result<TraceDetail, ApiError> {
        self.get(&format!("/api/v1/traces/{}", segment(id)), &[]).await
    }
}

//! Sample spans and traces for tests.

use std::{rc::Rc, time::Duration};

use serde_json::json;
use shared::{Timestamp, span::Span, trace::TraceDetail};

use super::Model;

/// Returns a span from `start` to `end`, in milliseconds after the epoch.
pub fn span(id: &str, parent: Option<&str>, start: u64, end: u64) -> Span {
    Span {
        span_id: id.to_owned(),
        parent_span_id: parent.map(ToOwned::to_owned),
        name: id.to_owned(),
        timestamp: Timestamp::EPOCH + Duration::from_millis(start),
        latency_ms: Duration::from_millis(end.saturating_sub(start)).as_secs_f64() * 1e3,
        ..Span::default()
    }
}

/// Returns a trace of 100 ms with these spans.
pub fn detail(spans: Vec<Span>) -> TraceDetail {
    let fields = json!({
        "trace_id": "run", "agent_id": "agent", "workspace_id": uuid::Uuid::nil(), "timestamp": Timestamp::EPOCH,
        "latency_ms": 100.0, "status": "success", "tags": [], "metadata": {}, "spans": [], "scores": [],
    });
    #[expect(clippy::unwrap_used, reason = "a test may panic")]
    let detail: TraceDetail = serde_json::from_value(fields).unwrap();
    TraceDetail { spans, ..detail }
}

/// Returns the model of such a trace.
pub fn model(spans: Vec<Span>) -> Rc<Model> {
    Rc::new(Model::new(Rc::new(detail(spans))))
}

/// Returns the ids of the spans at `indexes`.
pub fn names(model: &Model, indexes: &[usize]) -> Vec<String> {
    indexes.iter().map(|&index| model.spans()[index].span_id.clone()).collect()
}

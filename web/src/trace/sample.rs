//! Sample spans and traces for tests.

use std::{rc::Rc, time::Duration};

use serde_json::Map;
use shared::{
    Timestamp,
    span::Span,
    trace::{Trace, TraceDetail, TraceStatus},
};

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
    let trace = Trace {
        trace_id: "run".to_owned(),
        workspace_id: uuid::Uuid::nil(),
        agent_id: "agent".to_owned(),
        timestamp: Timestamp::EPOCH,
        latency_ms: 100.0,
        status: TraceStatus::Success,
        model: None,
        model_provider: None,
        tokens_input: None,
        tokens_output: None,
        tokens_total: None,
        cost_usd: None,
        quality_score: None,
        session_id: None,
        user_id: None,
        tags: Vec::new(),
        error: None,
        name: None,
        incomplete: false,
        unpriced: 0,
    };
    TraceDetail {
        trace,
        input: None,
        output: None,
        metadata: Map::new(),
        spans,
        scores: Vec::new(),
        cost_basis: None,
        payloads_cut: false,
    }
}

/// Returns the model of such a trace.
pub fn model(spans: Vec<Span>) -> Rc<Model> {
    Rc::new(Model::new(Rc::new(detail(spans))))
}

/// Returns the ids of the spans at `indexes`.
pub fn names(model: &Model, indexes: &[usize]) -> Vec<String> {
    indexes.iter().map(|&index| model.spans()[index].span_id.clone()).collect()
}

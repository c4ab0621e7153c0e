//! Sample traces, spans and scores.

use domain::trace::record::{IncomingSpan, NewScore, NewSpan, NewTrace};
use shared::{Timestamp, span::SpanKind, trace::TraceStatus};
use uuid::Uuid;

/// 2026-03-11T00:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_773_187_200_000);

/// Returns an ordinary trace.
pub fn trace(workspace_id: Uuid, trace_id: impl Into<String>) -> NewTrace {
    NewTrace {
        workspace_id,
        trace_id: trace_id.into(),
        agent_id: "support-bot".to_owned(),
        timestamp: START,
        latency: 1_234_567,
        status: TraceStatus::Success,
        model: Some("gpt-4o".to_owned()),
        tokens_total: Some(10),
        cost: Some(2_990_000),
        payload: "{}".to_owned(),
        ..NewTrace::default()
    }
}

/// Returns `count` traces with the ids `{name}-{number}`.
pub fn traces(workspace_id: Uuid, name: &str, count: usize) -> Vec<NewTrace> {
    (0..count).map(|number| trace(workspace_id, format!("{name}-{number}"))).collect()
}

/// Returns a trace that every store rejects: two of its spans have the same id.
pub fn bad_trace(workspace_id: Uuid, trace_id: &str) -> NewTrace {
    let span = NewSpan {
        span_id: "same".to_owned(),
        parent_span_id: None,
        name: "step".to_owned(),
        kind: SpanKind::Tool,
        timestamp: START,
        latency: 1,
        status: TraceStatus::Success,
        payload: "{}".to_owned(),
        ..NewSpan::default()
    };
    NewTrace { spans: vec![span; 2], ..trace(workspace_id, trace_id) }
}

/// Returns an incoming span.
pub fn incoming_span(
    workspace_id: Uuid,
    trace_id: &str,
    span_id: &str,
    parent: Option<&str>,
) -> IncomingSpan {
    let span = NewSpan {
        span_id: span_id.to_owned(),
        parent_span_id: parent.map(str::to_owned),
        name: "step".to_owned(),
        timestamp: START,
        latency: 1_000,
        payload: "{}".to_owned(),
        ..NewSpan::default()
    };
    IncomingSpan {
        workspace_id,
        trace_id: trace_id.to_owned(),
        arrived: START,
        span,
        ..IncomingSpan::default()
    }
}

/// Returns a score of a trace, in points.
pub fn score(workspace_id: Uuid, trace_id: &str, points: i64) -> NewScore {
    NewScore {
        workspace_id,
        trace_id: trace_id.to_owned(),
        name: "quality".to_owned(),
        score: points * 1_000_000,
        comment: None,
        timestamp: START,
    }
}

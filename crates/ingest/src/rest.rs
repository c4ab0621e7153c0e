//! Decodes traces and scores of the REST API; reports every invalid field.

use std::collections::HashSet;

use domain::trace::{
    record::{MICROS_PER_POINT, NewScore, NewSpan, NewTrace},
    total::add,
};
use serde_json::{Map, Value, value::RawValue};
use shared::{
    cost::CostBasis,
    error::FieldError,
    limit,
    span::{Scope, SpanEvent, SpanLink, ToolCall},
    trace::ScoreRequest,
};
use uuid::Uuid;

use super::{
    field::{Arrival, Object, Reader, check_message, check_name, scaled},
    json::Members,
    payload::Payload,
};

/// Decodes one trace.
///
/// # Errors
/// Returns the errors of all invalid fields.
pub fn trace(raw: &RawValue, arrival: Arrival) -> Result<NewTrace, Vec<FieldError>> {
    if raw.get().len() > limit::TRACE_BYTES {
        return Err(vec![FieldError::new("trace", format!("is larger than {} bytes", limit::TRACE_BYTES))]);
    }
    let Members(members) = serde_json::from_str(raw.get())
        .map_err(|_| vec![FieldError::new("trace", "must be a JSON object")])?;
    let mut read = Reader { arrival, prefix: String::new(), errors: Vec::new() };
    let mut payload = Payload::new("metadata");
    let (mut trace_id, mut agent_id, mut timestamp, mut latency, mut status) = (None, None, None, None, None);
    let mut trace = NewTrace::default();
    for (key, raw) in &members {
        match &**key {
            "trace_id" => trace_id = read.name(key, raw),
            "agent_id" => agent_id = read.name(key, raw),
            "timestamp" => timestamp = read.timestamp(key, raw),
            "latency_ms" => latency = read.latency(key, raw),
            "status" => status = read.status(key, raw),
            "model" => trace.model = read.name(key, raw),
            "model_provider" => trace.model_provider = read.name(key, raw),
            "tokens_input" => trace.tokens_input = read.tokens(key, raw),
            "tokens_output" => trace.tokens_output = read.tokens(key, raw),
            "tokens_total" => trace.tokens_total = read.tokens(key, raw),
            "cost_usd" => trace.cost = read.cost(key, raw),
            "quality_score" => trace.quality = read.score(key, raw),
            "session_id" => trace.session_id = read.name(key, raw),
            "user_id" => trace.user_id = read.name(key, raw),
            "tags" => trace.tags = read.tags(raw),
            "error" => trace.error = read.message(key, raw),
            "spans" => trace.spans = spans(&mut read, raw),
            "workspace_id" => read.own_workspace(raw),
            _ => read.payload(&mut payload, key, raw),
        }
    }
    read.require("agent_id", agent_id.is_some());
    read.require("latency_ms", latency.is_some());
    read.require("status", status.is_some());
    let (Some(agent_id), Some(latency), Some(status), []) =
        (agent_id, latency, status, read.errors.as_slice())
    else {
        return Err(read.errors);
    };
    Ok(NewTrace {
        workspace_id: arrival.workspace_id,
        trace_id: trace_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        agent_id,
        timestamp: timestamp.unwrap_or(arrival.now),
        latency,
        status,
        tokens_total: trace.tokens_total.or_else(|| add(trace.tokens_input, trace.tokens_output)),
        payload: payload.into_line(),
        ..trace
    })
}

/// Checks a score.
///
/// # Errors
/// Returns the errors of all invalid fields.
pub fn score(trace_id: &str, request: ScoreRequest, arrival: Arrival) -> Result<NewScore, Vec<FieldError>> {
    let name = request.name.unwrap_or_else(|| shared::trace::DEFAULT_SCORE_NAME.to_owned());
    let score = scaled(request.score, MICROS_PER_POINT, 100.0);
    let errors = FieldError::all([
        ("trace_id", check_name(trace_id)),
        ("name", check_name(&name)),
        ("comment", check_message(request.comment.as_deref().unwrap_or_default())),
        ("score", score.clone().map(drop)),
    ]);
    let (Ok(score), []) = (score, errors.as_slice()) else { return Err(errors) };
    Ok(NewScore {
        workspace_id: arrival.workspace_id,
        trace_id: trace_id.to_owned(),
        name,
        score,
        comment: request.comment,
        timestamp: arrival.now,
    })
}

/// Decodes the spans of a trace; errors carry the index of the span.
fn spans(read: &mut Reader, raw: &RawValue) -> Vec<NewSpan> {
    let raws: Vec<&RawValue> = read.value("spans", raw, "an array of objects").unwrap_or_default();
    if raws.len() > limit::TRACE_SPANS {
        read.fail("spans", format!("must be at most {}", limit::TRACE_SPANS));
        return Vec::new();
    }
    let mut spans: Vec<NewSpan> = Vec::with_capacity(raws.len());
    for (index, raw) in raws.into_iter().enumerate() {
        read.prefix = format!("spans[{index}].");
        spans.extend(span(read, raw));
    }
    read.prefix.clear();
    let mut seen = HashSet::with_capacity(spans.len());
    if let Some(twice) = spans.iter().find(|span| !seen.insert(span.span_id.as_str())) {
        let detail = format!("span_id {:?} is not unique", twice.span_id);
        read.fail("spans", detail);
    }
    spans
}

fn span(read: &mut Reader, raw: &RawValue) -> Option<NewSpan> {
    if raw.get() == "null" {
        // Elsewhere null means absent; here a span would be lost without an error.
        read.fail("", "must be an object");
    }
    let Members(members) = read.value("", raw, "an object")?;
    let mut payload = Payload::new("attributes");
    let (mut span_id, mut name, mut timestamp, mut latency) = (None, None, None, None);
    let mut span = NewSpan::default();
    for (key, raw) in &members {
        match &**key {
            "span_id" => span_id = read.name(key, raw),
            "parent_span_id" => span.parent_span_id = read.name(key, raw),
            "name" => name = read.name(key, raw),
            "kind" => span.kind = read.kind(key, raw).unwrap_or_default(),
            "timestamp" => timestamp = read.timestamp(key, raw),
            "latency_ms" => latency = read.latency(key, raw),
            "status" => span.status = read.status(key, raw).unwrap_or_default(),
            "model" => span.model = read.name(key, raw),
            "tokens_input" => span.tokens_input = read.tokens(key, raw),
            "tokens_output" => span.tokens_output = read.tokens(key, raw),
            "model_provider" => span.model_provider = read.name(key, raw),
            "tokens_cache_read" => span.tokens_cache_read = read.tokens(key, raw),
            "tokens_cache_write" => span.tokens_cache_write = read.tokens(key, raw),
            "tokens_reasoning" => span.tokens_reasoning = read.tokens(key, raw),
            "cost_usd" => span.cost = read.cost(key, raw),
            "error" => span.error = read.message(key, raw),
            "resource" => read.typed::<Map<String, Value>>(&mut payload, key, raw, "an object"),
            "cost_basis" => read.typed::<Object<CostBasis>>(&mut payload, key, raw, "as in responses"),
            "tool" => read.typed::<Object<ToolCall>>(
                &mut payload,
                key,
                raw,
                "an object with name, call_id and type",
            ),
            "events" => {
                read.typed::<Vec<Object<SpanEvent>>>(
                    &mut payload,
                    key,
                    raw,
                    "events with name and timestamp",
                );
            }
            "links" => {
                read.typed::<Vec<Object<SpanLink>>>(
                    &mut payload,
                    key,
                    raw,
                    "links with trace_id and span_id",
                );
            }
            "scope" => read.typed::<Object<Scope>>(&mut payload, key, raw, "an object with name and version"),
            "finish_reasons" => read.typed::<Vec<String>>(&mut payload, key, raw, "an array of strings"),
            "time_to_first_chunk_ms" => read.typed::<f64>(&mut payload, key, raw, "a number"),
            _ => read.payload(&mut payload, key, raw),
        }
    }
    read.require("span_id", span_id.is_some());
    read.require("name", name.is_some());
    read.require("timestamp", timestamp.is_some());
    read.require("latency_ms", latency.is_some());
    Some(NewSpan {
        span_id: span_id?,
        name: name?,
        timestamp: timestamp?,
        latency: latency?,
        payload: payload.into_line(),
        ..span
    })
}

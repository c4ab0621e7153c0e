//! Decodes traces and scores of the REST API; reports every invalid field.

use std::collections::HashSet;

use domain::trace::record::{MICROS_PER_POINT, NewScore, NewSpan, NewTrace};
use serde_json::value::RawValue;
use shared::{error::FieldError, limit, trace::ScoreRequest};
use uuid::Uuid;

use super::{
    field::{Arrival, Reader, check_message, check_name, scaled},
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
    let (mut model, mut model_provider, mut session_id, mut user_id) = (None, None, None, None);
    let (mut tokens_input, mut tokens_output, mut tokens_total) = (None, None, None);
    let (mut cost, mut quality, mut tags, mut error) = (None, None, None, None);
    let mut spans = Vec::new();
    for (key, raw) in &members {
        match &**key {
            "trace_id" => trace_id = read.name("trace_id", raw),
            "agent_id" => agent_id = read.name("agent_id", raw),
            "timestamp" => timestamp = read.timestamp("timestamp", raw),
            "latency_ms" => latency = read.latency("latency_ms", raw),
            "status" => status = read.status("status", raw),
            "model" => model = read.name("model", raw),
            "model_provider" => model_provider = read.name("model_provider", raw),
            "tokens_input" => tokens_input = read.tokens("tokens_input", raw),
            "tokens_output" => tokens_output = read.tokens("tokens_output", raw),
            "tokens_total" => tokens_total = read.tokens("tokens_total", raw),
            "cost_usd" => cost = read.cost("cost_usd", raw),
            "quality_score" => quality = read.score("quality_score", raw),
            "session_id" => session_id = read.name("session_id", raw),
            "user_id" => user_id = read.name("user_id", raw),
            "tags" => tags = read.tags(raw),
            "error" => error = read.message("error", raw),
            "spans" => spans = self::spans(&mut read, raw),
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
    let sum_of_both = || Some(tokens_input.unwrap_or(0) + tokens_output.unwrap_or(0));
    let any_tokens = tokens_input.is_some() || tokens_output.is_some();
    Ok(NewTrace {
        workspace_id: arrival.workspace_id,
        trace_id: trace_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        agent_id,
        timestamp: timestamp.unwrap_or(arrival.now),
        latency,
        status,
        model,
        model_provider,
        tokens_input,
        tokens_output,
        tokens_total: tokens_total.or_else(|| any_tokens.then(sum_of_both).flatten()),
        cost,
        quality,
        session_id,
        user_id,
        tags,
        error,
        payload: payload.into_line(),
        spans,
        ..NewTrace::default()
    })
}

/// Checks a score.
///
/// # Errors
/// Returns the errors of all invalid fields.
pub fn score(trace_id: &str, request: ScoreRequest, arrival: Arrival) -> Result<NewScore, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut check = |field: &str, result: Result<(), String>| {
        errors.extend(result.err().map(|detail| FieldError::new(field, detail)));
    };
    check("trace_id", check_name(trace_id));
    let name = request.name.unwrap_or_else(|| shared::trace::DEFAULT_SCORE_NAME.to_owned());
    check("name", check_name(&name));
    check("comment", check_message(request.comment.as_deref().unwrap_or_default()));
    let score = scaled(request.score, MICROS_PER_POINT, 100.0);
    check("score", score.as_ref().map(|_| ()).map_err(Clone::clone));
    let (Ok(score), true) = (score, errors.is_empty()) else { return Err(errors) };
    let (workspace_id, timestamp) = (arrival.workspace_id, arrival.now);
    Ok(NewScore {
        workspace_id,
        trace_id: trace_id.to_owned(),
        name,
        score,
        comment: request.comment,
        timestamp,
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
        // Elsewhere null means absent; here a span would be lost silently.
        read.fail("", "must be an object");
    }
    let Members(members) = read.value("", raw, "an object")?;
    let mut payload = Payload::new("attributes");
    let (mut span_id, mut parent_span_id, mut name, mut kind) = (None, None, None, None);
    let (mut timestamp, mut latency, mut status, mut model) = (None, None, None, None);
    let (mut tokens_input, mut tokens_output, mut cost, mut error) = (None, None, None, None);
    let (mut model_provider, mut tokens_cache_read) = (None, None);
    let (mut tokens_cache_write, mut tokens_reasoning) = (None, None);
    for (key, raw) in &members {
        match &**key {
            "span_id" => span_id = read.name("span_id", raw),
            "parent_span_id" => parent_span_id = read.name("parent_span_id", raw),
            "name" => name = read.name("name", raw),
            "kind" => kind = read.kind("kind", raw),
            "timestamp" => timestamp = read.timestamp("timestamp", raw),
            "latency_ms" => latency = read.latency("latency_ms", raw),
            "status" => status = read.status("status", raw),
            "model" => model = read.name("model", raw),
            "tokens_input" => tokens_input = read.tokens("tokens_input", raw),
            "tokens_output" => tokens_output = read.tokens("tokens_output", raw),
            "model_provider" => model_provider = read.name("model_provider", raw),
            "tokens_cache_read" => tokens_cache_read = read.tokens("tokens_cache_read", raw),
            "tokens_cache_write" => tokens_cache_write = read.tokens("tokens_cache_write", raw),
            "tokens_reasoning" => tokens_reasoning = read.tokens("tokens_reasoning", raw),
            "cost_usd" => cost = read.cost("cost_usd", raw),
            "error" => error = read.message("error", raw),
            _ => read.payload(&mut payload, key, raw),
        }
    }
    read.require("span_id", span_id.is_some());
    read.require("name", name.is_some());
    read.require("timestamp", timestamp.is_some());
    read.require("latency_ms", latency.is_some());
    Some(NewSpan {
        span_id: span_id?,
        parent_span_id,
        name: name?,
        kind: kind.unwrap_or_default(),
        timestamp: timestamp?,
        latency: latency?,
        status: status.unwrap_or_default(),
        model,
        tokens_input,
        tokens_output,
        model_provider,
        tokens_cache_read,
        tokens_cache_write,
        tokens_reasoning,
        cost,
        error,
        payload: payload.into_line(),
        ..NewSpan::default()
    })
}

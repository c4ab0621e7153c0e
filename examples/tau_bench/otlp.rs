//! The same traces as OpenTelemetry's spans, as an agent under OpenTelemetry would send them: by the GenAI conventions, in
//! the order in which they end, a batch of them in each request. Nothing here tells what a run cost or took as a whole: that
//! is the server's to find out.
//!
//! - **Ids**: the trace's is the first 16 bytes of SHA-256 over `tau-airline-{task}-{trial}`, a span's the first 8 over that
//!   and `/` and the span's own name in the REST trace (`run`, `m0`, `m1`, …).
//! - **Spans**: `invoke_agent` as the root, `chat` and `execute_tool` below it. Times, statuses, errors, inputs and outputs
//!   are those of the trace.
//! - **Told**: agent, session, user and tags by the root; model and tokens by each `chat`, and no cost.
//! - **Quality**: the root's event `gen_ai.evaluation.result` with the reward, 0 to 1, as `score.value`.
//! - **Order**: by the time at which they end; of two that end at once the deeper one comes first.

use std::{borrow::Cow, time::Duration};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span, status},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::{
    span::{Span as Step, SpanKind},
    trace::{TraceInput, TraceStatus},
};

/// Spans in one request: as many as exporters put into one.
const BATCH: usize = 512;
const NANOS_PER_MICRO: u64 = 1000;
const MICROS_PER_MILLI: f64 = 1e3;
const POINTS: f64 = 100.0;

/// Everything that is sent, a request for each batch.
pub fn requests(traces: &[TraceInput]) -> Vec<ExportTraceServiceRequest> {
    let mut spans: Vec<Span> = traces.iter().flat_map(spans).collect();
    // Children stand before their root, and stay there where both end at once.
    spans.sort_by_key(|span| span.end_time_unix_nano);
    spans.chunks(BATCH).map(request).collect()
}

fn request(spans: &[Span]) -> ExportTraceServiceRequest {
    let scope = InstrumentationScope { name: "tau-bench".to_owned(), ..Default::default() };
    let scope_spans = ScopeSpans { scope: Some(scope), spans: spans.to_vec(), schema_url: String::new() };
    let resource = Resource { attributes: vec![text("service.name", "tau-bench")], ..Default::default() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![scope_spans],
            schema_url: String::new(),
        }],
    }
}

/// The spans of a trace, its root last.
fn spans(trace: &TraceInput) -> Vec<Span> {
    let steps = trace.spans.iter().filter(|step| step.parent_span_id.is_some());
    let roots = trace.spans.iter().filter(|step| step.parent_span_id.is_none());
    let children = steps.map(|step| span(trace, step, of_step(step), Vec::new()));
    let roots = roots.map(|step| span(trace, step, of_run(trace), evaluations(trace, step)));
    children.chain(roots).collect()
}

fn span(trace: &TraceInput, step: &Step, attributes: Vec<KeyValue>, events: Vec<span::Event>) -> Span {
    let start = nanos(step);
    let id_of = |step: &str| id(&format!("{}/{step}", trace_name(trace)), 8);
    let (code, message) = match step.status {
        TraceStatus::Success => (status::StatusCode::Unset, String::new()),
        _ => (status::StatusCode::Error, step.error.clone().unwrap_or_default()),
    };
    Span {
        trace_id: id(trace_name(trace), 16),
        span_id: id_of(&step.span_id),
        parent_span_id: step.parent_span_id.as_deref().map(id_of).unwrap_or_default(),
        name: name(trace, step),
        kind: span::SpanKind::Internal.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: start + nanos_of(step.latency_ms),
        attributes,
        events,
        status: Some(Status { code: code.into(), message }),
        ..Span::default()
    }
}

fn name(trace: &TraceInput, step: &Step) -> String {
    match step.kind {
        SpanKind::Agent => format!("invoke_agent {}", trace.agent_id),
        SpanKind::Tool => format!("execute_tool {}", step.name),
        // As the conventions have it already: `chat gpt-4o`.
        _ => step.name.clone(),
    }
}

fn of_run(trace: &TraceInput) -> Vec<KeyValue> {
    let tags = trace.tags.iter().map(|tag| any(any_value::Value::StringValue(tag.clone()))).collect();
    let mut told = vec![
        text("gen_ai.operation.name", "invoke_agent"),
        text("gen_ai.agent.name", &trace.agent_id),
        attribute("tag.tags", any_value::Value::ArrayValue(ArrayValue { values: tags })),
    ];
    told.extend(trace.session_id.as_deref().map(|session| text("session.id", session)));
    told.extend(trace.user_id.as_deref().map(|user| text("user.id", user)));
    told.extend(trace.input.as_ref().map(|input| as_text("input.value", input)));
    told.extend(trace.output.as_ref().map(|output| as_text("output.value", output)));
    told.extend(trace.metadata.iter().map(|(name, value)| as_text(&format!("tau_bench.{name}"), value)));
    told
}

fn of_step(step: &Step) -> Vec<KeyValue> {
    let (operation, input, output) = match step.kind {
        SpanKind::Tool => ("execute_tool", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
        _ => ("chat", "gen_ai.input.messages", "gen_ai.output.messages"),
    };
    let mut told = vec![text("gen_ai.operation.name", operation)];
    if step.kind == SpanKind::Tool {
        told.push(text("gen_ai.tool.name", &step.name));
        let call = step.attributes.as_ref().and_then(|attributes| attributes["tool_call_id"].as_str());
        told.extend(call.map(|call| text("gen_ai.tool.call.id", call)));
    } else {
        told.push(text("gen_ai.provider.name", "openai"));
        told.extend(step.model.as_deref().map(|model| text("gen_ai.request.model", model)));
        told.extend(step.tokens_input.map(|tokens| count("gen_ai.usage.input_tokens", tokens)));
        told.extend(step.tokens_output.map(|tokens| count("gen_ai.usage.output_tokens", tokens)));
    }
    let said = |value: &Value| if step.kind == SpanKind::Tool { value.clone() } else { messages(value) };
    told.extend(step.input.as_ref().map(|value| as_text(input, &said(value))));
    told.extend(step.output.as_ref().map(|value| as_text(output, &said(value))));
    told
}

/// Messages as the conventions have them: each in parts.
fn messages(shown: &Value) -> Value {
    let one = std::slice::from_ref(shown);
    shown.as_array().map_or(one, Vec::as_slice).iter().map(message).collect()
}

fn message(shown: &Value) -> Value {
    let mut parts = Vec::new();
    match (&shown["role"], &shown["content"]) {
        (_, Value::Null) => {}
        (role, content) if role == "tool" => {
            parts.push(json!({"type": "tool_call_response", "response": content}));
        }
        (_, content) => parts.push(json!({"type": "text", "content": content})),
    }
    for call in shown["tool_calls"].as_array().into_iter().flatten() {
        let mut part = call.clone();
        part["type"] = "tool_call".into();
        parts.push(part);
    }
    json!({"role": shown["role"], "parts": parts})
}

fn evaluations(trace: &TraceInput, step: &Step) -> Vec<span::Event> {
    let evaluated = trace.quality_score.map(|quality| span::Event {
        time_unix_nano: nanos(step) + nanos_of(step.latency_ms),
        name: "gen_ai.evaluation.result".to_owned(),
        attributes: vec![
            text("gen_ai.evaluation.name", "reward"),
            attribute("gen_ai.evaluation.score.value", any_value::Value::DoubleValue(quality / POINTS)),
        ],
        ..span::Event::default()
    });
    evaluated.into_iter().collect()
}

fn trace_name(trace: &TraceInput) -> &str {
    trace.trace_id.as_deref().unwrap_or_default()
}

fn id(of: &str, bytes: usize) -> Vec<u8> {
    Sha256::digest(of)[..bytes].to_vec()
}

fn nanos(step: &Step) -> u64 {
    u64::try_from(step.timestamp.as_micros()).unwrap_or_default() * NANOS_PER_MICRO
}

fn nanos_of(millis: f64) -> u64 {
    let micros = Duration::from_micros((millis * MICROS_PER_MILLI).round() as u64);
    u64::try_from(micros.as_nanos()).unwrap_or(u64::MAX)
}

fn any(value: any_value::Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(name: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(any(value)), ..KeyValue::default() }
}

fn text(name: &str, value: &str) -> KeyValue {
    attribute(name, any_value::Value::StringValue(value.to_owned()))
}

fn count(name: &str, value: u64) -> KeyValue {
    attribute(name, any_value::Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

/// A text as it is; anything else as JSON in a text.
fn as_text(name: &str, value: &Value) -> KeyValue {
    let said = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
    text(name, &said)
}

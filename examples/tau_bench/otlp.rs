//! Converts the traces into OpenTelemetry spans by the GenAI conventions, in batches, as an instrumented agent would send them.
//! The spans contain neither the cost nor the latency of a run: the server computes them.
//!
//! - **Ids**: the trace id is the first 16 bytes of SHA-256 of `tau-airline-{task}-{trial}`. A span id is the first 8 bytes of
//!   SHA-256 of the same text, `/` and the id of the span in the REST trace (`run`, `m0`, `m1`, …).
//! - **Spans**: `invoke_agent` is the root, `chat` and `execute_tool` are its children. Times, statuses, errors, inputs and
//!   outputs are the same as in the trace.
//! - **Attributes**: the root has agent, session, user and tags; each `chat` has model and tokens, but no cost.
//! - **Quality**: the root has the event `gen_ai.evaluation.result` with the reward, 0 to 1, as `score.value`.
//! - **Order**: by end time; children before their root if both end at the same time.

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

/// Spans per request, the default of OpenTelemetry exporters.
const BATCH: usize = 512;
const NANOS_PER_MICRO: u64 = 1000;
const MICROS_PER_MILLI: f64 = 1e3;
const POINTS: f64 = 100.0;

/// Converts traces into export requests.
pub fn requests(traces: &[TraceInput]) -> Vec<ExportTraceServiceRequest> {
    let mut spans: Vec<Span> = traces.iter().flat_map(spans).collect();
    // The sort is stable, so children stay before their root if both end at the same time.
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

/// Converts a trace into spans, the root last.
fn spans(trace: &TraceInput) -> Vec<Span> {
    let steps = trace.spans.iter().filter(|step| step.parent_span_id.is_some());
    let roots = trace.spans.iter().filter(|step| step.parent_span_id.is_none());
    let children = steps.map(|step| span(trace, step, step_attributes(step), Vec::new()));
    let roots = roots.map(|step| span(trace, step, run_attributes(trace), evaluations(trace, step)));
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
        // The names of model calls follow the conventions already: `chat gpt-4o`.
        _ => step.name.clone(),
    }
}

fn run_attributes(trace: &TraceInput) -> Vec<KeyValue> {
    let tags = trace.tags.iter().map(|tag| any(any_value::Value::StringValue(tag.clone()))).collect();
    let mut attributes = vec![
        text("gen_ai.operation.name", "invoke_agent"),
        text("gen_ai.agent.name", &trace.agent_id),
        attribute("tag.tags", any_value::Value::ArrayValue(ArrayValue { values: tags })),
    ];
    attributes.extend(trace.session_id.as_deref().map(|session| text("session.id", session)));
    attributes.extend(trace.user_id.as_deref().map(|user| text("user.id", user)));
    attributes.extend(trace.input.as_ref().map(|input| as_text("input.value", input)));
    attributes.extend(trace.output.as_ref().map(|output| as_text("output.value", output)));
    attributes
        .extend(trace.metadata.iter().map(|(name, value)| as_text(&format!("tau_bench.{name}"), value)));
    attributes
}

fn step_attributes(step: &Step) -> Vec<KeyValue> {
    let (operation, input, output) = match step.kind {
        SpanKind::Tool => ("execute_tool", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
        _ => ("chat", "gen_ai.input.messages", "gen_ai.output.messages"),
    };
    let mut attributes = vec![text("gen_ai.operation.name", operation)];
    if step.kind == SpanKind::Tool {
        attributes.push(text("gen_ai.tool.name", &step.name));
        let call = step.attributes.as_ref().and_then(|own| own["tool_call_id"].as_str());
        attributes.extend(call.map(|call| text("gen_ai.tool.call.id", call)));
    } else {
        attributes.push(text("gen_ai.provider.name", "openai"));
        attributes.extend(step.model.as_deref().map(|model| text("gen_ai.request.model", model)));
        attributes.extend(step.tokens_input.map(|tokens| count("gen_ai.usage.input_tokens", tokens)));
        attributes.extend(step.tokens_output.map(|tokens| count("gen_ai.usage.output_tokens", tokens)));
    }
    let content = |value: &Value| if step.kind == SpanKind::Tool { value.clone() } else { messages(value) };
    attributes.extend(step.input.as_ref().map(|value| as_text(input, &content(value))));
    attributes.extend(step.output.as_ref().map(|value| as_text(output, &content(value))));
    attributes
}

/// Converts one message or a list of messages into the format of the conventions, in which messages consist of parts.
fn messages(value: &Value) -> Value {
    let one = std::slice::from_ref(value);
    value.as_array().map_or(one, Vec::as_slice).iter().map(message).collect()
}

fn message(value: &Value) -> Value {
    let mut parts = Vec::new();
    match (&value["role"], &value["content"]) {
        (_, Value::Null) => {}
        (role, content) if role == "tool" => {
            parts.push(json!({"type": "tool_call_response", "response": content}));
        }
        (_, content) => parts.push(json!({"type": "text", "content": content})),
    }
    for call in value["tool_calls"].as_array().into_iter().flatten() {
        let mut part = call.clone();
        part["type"] = "tool_call".into();
        parts.push(part);
    }
    json!({"role": value["role"], "parts": parts})
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

/// Creates a text attribute: strings unchanged, other values as JSON.
fn as_text(name: &str, value: &Value) -> KeyValue {
    let content = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
    text(name, &content)
}

//! Converts one OTLP span: validates it, reads known attributes by the conventions, and keeps all of them.

use domain::trace::record::{IncomingSpan, MICROS_PER_MILLI, NewScore, NewSpan};
use opentelemetry_proto::tonic::trace::v1::{Span, span};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use shared::{
    Timestamp, limit,
    span::{self as wire, SpanKind, SpanLink, ToolCall},
};

use super::{
    attribute::{Attributes, label},
    content, evaluation,
    event::SpanEvent,
    kind, outcome, time, usage,
};
use crate::field::{Arrival, LATENCY_MAX_MS, MAX_CLOCK_SKEW, MIN_TIMESTAMP};

const MILLIS_PER_SECOND: f64 = 1e3;
const UNNAMED: &str = "unnamed";

const AGENT: [&str; 4] = ["gen_ai.agent.name", "gen_ai.agent.id", "agent.name", "ai.telemetry.functionId"];
const SESSION: [&str; 4] = [
    "session.id",
    "gen_ai.conversation.id",
    "traceloop.association.properties.session_id",
    "ai.telemetry.metadata.sessionId",
];
const USER: [&str; 3] =
    ["user.id", "traceloop.association.properties.user_id", "ai.telemetry.metadata.userId"];
const TAGS: [&str; 2] = ["tag.tags", "ai.telemetry.metadata.tags"];
const TOOL_CALL: [&str; 3] = ["gen_ai.tool.call.id", "tool.id", "ai.toolCall.id"];
const TOOL_TYPE: [&str; 1] = ["gen_ai.tool.type"];
/// The events of the first chunk in OpenInference and OpenLLMetry.
const FIRST_CHUNK: [&str; 2] = ["First Token Stream Event", "gen_ai.content.completion.chunk"];
const FINISH: [&str; 3] = ["gen_ai.response.finish_reasons", "llm.finish_reason", "ai.response.finishReason"];

/// What all spans of a resource and scope share.
pub(super) struct Origin<'a> {
    /// The attributes of the resource as JSON.
    pub(super) resource: &'a RawValue,
    /// The instrumentation scope as JSON.
    pub(super) scope: Option<&'a RawValue>,
    /// The value of `service.name`.
    pub(super) service: Option<&'a str>,
}

/// The payload: everything without a column, by the names of [`shared::span::Span`].
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    attributes: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_first_chunk_ms: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    finish_reasons: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<ToolCall>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<wire::SpanEvent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<SpanLink>,
    resource: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a RawValue>,
}

/// Converts a span, and returns its scores with the number of scores beyond the limit.
///
/// # Errors
/// Returns why the span is rejected.
pub(super) fn read(
    span: Span,
    origin: &Origin<'_>,
    arrival: Arrival,
) -> Result<(IncomingSpan, (Vec<NewScore>, usize)), String> {
    let trace_id = id(&span.trace_id, 16).map_err(|error| format!("trace_id {error}"))?;
    let span_id = id(&span.span_id, 8).map_err(|error| format!("span_id {error}"))?;
    let parent_span_id = match span.parent_span_id.as_slice() {
        none if none.iter().all(|&byte| byte == 0) => None,
        some => Some(id(some, 8).map_err(|error| format!("parent_span_id {error}"))?),
    };
    let timestamp = started(span.start_time_unix_nano, arrival)?;
    let latency = latency(span.start_time_unix_nano, span.end_time_unix_nano)?;

    let attributes = Attributes::new(span.attributes);
    let events: Vec<SpanEvent> =
        span.events.into_iter().map(|event| SpanEvent::new(event, timestamp)).collect();
    let (status, error) = outcome::outcome(span.status, &attributes, &events);
    let end = Timestamp::from_micros(timestamp.as_micros() + latency);
    let scores = evaluation::scores(&trace_id, &attributes, &events, (timestamp, end), arrival);
    let kind = kind::kind(&attributes);
    let mut new = NewSpan {
        span_id,
        parent_span_id,
        name: label(&span.name).unwrap_or_else(|| UNNAMED.to_owned()),
        kind,
        timestamp,
        latency,
        status,
        error,
        ..NewSpan::default()
    };
    usage::fill(&mut new, &attributes);
    let mut incoming = IncomingSpan {
        workspace_id: arrival.workspace_id,
        trace_id,
        arrived: arrival.now,
        agent_id: attributes.label(&AGENT),
        service: origin.service.map(str::to_owned),
        session_id: attributes.label(&SESSION),
        user_id: attributes.label(&USER),
        tags: tags(&attributes),
        span: new,
    };
    let payload = Payload {
        input: content::input(&attributes, &events, kind),
        output: content::output(&attributes, &events),
        time_to_first_chunk_ms: first_chunk(&attributes, &events, timestamp),
        finish_reasons: finish_reasons(&attributes, &events),
        tool: tool(&attributes, kind),
        attributes: attributes.0,
        events: events.into_iter().map(SpanEvent::into_stored).collect(),
        links: span.links.into_iter().map(link).collect(),
        resource: origin.resource,
        scope: origin.scope,
    };
    // A map of text and values can always be serialized.
    incoming.span.payload = serde_json::to_string(&payload).map_err(|error| error.to_string())?;
    Ok((incoming, scores))
}

/// Formats an id of the expected length in lower-case hex.
fn id(bytes: &[u8], length: usize) -> Result<String, String> {
    if bytes.len() != length {
        return Err(format!("must have {length} bytes, not {}", bytes.len()));
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return Err("must not be all zero".to_owned());
    }
    Ok(hex(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn started(nanos: u64, arrival: Arrival) -> Result<Timestamp, String> {
    let timestamp = time::from_unix_nanos(nanos);
    if nanos == 0 {
        Err("start_time_unix_nano is missing".to_owned())
    } else if timestamp < MIN_TIMESTAMP {
        Err("start_time_unix_nano is before the year 2000; the unit is nanoseconds since 1970".to_owned())
    } else if timestamp > arrival.now + MAX_CLOCK_SKEW {
        Err("start_time_unix_nano is more than a day in the future".to_owned())
    } else {
        Ok(timestamp)
    }
}

/// Returns the latency in microseconds, rounded up; 0 if the span has no end or the clock was set back.
fn latency(start: u64, end: u64) -> Result<i64, String> {
    let micros = end.saturating_sub(start).div_ceil(time::NANOS_PER_MICRO);
    if micros as f64 > LATENCY_MAX_MS * MICROS_PER_MILLI {
        return Err("end_time_unix_nano is more than 30 days after the start".to_owned());
    }
    Ok(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn link(link: span::Link) -> SpanLink {
    SpanLink {
        trace_id: hex(&link.trace_id),
        span_id: hex(&link.span_id),
        attributes: Attributes::new(link.attributes).0,
    }
}

/// Returns the tags as the JSON array that is stored; `None` if there are none.
fn tags(attributes: &Attributes) -> Option<String> {
    let texts = attributes.texts(&TAGS)?;
    let tags: Vec<String> = texts.iter().filter_map(|tag| label(tag)).take(limit::TRACE_TAGS).collect();
    if tags.is_empty() { None } else { serde_json::to_string(&tags).ok() }
}

fn first_chunk(attributes: &Attributes, events: &[SpanEvent], start: Timestamp) -> Option<f64> {
    let event = || events.iter().find(|event| FIRST_CHUNK.contains(&event.name.as_str()));
    let seconds = attributes.number(&["gen_ai.response.time_to_first_chunk"]);
    seconds
        .map(|seconds| seconds * MILLIS_PER_SECOND)
        .or_else(|| attributes.number(&["ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"]))
        .or_else(|| Some(event()?.timestamp.since(start).as_secs_f64() * MILLIS_PER_SECOND))
        .filter(|milliseconds| milliseconds.is_finite() && *milliseconds >= 0.0)
}

fn finish_reasons(attributes: &Attributes, events: &[SpanEvent]) -> Vec<String> {
    attributes.texts(&FINISH).unwrap_or_else(|| {
        let choices = events.iter().filter(|event| event.name == "gen_ai.choice");
        let of_events = choices.filter_map(|event| event.attributes.text(&["finish_reason"]));
        let completions =
            attributes.under("gen_ai.completion.").filter(|(name, _)| name.ends_with(".finish_reason"));
        of_events.chain(completions.filter_map(|(_, reason)| Some(reason.as_str()?.to_owned()))).collect()
    })
}

fn tool(attributes: &Attributes, kind: SpanKind) -> Option<ToolCall> {
    let entity = || attributes.text(&["traceloop.entity.name"]).filter(|_| kind == SpanKind::Tool);
    let name = attributes.text(&kind::TOOL_NAMES).or_else(entity);
    let (call_id, kind) = (attributes.text(&TOOL_CALL), attributes.text(&TOOL_TYPE));
    let known = name.is_some() || call_id.is_some() || kind.is_some();
    known.then_some(ToolCall { name, call_id, kind })
}

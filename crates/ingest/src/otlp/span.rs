//! One span of OTLP as one of ours: checked, its attributes read by the conventions, all of it kept.

use opentelemetry_proto::tonic::trace::v1::{Span, span};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use shared::{
    Timestamp, limit,
    span::{SpanEvent, SpanKind, SpanLink, ToolCall},
};

use super::{
    attribute::{Attributes, clean, label},
    content, evaluation, kind, outcome, usage,
};
use crate::{
    ingestion::field::{AHEAD, Arrival, LATENCY_MAX_MS, OLDEST},
    store::trace::record::{LooseSpan, MICROS_PER_MILLI, NewScore, NewSpan},
};

const NANOS_PER_MICRO: u64 = 1000;
const MILLIS_PER_SECOND: f64 = 1e3;
const UNNAMED: &str = "unnamed";

const AGENT: [&str; 4] = ["gen_ai.agent.id", "gen_ai.agent.name", "agent.name", "ai.telemetry.functionId"];
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
/// The events that say when the first chunk came: OpenInference's, OpenLLMetry's.
const FIRST_CHUNK: [&str; 2] = ["First Token Stream Event", "gen_ai.content.completion.chunk"];
const FINISH: [&str; 3] = ["gen_ai.response.finish_reasons", "llm.finish_reason", "ai.response.finishReason"];

/// What happened during a span.
pub(super) struct Happening {
    pub(super) name: String,
    pub(super) timestamp: Timestamp,
    pub(super) attributes: Attributes,
}

/// What all spans of a resource and an instrumentation have in common.
pub(super) struct Origin<'a> {
    /// The resource's attributes as JSON.
    pub(super) resource: &'a RawValue,
    /// The instrumentation as JSON.
    pub(super) scope: Option<&'a RawValue>,
    /// What sent them.
    pub(super) service: Option<&'a str>,
}

/// What has no column, by the names of [`shared::span::Span`].
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
    events: Vec<SpanEvent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<SpanLink>,
    resource: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a RawValue>,
}

/// Reads a span, and the scores that came with it: those that are taken, and how many are not.
///
/// # Errors
/// Why it cannot be taken.
pub(super) fn read(
    span: Span,
    origin: &Origin<'_>,
    arrival: Arrival,
) -> Result<(LooseSpan, (Vec<NewScore>, usize)), String> {
    let trace_id = id(&span.trace_id, 16).map_err(|error| format!("trace_id {error}"))?;
    let span_id = id(&span.span_id, 8).map_err(|error| format!("span_id {error}"))?;
    let parent_span_id = match span.parent_span_id.as_slice() {
        none if none.iter().all(|&byte| byte == 0) => None,
        some => Some(id(some, 8).map_err(|error| format!("parent_span_id {error}"))?),
    };
    let timestamp = started(span.start_time_unix_nano, arrival)?;
    let latency = latency(span.start_time_unix_nano, span.end_time_unix_nano)?;

    let attributes = Attributes::new(span.attributes);
    let happenings: Vec<Happening> =
        span.events.into_iter().map(|event| happening(event, timestamp)).collect();
    let (status, error) = outcome::outcome(span.status, &attributes, &happenings);
    let end = Timestamp::from_micros(timestamp.as_micros() + latency);
    let scores = evaluation::scores(&trace_id, &attributes, &happenings, (timestamp, end), arrival);
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
    let mut loose = LooseSpan {
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
        input: content::input(&attributes, &happenings),
        output: content::output(&attributes, &happenings),
        time_to_first_chunk_ms: first_chunk(&attributes, &happenings, timestamp),
        finish_reasons: finish_reasons(&attributes, &happenings),
        tool: tool(&attributes, kind),
        attributes: attributes.0,
        events: happenings.into_iter().map(Happening::into_event).collect(),
        links: span.links.into_iter().map(link).collect(),
        resource: origin.resource,
        scope: origin.scope,
    };
    // A map of text and values can always be written.
    loose.span.payload = serde_json::to_string(&payload).map_err(|error| error.to_string())?;
    Ok((loose, scores))
}

/// An id in hex, lower case.
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

fn moment(nanos: u64) -> Timestamp {
    // 64 bits of nanoseconds are fewer microseconds than an i64 holds.
    Timestamp::from_micros(i64::try_from(nanos / NANOS_PER_MICRO).unwrap_or(i64::MAX))
}

fn started(nanos: u64, arrival: Arrival) -> Result<Timestamp, String> {
    let timestamp = moment(nanos);
    if nanos == 0 {
        Err("start_time_unix_nano is missing".to_owned())
    } else if timestamp < OLDEST {
        Err("start_time_unix_nano lies before the year 2000: it counts nanoseconds since 1970".to_owned())
    } else if timestamp > arrival.now + AHEAD {
        Err("start_time_unix_nano lies more than a day in the future".to_owned())
    } else {
        Ok(timestamp)
    }
}

/// Microseconds. A clock that was set back between the two makes nothing negative, and what has no end took no time.
fn latency(start: u64, end: u64) -> Result<i64, String> {
    let micros = end.saturating_sub(start).div_ceil(NANOS_PER_MICRO);
    if micros as f64 > LATENCY_MAX_MS * MICROS_PER_MILLI {
        return Err("end_time_unix_nano lies more than 30 days after the start".to_owned());
    }
    Ok(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn happening(event: span::Event, start: Timestamp) -> Happening {
    let timestamp = if event.time_unix_nano == 0 { start } else { moment(event.time_unix_nano) };
    Happening { name: clean(event.name), timestamp, attributes: Attributes::new(event.attributes) }
}

impl Happening {
    fn into_event(self) -> SpanEvent {
        SpanEvent { name: self.name, timestamp: self.timestamp, attributes: self.attributes.0 }
    }
}

fn link(link: span::Link) -> SpanLink {
    SpanLink {
        trace_id: hex(&link.trace_id),
        span_id: hex(&link.span_id),
        attributes: Attributes::new(link.attributes).0,
    }
}

/// Tags as the JSON array that is stored; nothing for an empty one.
fn tags(attributes: &Attributes) -> Option<String> {
    let texts = attributes.texts(&TAGS)?;
    let tags: Vec<String> = texts.iter().filter_map(|tag| label(tag)).take(limit::TRACE_TAGS).collect();
    if tags.is_empty() { None } else { serde_json::to_string(&tags).ok() }
}

fn first_chunk(attributes: &Attributes, events: &[Happening], start: Timestamp) -> Option<f64> {
    let event = || events.iter().find(|event| FIRST_CHUNK.contains(&event.name.as_str()));
    let seconds = attributes.number(&["gen_ai.response.time_to_first_chunk"]);
    seconds
        .map(|seconds| seconds * MILLIS_PER_SECOND)
        .or_else(|| attributes.number(&["ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"]))
        .or_else(|| Some(event()?.timestamp.since(start).as_secs_f64() * MILLIS_PER_SECOND))
        .filter(|milliseconds| milliseconds.is_finite() && *milliseconds >= 0.0)
}

fn finish_reasons(attributes: &Attributes, events: &[Happening]) -> Vec<String> {
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

//! OTLP's JSON: protobuf's mapping with ids in hex and enums as numbers. Read as its specification asks of servers, and a
//! little more: numbers may be text, enums may be names, null is absent, unknown fields are passed over.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue},
    resource::v1::Resource,
    trace::v1::{Span, Status, span},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    decode::{Batch, Count, RawSpan, Scoped},
    json_value::{Any, Code, Id, Many, Number, nullable},
};

/// Takes a request apart.
///
/// # Errors
/// Where it is none, or has more parts than there may be.
pub(super) fn read(body: &[u8]) -> Result<Vec<Batch<'_>>, String> {
    // serde takes arrays for objects, too.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("it must be a JSON object".to_owned());
    }
    let request: Request<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut count = Count::of_request();
    let mut batches = Vec::with_capacity(request.resource_spans.0.len());
    for resource_spans in request.resource_spans.0 {
        count.add()?;
        let mut scopes = Vec::with_capacity(resource_spans.scope_spans.0.len());
        for scope_spans in resource_spans.scope_spans.0 {
            count.add()?;
            let mut spans = Vec::with_capacity(scope_spans.spans.0.len());
            for raw in scope_spans.spans.0 {
                count.add()?;
                spans.push(RawSpan::Json(raw));
            }
            let scope = scope_spans.scope.map(|scope| InstrumentationScope {
                name: scope.name,
                version: scope.version,
                attributes: pairs(scope.attributes),
                dropped_attributes_count: 0,
            });
            scopes.push(Scoped { scope, spans });
        }
        let attributes = pairs(resource_spans.resource.attributes);
        batches.push(Batch { resource: Resource { attributes, ..Resource::default() }, scopes });
    }
    Ok(batches)
}

/// Decodes a span.
///
/// # Errors
/// Where it is none.
pub(super) fn span(raw: &RawValue) -> Result<Span, String> {
    if !raw.get().starts_with('{') {
        return Err("it must be a JSON object".to_owned());
    }
    let span: JsonSpan = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
    let event = |event: Event| span::Event {
        time_unix_nano: event.time_unix_nano.0,
        name: event.name,
        attributes: pairs(event.attributes),
        dropped_attributes_count: 0,
    };
    let link = |link: Link| span::Link {
        trace_id: link.trace_id.0,
        span_id: link.span_id.0,
        attributes: pairs(link.attributes),
        ..span::Link::default()
    };
    Ok(Span {
        trace_id: span.trace_id.0,
        span_id: span.span_id.0,
        parent_span_id: span.parent_span_id.0,
        name: span.name,
        start_time_unix_nano: span.start_time_unix_nano.0,
        end_time_unix_nano: span.end_time_unix_nano.0,
        attributes: pairs(span.attributes),
        events: span.events.0.into_iter().map(event).collect(),
        links: span.links.0.into_iter().map(link).collect(),
        status: span.status.map(|status| Status { message: status.message, code: status.code.0 }),
        ..Span::default()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default, deserialize_with = "nullable")]
    resource_spans: Many<ResourceSpans<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    #[serde(default, deserialize_with = "nullable")]
    resource: Attributed,
    #[serde(borrow, default, deserialize_with = "nullable")]
    scope_spans: Many<ScopeSpans<'a>>,
}

#[derive(Deserialize)]
struct ScopeSpans<'a> {
    scope: Option<Scope>,
    #[serde(borrow, default, deserialize_with = "nullable")]
    spans: Many<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Attributed {
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    #[serde(default, deserialize_with = "nullable")]
    version: String,
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonSpan {
    #[serde(default, deserialize_with = "nullable")]
    trace_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    span_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    parent_span_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    #[serde(default, deserialize_with = "nullable")]
    start_time_unix_nano: Number<u64>,
    #[serde(default, deserialize_with = "nullable")]
    end_time_unix_nano: Number<u64>,
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
    #[serde(default, deserialize_with = "nullable")]
    events: Many<Event>,
    #[serde(default, deserialize_with = "nullable")]
    links: Many<Link>,
    status: Option<JsonStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default, deserialize_with = "nullable")]
    time_unix_nano: Number<u64>,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    #[serde(default, deserialize_with = "nullable")]
    trace_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    span_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
}

#[derive(Deserialize)]
struct JsonStatus {
    #[serde(default, deserialize_with = "nullable")]
    message: String,
    #[serde(default, deserialize_with = "nullable")]
    code: Code,
}

#[derive(Deserialize)]
pub(super) struct Pair {
    #[serde(default, deserialize_with = "nullable")]
    key: String,
    value: Option<Any>,
}

pub(super) fn pairs(pairs: Many<Pair>) -> Vec<KeyValue> {
    let pair = |pair: Pair| KeyValue {
        key: pair.key,
        value: pair.value.map(|Any(value)| AnyValue { value }),
        key_strindex: 0,
    };
    pairs.0.into_iter().map(pair).collect()
}

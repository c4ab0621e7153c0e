//! OTLP/JSON: the protobuf mapping with ids in hex and enums as numbers. More lenient than the specification
//! requires: numbers may be text, enums may be names, null means absent, and unknown fields are ignored.

use opentelemetry_proto::tonic::{
    common::v1::InstrumentationScope,
    resource::v1::Resource,
    trace::v1::{Span, Status, span},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    json_value::{BoundedList, Code, Id, Number, Pair, items, pairs},
    request::{Batch, Count, RawSpan, ScopeBatch},
};

/// Splits a request.
///
/// # Errors
/// Returns an error if the body is not a request or has too many parts.
pub(super) fn read(body: &[u8]) -> Result<Vec<Batch<'_>>, String> {
    // serde would also accept an array.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("it must be a JSON object".to_owned());
    }
    let request: Request<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let (mut parts, mut values) = (Count::for_request(), Count::for_origins());
    let mut batches = Vec::new();
    for resource_spans in items(request.resource_spans) {
        parts.add()?;
        let mut scopes = Vec::new();
        for scope_spans in list::<ScopeSpans<'_>>(resource_spans.scope_spans)? {
            parts.add()?;
            let mut spans = Vec::new();
            for raw in list::<&RawValue>(scope_spans.spans)? {
                parts.add()?;
                spans.push(RawSpan::Json(raw));
            }
            let scope: Option<Scope> =
                limited(scope_spans.scope, &mut values).map_err(|error| format!("the scope: {error}"))?;
            let scope = scope.map(|scope| InstrumentationScope {
                name: scope.name.unwrap_or_default(),
                version: scope.version.unwrap_or_default(),
                attributes: pairs(scope.attributes),
                dropped_attributes_count: 0,
            });
            scopes.push(ScopeBatch { scope, spans });
        }
        let resource: Option<Attributed> = limited(resource_spans.resource, &mut values)
            .map_err(|error| format!("the resource: {error}"))?;
        let attributes = pairs(resource.and_then(|resource| resource.attributes));
        batches.push(Batch { resource: Resource { attributes, ..Resource::default() }, scopes });
    }
    Ok(batches)
}

/// Decodes a list that was left raw until its turn, so that everything before it is already counted.
fn list<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Result<Vec<T>, String> {
    Ok(items(read_raw(raw)?))
}

/// Decodes an object with attributes unless it holds too many values.
fn limited<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
    values: &mut Count,
) -> Result<Option<T>, String> {
    if let Some(raw) = raw {
        count_values(raw, values)?;
    }
    read_raw(raw)
}

fn read_raw<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Result<Option<T>, String> {
    let value = raw.map(|raw| serde_json::from_str::<Option<T>>(raw.get())).transpose();
    value.map(Option::flatten).map_err(|error| error.to_string())
}

/// Counts objects and arrays at all levels: `{},{},…` takes far more memory than it has bytes.
fn count_values(raw: &RawValue, count: &mut Count) -> Result<(), String> {
    let (mut in_text, mut escaped) = (false, false);
    for byte in raw.get().bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => count.add()?,
            _ => {}
        }
    }
    Ok(())
}

/// Decodes a span.
///
/// # Errors
/// Returns why the span is invalid.
pub(super) fn span(raw: &RawValue) -> Result<Span, String> {
    if !raw.get().starts_with('{') {
        return Err("it must be a JSON object".to_owned());
    }
    count_values(raw, &mut Count::for_span())?;
    let span: JsonSpan = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
    let event = |event: Event| span::Event {
        time_unix_nano: event.time_unix_nano.unwrap_or_default().0,
        name: event.name.unwrap_or_default(),
        attributes: pairs(event.attributes),
        dropped_attributes_count: 0,
    };
    let link = |link: Link| span::Link {
        trace_id: link.trace_id.unwrap_or_default().0,
        span_id: link.span_id.unwrap_or_default().0,
        attributes: pairs(link.attributes),
        ..span::Link::default()
    };
    let status = |status: JsonStatus| Status {
        message: status.message.unwrap_or_default(),
        code: status.code.unwrap_or_default().0,
    };
    Ok(Span {
        trace_id: span.trace_id.unwrap_or_default().0,
        span_id: span.span_id.unwrap_or_default().0,
        parent_span_id: span.parent_span_id.unwrap_or_default().0,
        name: span.name.unwrap_or_default(),
        start_time_unix_nano: span.start_time_unix_nano.unwrap_or_default().0,
        end_time_unix_nano: span.end_time_unix_nano.unwrap_or_default().0,
        attributes: pairs(span.attributes),
        events: items(span.events).into_iter().map(event).collect(),
        links: items(span.links).into_iter().map(link).collect(),
        status: span.status.map(status),
        ..Span::default()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    resource_spans: Option<BoundedList<ResourceSpans<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow)]
    scope_spans: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ScopeSpans<'a> {
    #[serde(borrow)]
    scope: Option<&'a RawValue>,
    #[serde(borrow)]
    spans: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Attributed {
    attributes: Option<BoundedList<Pair>>,
}

#[derive(Deserialize)]
struct Scope {
    name: Option<String>,
    version: Option<String>,
    attributes: Option<BoundedList<Pair>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonSpan {
    trace_id: Option<Id>,
    span_id: Option<Id>,
    parent_span_id: Option<Id>,
    name: Option<String>,
    start_time_unix_nano: Option<Number<u64>>,
    end_time_unix_nano: Option<Number<u64>>,
    attributes: Option<BoundedList<Pair>>,
    events: Option<BoundedList<Event>>,
    links: Option<BoundedList<Link>>,
    status: Option<JsonStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    time_unix_nano: Option<Number<u64>>,
    name: Option<String>,
    attributes: Option<BoundedList<Pair>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    trace_id: Option<Id>,
    span_id: Option<Id>,
    attributes: Option<BoundedList<Pair>>,
}

#[derive(Deserialize)]
struct JsonStatus {
    message: Option<String>,
    code: Option<Code>,
}

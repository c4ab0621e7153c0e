//! The events and links of a span.

use serde_json::{Map, Value};
use shared::{
    Timestamp, format,
    span::{SpanEvent, SpanLink},
};
use yew::prelude::*;

use super::attribute::table;
use crate::{
    components::{link::RouteLink, long_text::LongText},
    route::Route,
    sort::sorted_indices,
};

/// Renders the events with their time offset from the start of the span.
pub fn events(events: &[SpanEvent], start: Timestamp) -> Html {
    let event = |event: &SpanEvent| {
        html! {
            <li class="event">
                <p class="event-head"><strong>{ event.name.clone() }</strong><span class="muted">{ offset(event.timestamp, start) }</span></p>
                if let Some(found) = Exception::of(event) {
                    { exception(&found) }
                } else {
                    { table(&event.attributes, "") }
                }
            </li>
        }
    };
    // Senders do not guarantee an order.
    let ordered = sorted_indices(events.len(), &|a, b| events[a].timestamp.cmp(&events[b].timestamp));
    html! { <ol class="events">{ for ordered.into_iter().map(|index| event(&events[index])) }</ol> }
}

/// Formats the offset of a point in time, like `+1.2 ms`.
fn offset(at: Timestamp, start: Timestamp) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let millis = (at.as_micros() - start.as_micros()) as f64 / 1e3;
    let sign = if millis < 0.0 { "−" } else { "+" };
    format!("{sign}{}", format::latency(millis.abs()))
}

/// An exception event of OpenTelemetry.
#[derive(Debug, PartialEq)]
pub struct Exception {
    kind: Option<String>,
    message: Option<String>,
    stack: Option<String>,
    rest: Map<String, Value>,
}

impl Exception {
    /// Returns the exception of an event, if it is an exception event.
    pub fn of(event: &SpanEvent) -> Option<Self> {
        let mut rest = event.attributes.clone();
        let mut take = |name: &str| match rest.remove(name)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        let (kind, message) = (take("exception.type"), take("exception.message"));
        let stack = take("exception.stacktrace");
        (event.name == "exception" || kind.is_some()).then_some(Self { kind, message, stack, rest })
    }
}

/// Renders the type, the message and the stack trace of an exception.
pub fn exception(exception: &Exception) -> Html {
    html! {
        <div class="exception">
            <p class="exception-type"><strong class="mono">{ exception.kind.clone().unwrap_or_else(|| "Exception".to_owned()) }</strong></p>
            if let Some(message) = &exception.message { <LongText class="chat-text" text={message.clone()} /> }
            if let Some(stack) = &exception.stack {
                <details open=true><summary>{ "Stack trace" }</summary><pre tabindex="0" aria-label="Stack trace">{ stack.clone() }</pre></details>
            }
            if !exception.rest.is_empty() { { table(&exception.rest, "") } }
        </div>
    }
}

/// Renders the links to other spans.
pub fn links(links: &[SpanLink]) -> Html {
    let link = |link: &SpanLink| {
        let query = format!("span={}", js_sys::encode_uri_component(&link.span_id));
        html! {
            <li class="event">
                <p class="event-head">
                    <RouteLink class="mono" to={Route::Trace { id: link.trace_id.clone() }} {query}>{ format!("{} / {}", link.trace_id, link.span_id) }</RouteLink>
                </p>
                { table(&link.attributes, "") }
            </li>
        }
    };
    html! { <ul class="events">{ for links.iter().map(link) }</ul> }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn parses_exceptions_and_keeps_their_other_attributes() {
        let attributes =
            json!({"exception.type": "ValueError", "exception.message": "no", "exception.escaped": false});
        let event = |name: &str, attributes: Value| SpanEvent {
            name: name.to_owned(),
            timestamp: Timestamp::EPOCH,
            attributes: attributes.as_object().cloned().unwrap_or_default(),
        };
        let expected = Exception {
            kind: Some("ValueError".to_owned()),
            message: Some("no".to_owned()),
            stack: None,
            rest: json!({"exception.escaped": false}).as_object().cloned().unwrap_or_default(),
        };
        assert_eq!(Exception::of(&event("exception", attributes)), Some(expected));
        assert_eq!(Exception::of(&event("gen_ai.choice", json!({"index": 0}))), None);
    }

    #[test]
    fn formats_offsets_from_the_start() {
        let start = Timestamp::from_millis(1_000);
        assert_eq!(offset(start + Duration::from_micros(1_200), start), "+1.2 ms");
        assert_eq!(offset(Timestamp::EPOCH, start), "−1.00 s");
    }
}

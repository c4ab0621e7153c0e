//! The events of a span.

use opentelemetry_proto::tonic::trace::v1::span;
use shared::{Timestamp, span as wire};

use super::{
    attribute::{Attributes, clean},
    time,
};

/// An event of a span.
pub(super) struct SpanEvent {
    pub(super) name: String,
    pub(super) timestamp: Timestamp,
    pub(super) attributes: Attributes,
}

impl SpanEvent {
    /// Reads an event; without a time it takes place at the start of its span.
    pub(super) fn new(event: span::Event, start: Timestamp) -> Self {
        let timestamp =
            if event.time_unix_nano == 0 { start } else { time::from_unix_nanos(event.time_unix_nano) };
        Self { name: clean(event.name), timestamp, attributes: Attributes::new(event.attributes) }
    }

    /// Converts it into the event that is stored.
    pub(super) fn into_stored(self) -> wire::SpanEvent {
        wire::SpanEvent { name: self.name, timestamp: self.timestamp, attributes: self.attributes.0 }
    }
}

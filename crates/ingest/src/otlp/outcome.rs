//! The status of a span, and its error.

use opentelemetry_proto::tonic::trace::v1::{Status, status::StatusCode};
use shared::{limit, trace::TraceStatus};

use super::{
    attribute::{Attributes, clean, cut, joined},
    event::SpanEvent,
};

/// Returns the status of a span, and the error message if it failed.
pub(super) fn outcome(
    status: Option<Status>,
    attributes: &Attributes,
    events: &[SpanEvent],
) -> (TraceStatus, Option<String>) {
    let status = status.unwrap_or_default();
    if status.code != StatusCode::Error as i32 {
        return (TraceStatus::Success, None);
    }
    let message = Some(clean(status.message)).filter(|message| !message.trim().is_empty());
    let error_type = attributes.text(&["error.type"]);
    let exception =
        events.iter().rev().find(|event| event.name == "exception").map(|event| &event.attributes);
    let exception_type = exception.and_then(|exception| exception.text(&["exception.type"]));
    let exception_message = exception.and_then(|exception| exception.text(&["exception.message"]));
    let words = [error_type.as_deref(), message.as_deref(), exception_type.as_deref()];
    let timed_out = words.into_iter().flatten().any(means_timeout);
    let exception = joined(exception_type, exception_message);
    let error = message.or(exception).or(error_type).map(|error| cut(error, limit::ERROR_BYTES));
    (if timed_out { TraceStatus::Timeout } else { TraceStatus::Error }, error)
}

fn means_timeout(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["timeout", "timed out", "timed_out", "deadline"].iter().any(|word| text.contains(word))
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "408" | "504"))
}

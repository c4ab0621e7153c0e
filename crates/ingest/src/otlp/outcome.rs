//! The status of a span, and its error.

use opentelemetry_proto::tonic::trace::v1::{Status, status::StatusCode};
use shared::{limit, trace::TraceStatus};

use super::{
    attribute::{Attributes, clean, cut, joined},
    event::SpanEvent,
};

const STATUS_CODE: [&str; 2] = ["http.response.status_code", "http.status_code"];

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
    let types = [error_type.as_deref(), exception_type.as_deref()];
    let texts = [message.as_deref(), exception_message.as_deref()];
    let timed_out = types.into_iter().flatten().any(is_timeout_type)
        || attributes.text(&STATUS_CODE).is_some_and(|code| is_timeout_code(&code))
        || texts.into_iter().flatten().any(says_timed_out);
    let exception = joined(exception_type, exception_message);
    let error = message.or(exception).or(error_type).map(|error| cut(error, limit::ERROR_BYTES));
    (if timed_out { TraceStatus::Timeout } else { TraceStatus::Error }, error)
}

/// Returns whether the type of an error is a timeout, such as `timeout`, `APITimeoutError`, `DEADLINE_EXCEEDED` or `504`.
fn is_timeout_type(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["timeout", "timed_out", "timedout", "deadline"].iter().any(|word| text.contains(word))
        || is_timeout_code(&text)
}

/// Returns whether a status code of HTTP means a timeout.
fn is_timeout_code(text: &str) -> bool {
    matches!(text, "408" | "504")
}

/// Returns whether a text says that something timed out. It may mention a timeout or a number for another reason.
fn says_timed_out(text: &str) -> bool {
    const PHRASES: [&str; 6] = [
        "timed out",
        "timed_out",
        "deadline exceeded",
        "deadline_exceeded",
        "gateway timeout",
        "gateway time-out",
    ];
    let text = text.to_ascii_lowercase();
    let has = |phrase: &&str| text.contains(*phrase);
    if PHRASES.iter().any(has) {
        return true;
    }
    if text.contains("timeout") && ["exceeded", "expired", "elapsed", "reached"].iter().any(has) {
        return true;
    }
    // A status code, as in `HTTP 504` or `Error code: 408`.
    let words: Vec<_> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(2).any(|pair| matches!(pair[0], "http" | "status" | "code") && is_timeout_code(pair[1]))
}

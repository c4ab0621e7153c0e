//! OTLP: decodes an `ExportTraceServiceRequest` in either encoding into spans and scores. An invalid span is rejected
//! without affecting the others.

mod attribute;
mod content;
mod decode;
pub mod encoding;
mod evaluation;
mod event;
mod json;
mod json_value;
mod kind;
mod message;
mod outcome;
mod request;
mod span;
pub mod status;
#[cfg(test)]
mod tests;
mod time;
mod usage;
mod wire;

use domain::trace::record::{IncomingSpan, NewScore};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use serde_json::value::to_raw_value;
use shared::{limit, span::Scope};

use self::{
    attribute::{Attributes, clean},
    encoding::Encoding,
    span::Origin,
};
use crate::{error::DecodeError, field::Arrival};

/// The maximum size of the decoded spans of one request, in which every span includes its resource: as much as the
/// queue accepts in one message.
const REQUEST_BYTES: usize = 3 * limit::INGEST_BODY_BYTES;
/// The maximum number of scores of one request.
const REQUEST_SCORES: usize = 1000;
/// The maximum number of reasons in a response.
const REASONS: usize = 5;

/// The records of a request, and what was rejected.
#[derive(Debug, Default)]
pub struct Decoded {
    /// The accepted spans.
    pub spans: Vec<IncomingSpan>,
    /// The scores sent with them.
    pub scores: Vec<NewScore>,
    /// The number of scores beyond the limits; they remain attributes of their spans.
    pub scores_ignored: usize,
    /// The number of rejected spans.
    pub rejected: usize,
    /// The reasons for the first rejections.
    pub reasons: Vec<String>,
}

/// Decodes a request.
///
/// # Errors
/// Returns an error if the request is malformed or exceeds a limit as a whole.
pub fn read(encoding: Encoding, body: &[u8], arrival: Arrival) -> Result<Decoded, DecodeError> {
    let batches = decode::read(encoding, body).map_err(|error| {
        DecodeError::Unreadable(format!("The request is not a valid ExportTraceServiceRequest: {error}"))
    })?;
    let mut decoded = Decoded::default();
    let mut bytes = 0;
    for (batch_index, batch) in batches.into_iter().enumerate() {
        let resource = Attributes::new(batch.resource.attributes);
        let service = resource.label(&["service.name"]);
        let resource = to_raw_value(&resource.0)?;
        for (scope_index, scoped) in batch.scopes.into_iter().enumerate() {
            let scope = scoped.scope.map(|scope| to_raw_value(&to_scope(scope))).transpose()?;
            let origin = Origin { resource: &resource, scope: scope.as_deref(), service: service.as_deref() };
            for (index, raw_span) in scoped.spans.into_iter().enumerate() {
                match decode::span(raw_span).and_then(|span| span::read(span, &origin, arrival)) {
                    Ok((span, (scores, more))) => {
                        bytes += span.bytes();
                        if bytes > REQUEST_BYTES {
                            return Err(DecodeError::TooLarge(limit::INGEST_BODY_BYTES));
                        }
                        decoded.spans.push(span);
                        decoded.add_scores(scores, more);
                    }
                    Err(reason) => decoded.reject(format_args!(
                        "resource_spans[{batch_index}].scope_spans[{scope_index}].spans[{index}]: {reason}"
                    )),
                }
            }
        }
    }
    Ok(decoded)
}

fn to_scope(scope: InstrumentationScope) -> Scope {
    Scope {
        name: clean(scope.name),
        version: Some(clean(scope.version)).filter(|version| !version.is_empty()),
        attributes: Attributes::new(scope.attributes).0,
    }
}

impl Decoded {
    fn reject(&mut self, reason: std::fmt::Arguments<'_>) {
        self.rejected += 1;
        if self.reasons.len() < REASONS {
            self.reasons.push(reason.to_string());
        }
    }

    fn add_scores(&mut self, mut scores: Vec<NewScore>, more: usize) {
        let room = REQUEST_SCORES - self.scores.len();
        self.scores_ignored += more + scores.len().saturating_sub(room);
        scores.truncate(room);
        self.scores.append(&mut scores);
    }

    /// Returns the reasons for rejections and ignored scores in one line; empty if everything was accepted.
    #[must_use]
    pub fn reason(&self) -> String {
        let mut reasons = self.reasons.clone();
        match self.rejected - self.reasons.len() {
            0 => {}
            more => reasons.push(format!("and {more} more")),
        }
        if self.scores_ignored > 0 {
            reasons.push(format!(
                "{} evaluations were not recorded as scores: the limit is {} per span and {REQUEST_SCORES} per request",
                self.scores_ignored,
                evaluation::SPAN_SCORES
            ));
        }
        reasons.join("; ")
    }
}

//! OpenTelemetry in: a request of OTLP's, from whichever transport and in whichever encoding, as spans and scores on the
//! queue. What is wrong with one span rejects that one.

mod attribute;
mod content;
mod decode;
pub mod encoding;
mod evaluation;
pub mod http;
mod json;
mod json_value;
mod kind;
mod message;
mod outcome;
mod span;
pub mod status;
#[cfg(test)]
mod tests;
mod usage;
mod wire;

use actix_web::web::Bytes;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use serde_json::value::{RawValue, to_raw_value};
use shared::{limit, span::Scope};

use self::{
    attribute::{Attributes, clean},
    encoding::Encoding,
    span::Origin,
};
use super::{State, field::Arrival};
use crate::{
    error::ApiError,
    gateway::identity::Sender,
    store::trace::record::{LooseSpan, NewScore},
};

/// A body larger than this is read off the async threads.
const READ_INLINE_BYTES: usize = 64 * 1024;
/// Bytes that the spans of one request may take once each holds its resource and what was read out of it: what the queue
/// takes as one message.
const REQUEST_BYTES: usize = 3 * limit::INGEST_BODY_BYTES;
/// Judgements that are taken of one request.
const REQUEST_SCORES: usize = 1000;
/// Reasons that an answer names.
const REASONS: usize = 5;

/// What of a request was taken.
#[derive(Debug, Default)]
pub struct Taken {
    /// The spans.
    pub spans: Vec<LooseSpan>,
    /// Judgements that came with them.
    pub scores: Vec<NewScore>,
    /// How many judgements were not: they stay in their spans.
    pub scores_left: usize,
    /// How many spans were not.
    pub rejected: usize,
    /// Why not, of the first ones.
    pub reasons: Vec<String>,
}

/// Takes a request, and answers it once nothing can lose what was accepted of it.
///
/// # Errors
/// 400 where it cannot be read, 413 where it holds too much, 503 where it cannot be kept: to be sent again, which counts
/// no span twice.
pub async fn take(app: &State, sender: Sender, encoding: Encoding, body: Bytes) -> Result<Vec<u8>, ApiError> {
    let arrival = Arrival { workspace_id: sender.workspace_id, now: app.clock.now() };
    let taken = if body.len() <= READ_INLINE_BYTES {
        read(encoding, &body, arrival)?
    } else {
        let reading = tokio::task::spawn_blocking(move || read(encoding, &body, arrival));
        reading.await.map_err(|error| ApiError::Internal(error.into()))??
    };
    let (accepted, rejected) = (taken.spans.len(), taken.rejected);
    let reason = taken.reason();
    app.queue.push_spans(taken.spans).await?;
    for score in taken.scores {
        app.queue.score(score).await?;
    }
    app.metrics.ingested_spans(accepted, rejected);
    Ok(encoding.answer(rejected, &reason))
}

/// Reads a request.
///
/// # Errors
/// 400 where it cannot be read, 413 where it holds too much.
pub fn read(encoding: Encoding, body: &[u8], arrival: Arrival) -> Result<Taken, ApiError> {
    let batches = decode::read(encoding, body).map_err(|error| {
        ApiError::BadRequest(format!("The request is no ExportTraceServiceRequest: {error}"))
    })?;
    let mut taken = Taken::default();
    let mut bytes = 0;
    for (batch_index, batch) in batches.into_iter().enumerate() {
        let resource = Attributes::new(batch.resource.attributes);
        let service = resource.label(&["service.name"]);
        let resource = raw(&resource.0)?;
        for (scope_index, scoped) in batch.scopes.into_iter().enumerate() {
            let scope = scoped.scope.map(|scope| raw(&shown(scope))).transpose()?;
            let origin = Origin { resource: &resource, scope: scope.as_deref(), service: service.as_deref() };
            for (index, raw_span) in scoped.spans.into_iter().enumerate() {
                match raw_span.decode().and_then(|span| span::read(span, &origin, arrival)) {
                    Ok((span, (scores, more))) => {
                        bytes += span.bytes();
                        if bytes > REQUEST_BYTES {
                            return Err(ApiError::PayloadTooLarge(limit::INGEST_BODY_BYTES));
                        }
                        taken.spans.push(span);
                        taken.judge(scores, more);
                    }
                    Err(reason) => taken.reject(format_args!(
                        "resource_spans[{batch_index}].scope_spans[{scope_index}].spans[{index}]: {reason}"
                    )),
                }
            }
        }
    }
    Ok(taken)
}

fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, ApiError> {
    to_raw_value(value).map_err(|error| ApiError::Internal(error.into()))
}

fn shown(scope: InstrumentationScope) -> Scope {
    Scope {
        name: clean(scope.name),
        version: Some(clean(scope.version)).filter(|version| !version.is_empty()),
        attributes: Attributes::new(scope.attributes).0,
    }
}

impl Taken {
    fn reject(&mut self, reason: std::fmt::Arguments<'_>) {
        self.rejected += 1;
        if self.reasons.len() < REASONS {
            self.reasons.push(reason.to_string());
        }
    }

    fn judge(&mut self, mut scores: Vec<NewScore>, more: usize) {
        let room = REQUEST_SCORES - self.scores.len();
        self.scores_left += more + scores.len().saturating_sub(room);
        scores.truncate(room);
        self.scores.append(&mut scores);
    }

    /// Why not all was taken, in one line; empty where it was.
    #[must_use]
    pub fn reason(&self) -> String {
        let mut reasons = self.reasons.clone();
        match self.rejected - self.reasons.len() {
            0 => {}
            more => reasons.push(format!("and {more} more")),
        }
        if self.scores_left > 0 {
            reasons.push(format!(
                "{} evaluations are no scores: a span has {} at most, a request {REQUEST_SCORES}",
                self.scores_left,
                evaluation::MOST
            ));
        }
        reasons.join("; ")
    }
}

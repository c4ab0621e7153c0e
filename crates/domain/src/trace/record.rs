//! Traces, spans and scores that are ready to be stored: validated, in the store's integer units. They are sent through
//! the queue in this form, so a changed field is a new version of the queue's messages.

use serde::{Deserialize, Serialize};
use shared::{Timestamp, span::SpanKind, trace::TraceStatus};
use uuid::Uuid;

/// Nano-dollars in a dollar.
pub const NANOS_PER_DOLLAR: f64 = 1e9;
/// Microseconds in a millisecond.
pub const MICROS_PER_MILLI: f64 = 1e3;
/// Millionths in a point of quality.
pub const MICROS_PER_POINT: f64 = 1e6;

/// A trace to store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewTrace {
    /// The workspace that owns the trace.
    pub workspace_id: Uuid,
    /// The id of the trace, unique in the workspace.
    pub trace_id: String,
    /// The agent.
    pub agent_id: String,
    /// The start of the trace.
    #[serde(with = "micros")]
    pub timestamp: Timestamp,
    /// The latency in microseconds.
    pub latency: i64,
    /// The status.
    pub status: TraceStatus,
    /// The main model.
    pub model: Option<String>,
    /// The provider of the model.
    pub model_provider: Option<String>,
    /// Input tokens.
    pub tokens_input: Option<i64>,
    /// Output tokens.
    pub tokens_output: Option<i64>,
    /// All tokens.
    pub tokens_total: Option<i64>,
    /// The cost in nano-dollars.
    pub cost: Option<i64>,
    /// The origin of the cost, if it is the trace's own and not the total of its spans.
    pub basis: Basis,
    /// The number of model calls without a known price.
    pub unpriced: i64,
    /// The quality in millionths of a point.
    pub quality: Option<i64>,
    /// The session (conversation).
    pub session_id: Option<String>,
    /// The end user.
    pub user_id: Option<String>,
    /// The tags as a JSON array, or `None` if there are none.
    pub tags: Option<String>,
    /// The error message.
    pub error: Option<String>,
    /// Input, output and metadata as one line of JSON.
    pub payload: String,
    /// The spans that were sent with the trace.
    pub spans: Vec<NewSpan>,
    /// The name of the root span.
    pub name: Option<String>,
    /// The origin of the trace.
    pub assembly: Assembly,
}

/// The origin of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assembly {
    /// The trace was sent as one document.
    #[default]
    Sent,
    /// The trace was assembled from incoming spans.
    Complete,
    /// The trace was assembled from incoming spans without its root span: another span replaces it.
    Incomplete,
}

/// The origin of a cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// There is no cost and nothing to calculate it from, or an older version stored the cost without its origin.
    #[default]
    Unknown,
    /// The sender reported the cost.
    Reported,
    /// Calculated from a price and the tokens: the [`shared::cost::AppliedPrice`] as JSON.
    Computed(String),
    /// There are tokens, but no price for the model.
    NoPrice,
}

/// A span that was ingested on its own, over OTLP. All incoming spans of a trace are assembled into the trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IncomingSpan {
    /// The workspace that owns the span.
    pub workspace_id: Uuid,
    /// The id of the trace.
    pub trace_id: String,
    /// The arrival of the span.
    #[serde(with = "micros")]
    pub arrived: Timestamp,
    /// The span.
    pub span: NewSpan,
    /// The agent that the span names for its trace.
    pub agent_id: Option<String>,
    /// The service that sent the span. It is the agent if no span of the trace names one.
    pub service: Option<String>,
    /// The session (conversation) that the span names for its trace.
    pub session_id: Option<String>,
    /// The end user that the span names for its trace.
    pub user_id: Option<String>,
    /// The tags that the span gives its trace, as a JSON array, or `None` if there are none.
    pub tags: Option<String>,
}

impl IncomingSpan {
    /// Returns the approximate size in bytes, to bound the memory of queues.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = self.trace_attributes().into_iter().flatten().map(String::len).sum::<usize>();
        size_of::<Self>() + self.trace_id.len() + texts + self.span.bytes()
    }

    /// Returns whether the span has trace attributes.
    #[must_use]
    pub fn has_trace_attributes(&self) -> bool {
        self.trace_attributes().iter().any(|text| text.is_some())
    }

    fn trace_attributes(&self) -> [&Option<String>; 5] {
        [&self.agent_id, &self.service, &self.session_id, &self.user_id, &self.tags]
    }
}

impl NewTrace {
    /// Returns the approximate size in bytes, to bound the memory of queues.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let names = [&self.model, &self.model_provider, &self.session_id, &self.user_id];
        let texts =
            names.into_iter().chain([&self.tags, &self.error]).flatten().map(String::len).sum::<usize>();
        let spans: usize = self.spans.iter().map(NewSpan::bytes).sum();
        size_of::<Self>() + self.trace_id.len() + self.agent_id.len() + texts + self.payload.len() + spans
    }
}

/// A span to store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewSpan {
    /// The id of the span, unique in the trace.
    pub span_id: String,
    /// The id of the parent span.
    pub parent_span_id: Option<String>,
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: SpanKind,
    /// The start of the span.
    #[serde(with = "micros")]
    pub timestamp: Timestamp,
    /// The latency in microseconds.
    pub latency: i64,
    /// The status.
    pub status: TraceStatus,
    /// The model.
    pub model: Option<String>,
    /// The provider of the model.
    pub model_provider: Option<String>,
    /// Input tokens.
    pub tokens_input: Option<i64>,
    /// Output tokens.
    pub tokens_output: Option<i64>,
    /// Input tokens that were read from the provider's cache.
    pub tokens_cache_read: Option<i64>,
    /// Input tokens that were written to the provider's cache.
    pub tokens_cache_write: Option<i64>,
    /// Output tokens of reasoning.
    pub tokens_reasoning: Option<i64>,
    /// The cost in nano-dollars.
    pub cost: Option<i64>,
    /// The origin of the cost.
    pub basis: Basis,
    /// The error message.
    pub error: Option<String>,
    /// The fields of [`shared::span::Span`] that this struct lacks (input, output, attributes, events, …) as one line of
    /// JSON.
    pub payload: String,
}

impl NewSpan {
    fn bytes(&self) -> usize {
        let texts = [&self.parent_span_id, &self.model, &self.model_provider, &self.error];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        let price = if let Basis::Computed(price) = &self.basis { price.len() } else { 0 };
        size_of::<Self>() + self.span_id.len() + self.name.len() + texts + price + self.payload.len()
    }
}

/// A score to store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewScore {
    /// The workspace that owns the trace.
    pub workspace_id: Uuid,
    /// The id of the scored trace.
    pub trace_id: String,
    /// The name of the score.
    pub name: String,
    /// The score in millionths of a point.
    pub score: i64,
    /// The comment.
    pub comment: Option<String>,
    /// The arrival of the score.
    #[serde(with = "micros")]
    pub timestamp: Timestamp,
}

/// Timestamps as integers, which are faster and shorter than their text.
mod micros {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use shared::Timestamp;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        moment.as_micros().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_counts_every_text() {
        let text = || "x".repeat(1000);
        let span = NewSpan {
            span_id: text(),
            parent_span_id: Some(text()),
            name: text(),
            model: Some(text()),
            error: Some(text()),
            payload: text(),
            ..NewSpan::default()
        };
        let trace = NewTrace {
            workspace_id: Uuid::nil(),
            trace_id: text(),
            agent_id: text(),
            model: Some(text()),
            model_provider: Some(text()),
            session_id: Some(text()),
            user_id: Some(text()),
            tags: Some(text()),
            error: Some(text()),
            payload: text(),
            spans: vec![span; 10],
            ..NewTrace::default()
        };
        // Nine texts of the trace and six of each span.
        assert!((69_000..75_000).contains(&trace.bytes()), "{}", trace.bytes());
    }
}

//! What the store is handed: checked, in the store's integer units, ready to bind. It travels through the queue in this
//! form: a changed field is a new version of [`crate::queue`]'s messages.

use serde::{Deserialize, Serialize};
use shared::{Timestamp, span::SpanKind, trace::TraceStatus};
use uuid::Uuid;

/// Nano-dollars in a dollar.
pub const NANOS_PER_DOLLAR: f64 = 1e9;
/// Microseconds in a millisecond.
pub const MICROS_PER_MILLI: f64 = 1e3;
/// Millionths in a point of quality.
pub const MICROS_PER_POINT: f64 = 1e6;

/// A run, ready to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTrace {
    /// Whose it is.
    pub workspace_id: Uuid,
    /// Unique within the workspace.
    pub trace_id: String,
    /// The agent that ran.
    pub agent_id: String,
    /// When it started.
    #[serde(with = "micros")]
    pub timestamp: Timestamp,
    /// Microseconds.
    pub latency: i64,
    /// How it ended.
    pub status: TraceStatus,
    /// The main model.
    pub model: Option<String>,
    /// Who serves it.
    pub model_provider: Option<String>,
    /// Tokens that went in.
    pub tokens_input: Option<i64>,
    /// Tokens that came out.
    pub tokens_output: Option<i64>,
    /// All tokens.
    pub tokens_total: Option<i64>,
    /// Nano-dollars.
    pub cost: Option<i64>,
    /// Millionths of a point.
    pub quality: Option<i64>,
    /// The conversation.
    pub session_id: Option<String>,
    /// The person.
    pub user_id: Option<String>,
    /// A JSON array; absent for none.
    pub tags: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Input, output and metadata as one line of JSON.
    pub payload: String,
    /// The steps inside.
    pub spans: Vec<NewSpan>,
}

impl NewTrace {
    /// About how many bytes it holds, for bounding what waits in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let names = [&self.model, &self.model_provider, &self.session_id, &self.user_id];
        let texts =
            names.into_iter().chain([&self.tags, &self.error]).flatten().map(String::len).sum::<usize>();
        let spans: usize = self.spans.iter().map(NewSpan::bytes).sum();
        size_of::<Self>() + self.trace_id.len() + self.agent_id.len() + texts + self.payload.len() + spans
    }
}

/// A step of a run, ready to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewSpan {
    /// Unique within the trace.
    pub span_id: String,
    /// The span it is a part of.
    pub parent_span_id: Option<String>,
    /// What it is called.
    pub name: String,
    /// What kind of step it is.
    pub kind: SpanKind,
    /// When it started.
    #[serde(with = "micros")]
    pub timestamp: Timestamp,
    /// Microseconds.
    pub latency: i64,
    /// How it ended.
    pub status: TraceStatus,
    /// The model.
    pub model: Option<String>,
    /// Tokens that went in.
    pub tokens_input: Option<i64>,
    /// Tokens that came out.
    pub tokens_output: Option<i64>,
    /// Nano-dollars.
    pub cost: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
    /// Input, output and attributes as one line of JSON.
    pub payload: String,
}

impl NewSpan {
    fn bytes(&self) -> usize {
        let texts = [&self.parent_span_id, &self.model, &self.error];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        size_of::<Self>() + self.span_id.len() + self.name.len() + texts + self.payload.len()
    }
}

/// A judgement of a run, ready to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewScore {
    /// Whose run it is.
    pub workspace_id: Uuid,
    /// The run.
    pub trace_id: String,
    /// What was judged.
    pub name: String,
    /// Millionths of a point.
    pub score: i64,
    /// Why.
    pub comment: Option<String>,
    /// When it came.
    #[serde(with = "micros")]
    pub timestamp: Timestamp,
}

/// Moments as integers: quicker and shorter than their text.
mod micros {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use shared::Timestamp;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "it is how serde calls it")]
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
    fn what_waits_in_memory_is_counted_wherever_it_stands() {
        let text = || "x".repeat(1000);
        let span = NewSpan {
            span_id: text(),
            parent_span_id: Some(text()),
            name: text(),
            kind: SpanKind::Tool,
            timestamp: Timestamp::EPOCH,
            latency: 0,
            status: TraceStatus::Error,
            model: Some(text()),
            tokens_input: None,
            tokens_output: None,
            cost: None,
            error: Some(text()),
            payload: text(),
        };
        let trace = NewTrace {
            workspace_id: Uuid::nil(),
            trace_id: text(),
            agent_id: text(),
            timestamp: Timestamp::EPOCH,
            latency: 0,
            status: TraceStatus::Error,
            model: Some(text()),
            model_provider: Some(text()),
            tokens_input: None,
            tokens_output: None,
            tokens_total: None,
            cost: None,
            quality: None,
            session_id: Some(text()),
            user_id: Some(text()),
            tags: Some(text()),
            error: Some(text()),
            payload: text(),
            spans: vec![span; 10],
        };
        // Nine texts of the trace and six of each span.
        assert!((69_000..73_000).contains(&trace.bytes()), "{}", trace.bytes());
    }
}

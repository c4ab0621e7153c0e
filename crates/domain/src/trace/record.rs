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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Where that comes from, where it is the trace's own and not its spans' together.
    pub basis: Basis,
    /// Calls of models that no price is known for.
    pub unpriced: i64,
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
    /// What its outermost span is called.
    pub name: Option<String>,
    /// How it came to be.
    pub assembly: Assembly,
}

/// How a trace came to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assembly {
    /// It was sent whole.
    #[default]
    Sent,
    /// It was put together of spans.
    Complete,
    /// The same, and its outermost span has not come: another stands for it.
    Incomplete,
}

/// Where a cost comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// There is none, nor anything to compute it from; or it is not known, of what older versions wrote.
    #[default]
    Unknown,
    /// The sender said so.
    Reported,
    /// Model × price × tokens: a [`shared::cost::AppliedPrice`] as JSON.
    Computed(String),
    /// There are tokens, and no price for their model is known.
    NoPrice,
}

/// A span that came by itself, ready to be written. Its trace is put together of all those that come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LooseSpan {
    /// Whose it is.
    pub workspace_id: Uuid,
    /// The trace that it is a part of.
    pub trace_id: String,
    /// When it came.
    #[serde(with = "micros")]
    pub arrived: Timestamp,
    /// The span.
    pub span: NewSpan,
    /// The agent that it says ran.
    pub agent_id: Option<String>,
    /// The service that sent it: the agent, where no span names one.
    pub service: Option<String>,
    /// The conversation that it says the run belongs to.
    pub session_id: Option<String>,
    /// The person that it says the run was for.
    pub user_id: Option<String>,
    /// What it says to find the run by: a JSON array; absent for none.
    pub tags: Option<String>,
}

impl LooseSpan {
    /// About how many bytes it holds, for bounding what waits in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [&self.agent_id, &self.service, &self.session_id, &self.user_id, &self.tags];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        size_of::<Self>() + self.trace_id.len() + texts + self.span.bytes()
    }

    /// Whether it says anything of its trace.
    #[must_use]
    pub fn says_something(&self) -> bool {
        [&self.agent_id, &self.service, &self.session_id, &self.user_id, &self.tags]
            .iter()
            .any(|text| text.is_some())
    }
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Who serves it.
    pub model_provider: Option<String>,
    /// Tokens that went in.
    pub tokens_input: Option<i64>,
    /// Tokens that came out.
    pub tokens_output: Option<i64>,
    /// Of those that went in, read from the provider's cache.
    pub tokens_cache_read: Option<i64>,
    /// Of those that went in, written to the provider's cache.
    pub tokens_cache_write: Option<i64>,
    /// Of those that came out, of reasoning.
    pub tokens_reasoning: Option<i64>,
    /// Nano-dollars.
    pub cost: Option<i64>,
    /// Where that comes from.
    pub basis: Basis,
    /// Why it failed.
    pub error: Option<String>,
    /// Whatever of [`shared::span::Span`] has no field here (input, output, attributes, events…), by its names there, as
    /// one line of JSON.
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

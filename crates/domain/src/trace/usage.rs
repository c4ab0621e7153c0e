//! The usage and cost of stored traces, and changes of their costs.

use shared::Timestamp;

use super::{
    cursor::Cursor,
    record::{Assembly, Basis},
};

/// What a trace used, and what that cost.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceUsage {
    /// Its id.
    pub trace_id: String,
    /// Its place in the order of starts: where the next page begins after it.
    pub cursor: Cursor,
    /// How it came to be: one that was put together of spans has no cost of its own.
    pub assembly: Assembly,
    /// Its model.
    pub model: Option<String>,
    /// Who serves it.
    pub model_provider: Option<String>,
    /// Tokens that went in.
    pub tokens_input: Option<i64>,
    /// Tokens that came out.
    pub tokens_output: Option<i64>,
    /// Nano-dollars.
    pub cost: Option<i64>,
    /// Where that comes from, where it is the trace's own.
    pub basis: Basis,
    /// What its spans used.
    pub spans: Vec<SpanUsage>,
}

/// What a span used, and what that cost.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanUsage {
    /// Its id.
    pub span_id: String,
    /// When it started.
    pub timestamp: Timestamp,
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
    /// Whether it came by itself: a trace that was sent whole does not cost what such a one does.
    pub came_alone: bool,
}

/// A cost that becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recost {
    /// Of this trace.
    pub trace_id: String,
    /// Of this span; the trace's own, where absent.
    pub span_id: Option<String>,
    /// Nano-dollars.
    pub cost: Option<i64>,
    /// Where that comes from. Unknown for a trace of its own means: from its spans together.
    pub basis: Basis,
}

//! The usage and cost of stored traces, and changes of their costs.

use shared::Timestamp;

use super::{
    cursor::Cursor,
    record::{Assembly, Basis},
};

/// The usage and cost of a stored trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceUsage {
    /// The id of the trace.
    pub trace_id: String,
    /// The position of the trace: the next page starts after it.
    pub cursor: Cursor,
    /// The origin of the trace. Assembled traces have no cost of their own.
    pub assembly: Assembly,
    /// The model of the trace.
    pub model: Option<String>,
    /// The provider of the model.
    pub model_provider: Option<String>,
    /// Input tokens.
    pub tokens_input: Option<i64>,
    /// Output tokens.
    pub tokens_output: Option<i64>,
    /// The cost in nano-dollars.
    pub cost: Option<i64>,
    /// The origin of the cost, if it is the trace's own.
    pub basis: Basis,
    /// The usage of the spans.
    pub spans: Vec<SpanUsage>,
}

/// The usage and cost of a stored span.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanUsage {
    /// The id of the span.
    pub span_id: String,
    /// The start of the span.
    pub timestamp: Timestamp,
    /// The model of the span.
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
    /// Whether the span was ingested as an incoming span. Such spans do not count in a trace that was sent as one document.
    pub incoming: bool,
}

/// A new cost of a stored trace or span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostChange {
    /// The id of the trace.
    pub trace_id: String,
    /// The id of the span, or `None` for the trace's own cost.
    pub span_id: Option<String>,
    /// The cost in nano-dollars.
    pub cost: Option<i64>,
    /// The origin of the cost. For a trace's own cost, `Unknown` means the total of its spans.
    pub basis: Basis,
}

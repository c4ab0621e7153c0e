//! The data from which the cost of a model call is computed.

use shared::{Timestamp, span::SpanKind};

use super::usage::Counts;
use crate::trace::{
    record::{Basis, NewSpan, NewTrace},
    usage::{SpanUsage, TraceUsage},
};

/// A model call. Traces with a model and tokens of their own count as one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) at: Timestamp,
    pub(super) model: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    /// Whether tokens belong to a model call even if the model has no name.
    pub(super) is_model: bool,
    pub(super) counts: Counts,
}

impl<'a> Call<'a> {
    pub(super) fn of_span(span: &'a NewSpan) -> Self {
        Self {
            at: span.timestamp,
            model: span.model.as_deref(),
            provider: span.model_provider.as_deref(),
            is_model: matches!(span.kind, SpanKind::Llm | SpanKind::Embedding),
            counts: Counts {
                input: span.tokens_input,
                output: span.tokens_output,
                cache_read: span.tokens_cache_read,
                cache_write: span.tokens_cache_write,
                reasoning: span.tokens_reasoning,
            },
        }
    }

    pub(super) fn of_trace(trace: &'a NewTrace) -> Self {
        let counts = Counts { input: trace.tokens_input, output: trace.tokens_output, ..Counts::default() };
        Self {
            at: trace.timestamp,
            model: trace.model.as_deref(),
            provider: trace.model_provider.as_deref(),
            is_model: false,
            counts,
        }
    }

    pub(super) fn of_stored_span(span: &'a SpanUsage) -> Self {
        Self {
            at: span.timestamp,
            model: span.model.as_deref(),
            provider: span.model_provider.as_deref(),
            // The kind of the span was checked when it was written.
            is_model: span.basis == Basis::NoPrice,
            counts: Counts {
                input: span.tokens_input,
                output: span.tokens_output,
                cache_read: span.tokens_cache_read,
                cache_write: span.tokens_cache_write,
                reasoning: span.tokens_reasoning,
            },
        }
    }

    pub(super) fn of_stored_trace(trace: &'a TraceUsage) -> Self {
        let counts = Counts { input: trace.tokens_input, output: trace.tokens_output, ..Counts::default() };
        Self {
            at: trace.cursor.timestamp,
            model: trace.model.as_deref(),
            provider: trace.model_provider.as_deref(),
            is_model: false,
            counts,
        }
    }
}

//! The cost of a trace that was sent as one document: the reported cost, otherwise the sum of its spans, otherwise the cost of
//! its own model and tokens.

use super::{call::Call, prices::Prices};
use crate::trace::{
    record::{Basis, NewTrace},
    total::{SpanTotal, add},
};

impl Prices {
    /// Sets the costs of a trace and its spans, and the number of calls without a price. Missing tokens are taken from the spans.
    /// Must be called only once per trace: a second call would treat a computed sum as a reported cost.
    pub fn price_trace(&self, trace: &mut NewTrace) {
        let workspace_id = trace.workspace_id;
        for span in &mut trace.spans {
            self.price_span(workspace_id, span);
        }
        let spans = SpanTotal::of(&trace.spans);
        trace.unpriced = spans.unpriced;
        let sent_tokens = trace.tokens_input.is_some() || trace.tokens_output.is_some();
        fill_tokens(trace, spans.tokens_input, spans.tokens_output);
        if trace.basis != Basis::Unknown {
            return;
        }
        if trace.cost.is_some() {
            trace.basis = Basis::Reported;
        } else if spans.cost.is_some() {
            trace.cost = spans.cost;
        } else if sent_tokens || trace.unpriced == 0 {
            // Tokens of calls without a price must not be priced as tokens of the model of the trace.
            (trace.cost, trace.basis) = self.cost(workspace_id, &Call::of_trace(trace));
            if trace.basis == Basis::NoPrice {
                trace.unpriced = trace.unpriced.max(1);
            }
        }
    }
}

fn fill_tokens(trace: &mut NewTrace, input: Option<i64>, output: Option<i64>) {
    let sum = |trace: &NewTrace| add(trace.tokens_input, trace.tokens_output);
    // A total that differs from the sum was reported and is kept.
    let is_sum = trace.tokens_total.is_none() || trace.tokens_total == sum(trace);
    trace.tokens_input = trace.tokens_input.or(input);
    trace.tokens_output = trace.tokens_output.or(output);
    if is_sum {
        trace.tokens_total = sum(trace);
    }
}

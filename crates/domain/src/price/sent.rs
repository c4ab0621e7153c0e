//! The cost of a trace that was sent whole: what it says itself, else what its spans come to, else its own model and tokens.

use super::{call::Call, prices::Prices};
use crate::trace::{
    record::{Basis, NewTrace},
    total::SpanTotal,
};

impl Prices {
    /// Gives a trace and its spans their costs, and says how many calls have no price. Tokens that it does not have are
    /// those of its spans. To be done once: the second time a cost that was made of its spans' is the sender's own.
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
            // Tokens of calls without a price are not priced as if they were the trace's own model's.
            (trace.cost, trace.basis) = self.cost(workspace_id, &Call::of_trace(trace));
            if trace.basis == Basis::NoPrice {
                trace.unpriced = trace.unpriced.max(1);
            }
        }
    }
}

fn fill_tokens(trace: &mut NewTrace, input: Option<i64>, output: Option<i64>) {
    let sum = |trace: &NewTrace| match (trace.tokens_input, trace.tokens_output) {
        (None, None) => None,
        (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
    };
    // A total of its own stays; one that was made of what was sent is made anew.
    let made = trace.tokens_total.is_none() || trace.tokens_total == sum(trace);
    trace.tokens_input = trace.tokens_input.or(input);
    trace.tokens_output = trace.tokens_output.or(output);
    if made {
        trace.tokens_total = sum(trace);
    }
}

//! Costs of what is stored already, by the prices of now.

use uuid::Uuid;

use super::{call::Call, prices::Prices};
use crate::trace::{
    record::{Assembly, Basis},
    usage::{CostChange, TraceUsage},
};

impl Prices {
    /// Which of a trace's costs become others. What was reported stays, and so does a cost of which nobody knows where it
    /// comes from: older versions kept only such as were reported.
    #[must_use]
    pub fn reprice(&self, workspace_id: Uuid, trace: &TraceUsage) -> Vec<CostChange> {
        let mut changes = Vec::new();
        let (mut some_cost, mut some_unpriced) = (false, false);
        for span in &trace.spans {
            let (mut cost, mut basis) = (span.cost, span.basis.clone());
            if is_ours(cost, &basis) {
                (cost, basis) = self.cost(workspace_id, &Call::of_stored_span(span));
            }
            // What came by itself counts nothing in a trace that was sent whole.
            some_cost |= cost.is_some() && !span.incoming;
            some_unpriced |= basis == Basis::NoPrice && !span.incoming;
            if (cost, &basis) != (span.cost, &span.basis) {
                let span_id = Some(span.span_id.clone());
                changes.push(CostChange { trace_id: trace.trace_id.clone(), span_id, cost, basis });
            }
        }
        if trace.assembly == Assembly::Sent
            && let Some((cost, basis)) = self.own(workspace_id, trace, some_cost, some_unpriced)
            && (cost, &basis) != (trace.cost, &trace.basis)
        {
            changes.push(CostChange { trace_id: trace.trace_id.clone(), span_id: None, cost, basis });
        }
        changes
    }

    /// What becomes of the own cost of a trace that was sent whole; nothing where it is reported or its spans' together.
    fn own(
        &self,
        workspace_id: Uuid,
        trace: &TraceUsage,
        some_cost: bool,
        some_unpriced: bool,
    ) -> Option<(Option<i64>, Basis)> {
        match trace.basis {
            Basis::Reported => None,
            Basis::Unknown if trace.cost.is_some() || some_cost || some_unpriced => None,
            // Now its spans have costs: theirs together goes before what its own model would have cost.
            Basis::Computed(_) | Basis::NoPrice if some_cost => Some((None, Basis::Unknown)),
            _ => Some(self.cost(workspace_id, &Call::of_stored_trace(trace))),
        }
    }
}

/// Whether this cost was computed here, or is still to be.
fn is_ours(cost: Option<i64>, basis: &Basis) -> bool {
    match basis {
        Basis::Reported => false,
        Basis::Computed(_) | Basis::NoPrice => true,
        Basis::Unknown => cost.is_none(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use shared::{Timestamp, price::PriceRequest, span::SpanKind};

    use std::{collections::HashMap, sync::Arc};

    use super::*;
    use crate::{
        price::prices::PublicPrices,
        trace::{
            cursor::Cursor,
            record::{NewSpan, NewTrace},
            usage::SpanUsage,
        },
    };

    const WORKSPACE: Uuid = Uuid::from_u128(1);

    /// A dollar for a million tokens of the model `known`.
    fn prices() -> Prices {
        let known = PriceRequest {
            model: "known".to_owned(),
            provider: None,
            input_usd_per_million: 1.0,
            output_usd_per_million: 1.0,
            cache_read_usd_per_million: None,
            cache_write_usd_per_million: None,
        };
        Prices::new(Arc::new(PublicPrices::new(&[known])), HashMap::new())
    }

    fn span(cost: Option<i64>, basis: Basis) -> SpanUsage {
        SpanUsage {
            span_id: "s".to_owned(),
            timestamp: Timestamp::EPOCH,
            model: None,
            model_provider: None,
            tokens_input: None,
            tokens_output: None,
            tokens_cache_read: None,
            tokens_cache_write: None,
            tokens_reasoning: None,
            cost,
            basis,
            incoming: false,
        }
    }

    #[test]
    fn a_trace_sent_whole_keeps_its_own_cost_whatever_comes_for_it_by_itself() {
        let prices = prices();
        let foreign = SpanUsage { incoming: true, ..span(Some(77), Basis::Reported) };
        let mut trace = TraceUsage {
            trace_id: "t".to_owned(),
            cursor: Cursor { timestamp: Timestamp::EPOCH, id: 1 },
            assembly: Assembly::Sent,
            model: Some("known".to_owned()),
            model_provider: None,
            tokens_input: Some(1_000),
            tokens_output: None,
            cost: Some(1),
            basis: Basis::Computed("{}".to_owned()),
            spans: vec![foreign],
        };
        let own =
            |changes: Vec<CostChange>| changes.into_iter().find(|change| change.span_id.is_none()).unwrap();
        let anew = own(prices.reprice(WORKSPACE, &trace));
        assert_eq!(anew.cost, Some(1_000_000));
        assert!(matches!(anew.basis, Basis::Computed(_)), "{:?}", anew.basis);
        // One of its own spans is another matter.
        trace.spans[0].incoming = false;
        let anew = own(prices.reprice(WORKSPACE, &trace));
        assert_eq!((anew.cost, anew.basis), (None, Basis::Unknown));
    }

    #[test]
    fn a_call_without_a_price_counts_once_however_many_spans_sum_it_up() {
        let prices = prices();
        let call = |id: &str, parent: Option<&str>, kind| NewSpan {
            span_id: id.to_owned(),
            parent_span_id: parent.map(str::to_owned),
            kind,
            model: Some("secret".to_owned()),
            tokens_input: Some(10),
            ..NewSpan::default()
        };
        let spans = vec![
            call("agent", None, SpanKind::Agent),
            call("first", Some("agent"), SpanKind::Llm),
            call("second", Some("agent"), SpanKind::Llm),
        ];
        let mut trace = NewTrace { spans, ..NewTrace::default() };
        prices.price_trace(&mut trace);
        assert_eq!((trace.cost, trace.unpriced, trace.tokens_input), (None, 2, Some(20)));
    }
}

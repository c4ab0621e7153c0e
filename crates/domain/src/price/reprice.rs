//! Recalculates the costs of stored traces and spans with current prices.

use uuid::Uuid;

use super::{call::Call, prices::Prices};
use crate::trace::{
    record::{Assembly, Basis},
    usage::{CostChange, TraceUsage},
};

impl Prices {
    /// Returns the costs of a trace that change. Reported costs are unchanged, and so are costs without a basis, because older
    /// versions stored only reported costs.
    #[must_use]
    pub fn reprice(&self, workspace_id: Uuid, trace: &TraceUsage) -> Vec<CostChange> {
        let mut changes = Vec::new();
        let (mut some_cost, mut some_unpriced) = (false, false);
        for span in &trace.spans {
            let (mut cost, mut basis) = (span.cost, span.basis.clone());
            if is_computed(cost, &basis) {
                (cost, basis) = self.cost(workspace_id, &Call::of_stored_span(span));
            }
            // Incoming spans do not count in a trace that was sent as one document.
            some_cost |= cost.is_some() && !span.incoming;
            some_unpriced |= basis == Basis::NoPrice && !span.incoming;
            if (cost, &basis) != (span.cost, &span.basis) {
                let span_id = Some(span.span_id.clone());
                changes.push(CostChange { trace_id: trace.trace_id.clone(), span_id, cost, basis });
            }
        }
        if trace.assembly == Assembly::Sent
            && let Some((cost, basis)) = self.own_cost(workspace_id, trace, some_cost, some_unpriced)
            && (cost, &basis) != (trace.cost, &trace.basis)
        {
            changes.push(CostChange { trace_id: trace.trace_id.clone(), span_id: None, cost, basis });
        }
        changes
    }

    /// Recalculates the own cost of a trace that was sent as one document. Returns `None` if the cost was reported or is the
    /// sum of its spans.
    fn own_cost(
        &self,
        workspace_id: Uuid,
        trace: &TraceUsage,
        some_cost: bool,
        some_unpriced: bool,
    ) -> Option<(Option<i64>, Basis)> {
        match trace.basis {
            Basis::Reported => None,
            Basis::Unknown if trace.cost.is_some() || some_cost || some_unpriced => None,
            // Its spans have costs now, and their sum takes precedence over the cost of its own model.
            Basis::Computed(_) | Basis::NoPrice if some_cost => Some((None, Basis::Unknown)),
            _ => Some(self.cost(workspace_id, &Call::of_stored_trace(trace))),
        }
    }
}

/// Returns whether a cost was computed by the server, or can be.
fn is_computed(cost: Option<i64>, basis: &Basis) -> bool {
    match basis {
        Basis::Reported => false,
        Basis::Computed(_) | Basis::NoPrice => true,
        Basis::Unknown => cost.is_none(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::{collections::HashMap, sync::Arc};

    use shared::{Timestamp, price::PriceRequest, span::SpanKind};

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

    /// Returns prices with one dollar per million tokens of the model `known`.
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
    fn reprices_a_trace_sent_as_one_document_without_its_incoming_spans() {
        let prices = prices();
        let incoming = SpanUsage { incoming: true, ..span(Some(77), Basis::Reported) };
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
            spans: vec![incoming],
        };
        let own =
            |changes: Vec<CostChange>| changes.into_iter().find(|change| change.span_id.is_none()).unwrap();
        let repriced = own(prices.reprice(WORKSPACE, &trace));
        assert_eq!(repriced.cost, Some(1_000_000));
        assert!(matches!(repriced.basis, Basis::Computed(_)), "{:?}", repriced.basis);
        // The cost of a span that was part of the document replaces the own cost of the trace.
        trace.spans[0].incoming = false;
        let repriced = own(prices.reprice(WORKSPACE, &trace));
        assert_eq!((repriced.cost, repriced.basis), (None, Basis::Unknown));
    }

    #[test]
    fn counts_an_unpriced_call_once_even_if_a_parent_span_sums_it_up() {
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

//! Costs of what is stored already, by the prices of now.

use uuid::Uuid;

use super::{call::Call, pricer::Prices};
use crate::store::trace::{
    record::{Assembly, Basis},
    recost::{Recost, TraceUsage},
};

impl Prices {
    /// Which of a trace's costs become others. What was reported stays, and so does a cost of which nobody knows where it
    /// comes from: older versions kept only such as were reported.
    #[must_use]
    pub fn reprice(&self, workspace_id: Uuid, trace: &TraceUsage) -> Vec<Recost> {
        let mut recosts = Vec::new();
        let (mut some_cost, mut some_unpriced) = (false, false);
        for span in &trace.spans {
            let (mut cost, mut basis) = (span.cost, span.basis.clone());
            if is_ours(cost, &basis) {
                (cost, basis) = self.cost(workspace_id, &Call::of_stored_span(span));
            }
            // What came by itself counts nothing in a trace that was sent whole.
            some_cost |= cost.is_some() && !span.came_alone;
            some_unpriced |= basis == Basis::NoPrice && !span.came_alone;
            if (cost, &basis) != (span.cost, &span.basis) {
                let span_id = Some(span.span_id.clone());
                recosts.push(Recost { trace_id: trace.trace_id.clone(), span_id, cost, basis });
            }
        }
        if trace.assembly == Assembly::Sent
            && let Some((cost, basis)) = self.own(workspace_id, trace, some_cost, some_unpriced)
            && (cost, &basis) != (trace.cost, &trace.basis)
        {
            recosts.push(Recost { trace_id: trace.trace_id.clone(), span_id: None, cost, basis });
        }
        recosts
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

//! Detects the arrival of the first trace. Pure functions.

use std::collections::HashSet;

use shared::trace::Trace;

use super::snippet::AGENT;

/// The traces that existed when the page was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitialTraces {
    ids: HashSet<String>,
}

/// A new trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// The expected trace; the page opens it.
    Expected(Trace),
    /// Another trace, which may come from existing traffic; the page only mentions it.
    Other(Trace),
}

impl InitialTraces {
    /// Stores the ids of the newest traces.
    pub fn new(newest: &[Trace]) -> Self {
        Self { ids: newest.iter().map(|trace| trace.trace_id.clone()).collect() }
    }

    /// Returns the new trace among `newest`, if any. In an empty workspace, any trace is the expected one; otherwise only a
    /// trace sent by a snippet is.
    pub fn arrival(&self, newest: &[Trace]) -> Option<Arrival> {
        let mut new = newest.iter().filter(|trace| !self.ids.contains(&trace.trace_id));
        let from_snippet = new.clone().find(|trace| trace.agent_id == AGENT);
        let first = if self.ids.is_empty() { new.clone().next() } else { None };
        match from_snippet.or(first) {
            Some(trace) => Some(Arrival::Expected(trace.clone())),
            None => new.next().map(|trace| Arrival::Other(trace.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trace(trace_id: &str, agent_id: &str) -> Trace {
        let fields = json!({
            "trace_id": trace_id, "agent_id": agent_id, "workspace_id": "00000000-0000-0000-0000-000000000000",
            "timestamp": "2025-10-22T10:35:22.120Z", "latency_ms": 1.0, "status": "success", "tags": [],
        });
        #[expect(clippy::unwrap_used, reason = "a test may panic")]
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn expects_any_trace_in_an_empty_workspace() {
        let initial = InitialTraces::new(&[]);
        assert_eq!(initial.arrival(&[]), None);
        let first = trace("a", "my-own-agent");
        assert_eq!(initial.arrival(std::slice::from_ref(&first)), Some(Arrival::Expected(first)));
    }

    #[test]
    fn does_not_open_traces_of_existing_traffic() {
        let old = trace("a", "router");
        let initial = InitialTraces::new(std::slice::from_ref(&old));
        assert_eq!(initial.arrival(std::slice::from_ref(&old)), None);
        let more = trace("b", "router");
        assert_eq!(initial.arrival(&[more.clone(), old]), Some(Arrival::Other(more)));
    }

    #[test]
    fn expects_a_new_trace_of_a_snippet_in_a_workspace_with_traffic() {
        let earlier = trace("a", AGENT);
        let initial = InitialTraces::new(std::slice::from_ref(&earlier));
        let (other, expected) = (trace("b", "router"), trace("c", AGENT));
        assert_eq!(initial.arrival(&[other, expected.clone(), earlier]), Some(Arrival::Expected(expected)));
    }
}

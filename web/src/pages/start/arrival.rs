//! Whether the trace that somebody waits for is there. Pure.

use std::collections::HashSet;

use shared::trace::Trace;

use super::snippet::AGENT;

/// What was there when the page was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    ids: HashSet<String>,
}

/// What has come since.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// What was waited for: the page turns to it.
    Awaited(Trace),
    /// A trace, but in a workspace with traffic it may be anybody's: the page only says so.
    Another(Trace),
}

impl Opening {
    /// `newest` are the newest traces that were there.
    pub fn new(newest: &[Trace]) -> Self {
        Self { ids: newest.iter().map(|trace| trace.trace_id.clone()).collect() }
    }

    /// What is new among the `newest` traces of now. The first of all traces is waited for whatever it is; in a workspace
    /// that has some, one that a snippet sent is.
    pub fn arrival(&self, newest: &[Trace]) -> Option<Arrival> {
        let mut fresh = newest.iter().filter(|trace| !self.ids.contains(&trace.trace_id));
        let of_snippet = fresh.clone().find(|trace| trace.agent_id == AGENT);
        let first = if self.ids.is_empty() { fresh.clone().next() } else { None };
        match of_snippet.or(first) {
            Some(trace) => Some(Arrival::Awaited(trace.clone())),
            None => fresh.next().map(|trace| Arrival::Another(trace.clone())),
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
    fn the_first_trace_of_all_is_awaited_whoever_sent_it() {
        let opening = Opening::new(&[]);
        assert_eq!(opening.arrival(&[]), None);
        let first = trace("a", "my-own-agent");
        assert_eq!(opening.arrival(std::slice::from_ref(&first)), Some(Arrival::Awaited(first)));
    }

    #[test]
    fn traffic_that_goes_on_turns_nobody_away() {
        let old = trace("a", "router");
        let opening = Opening::new(std::slice::from_ref(&old));
        assert_eq!(opening.arrival(std::slice::from_ref(&old)), None);
        let more = trace("b", "router");
        assert_eq!(opening.arrival(&[more.clone(), old]), Some(Arrival::Another(more)));
    }

    #[test]
    fn a_snippet_s_trace_is_found_among_others_but_not_that_of_last_time() {
        let last_time = trace("a", AGENT);
        let opening = Opening::new(std::slice::from_ref(&last_time));
        let (other, own) = (trace("b", "router"), trace("c", AGENT));
        assert_eq!(opening.arrival(&[other, own.clone(), last_time]), Some(Arrival::Awaited(own)));
    }
}

//! Which of a trace's spans count: what a parent says it used is the sum of what its children used, so it counts only where
//! none of them says anything.

use std::collections::HashMap;

use crate::store::trace::record::{Basis, NewSpan};

/// What a trace's spans come to together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Nano-dollars; absent where no span has a cost.
    pub(super) cost: Option<i64>,
    /// Calls without a price.
    pub(super) unpriced: i64,
    /// Tokens that went in; absent where no span says.
    pub(super) tokens_input: Option<i64>,
    /// Tokens that came out; absent where no span says.
    pub(super) tokens_output: Option<i64>,
}

/// Adds up spans, in a time that grows with their number alone. A parent that is not there, or that is its own
/// descendant, is none.
pub(super) fn counted(spans: &[NewSpan]) -> Counted {
    let parents = parents(spans);
    let has_cost = |span: &NewSpan| span.cost.is_some() || span.basis == Basis::NoPrice;
    let has_tokens = |span: &NewSpan| span.tokens_input.is_some() || span.tokens_output.is_some();
    let (costs, tokens) = (above(spans, &parents, has_cost), above(spans, &parents, has_tokens));
    let mut all = Counted::default();
    for ((span, above_cost), above_tokens) in spans.iter().zip(costs).zip(tokens) {
        if !above_cost {
            all.cost = plus(all.cost, span.cost);
            all.unpriced += i64::from(span.basis == Basis::NoPrice);
        }
        if !above_tokens {
            all.tokens_input = plus(all.tokens_input, span.tokens_input);
            all.tokens_output = plus(all.tokens_output, span.tokens_output);
        }
    }
    all
}

fn plus(sum: Option<i64>, more: Option<i64>) -> Option<i64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
        (sum, more) => sum.or(more),
    }
}

/// Whether each span stands above one that has something.
fn above(spans: &[NewSpan], parents: &[Option<usize>], has: impl Fn(&NewSpan) -> bool) -> Vec<bool> {
    let mut above = vec![false; spans.len()];
    for (index, _) in spans.iter().enumerate().filter(|(_, span)| has(span)) {
        let mut next = parents[index];
        while let Some(parent) = next.filter(|&parent| !above[parent]) {
            above[parent] = true;
            next = parents[parent];
        }
    }
    above
}

/// The place of each span's parent, without circles.
fn parents(spans: &[NewSpan]) -> Vec<Option<usize>> {
    let places: HashMap<&str, usize> =
        spans.iter().enumerate().map(|(index, span)| (span.span_id.as_str(), index)).collect();
    let mut parents: Vec<Option<usize>> =
        spans.iter().map(|span| places.get(span.parent_span_id.as_deref()?).copied()).collect();
    // 0: not seen, else by which walk.
    let mut seen = vec![0; spans.len()];
    for walk in 1..=spans.len() {
        let mut at = walk - 1;
        while seen[at] == 0 {
            seen[at] = walk;
            let Some(parent) = parents[at] else { break };
            if seen[parent] == walk {
                // The circle closes here: nobody on it has a parent.
                let mut next = Some(parent);
                while let Some(on_it) = next {
                    next = parents[on_it].take();
                }
                break;
            }
            at = parent;
        }
    }
    parents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, cost: Option<i64>, tokens: Option<i64>) -> NewSpan {
        NewSpan {
            span_id: id.to_owned(),
            parent_span_id: parent.map(ToOwned::to_owned),
            cost,
            tokens_input: tokens,
            ..NewSpan::default()
        }
    }

    #[test]
    fn what_a_parent_says_counts_only_where_nothing_below_it_says_anything() {
        let spans = [
            span("agent", None, Some(100), Some(30)),
            span("step", Some("agent"), None, None),
            span("llm-1", Some("step"), Some(60), Some(20)),
            span("llm-2", Some("step"), Some(40), Some(10)),
            span("lonely", Some("agent"), Some(7), None),
        ];
        let all = counted(&spans);
        assert_eq!((all.cost, all.tokens_input, all.tokens_output), (Some(107), Some(30), None));
        assert_eq!(counted(&spans[..2]).cost, Some(100));
    }

    #[test]
    fn a_call_without_a_price_is_something_too() {
        let mut llm = span("llm", Some("agent"), None, Some(5));
        llm.basis = Basis::NoPrice;
        let all = counted(&[span("agent", None, Some(100), Some(5)), llm]);
        assert_eq!((all.cost, all.unpriced, all.tokens_input), (None, 1, Some(5)));
    }

    #[test]
    fn circles_and_absent_parents_are_counted_once_and_end() {
        let spans = [
            span("a", Some("b"), Some(1), None),
            span("b", Some("a"), Some(2), None),
            span("self", Some("self"), Some(4), None),
            span("below", Some("a"), Some(8), None),
            span("orphan", Some("nowhere"), Some(16), None),
        ];
        // `a` stands above `below`, and on a circle with `b`.
        assert_eq!(counted(&spans).cost, Some(2 + 4 + 8 + 16));
    }

    #[test]
    fn a_chain_of_ten_thousand_is_counted_quickly() {
        let spans: Vec<_> = (0..10_000_u32)
            .map(|number| span(&number.to_string(), Some(&(number + 1).to_string()), Some(1), None))
            .collect();
        assert_eq!(counted(&spans).cost, Some(1));
    }
}

//! Adds up the usage of a trace's spans so that each call counts once. The result depends only on the spans, not on their
//! order. The time is linear in their number, and deep trees need no recursion.

use std::collections::HashMap;

use shared::span::SpanKind;

use super::{record::NewSpan, summary::SpanSummary};

/// The total usage of the spans of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanTotal {
    /// The cost in nano-dollars, or `None` if no span has a cost.
    pub cost: Option<i64>,
    /// The number of calls without a price.
    pub unpriced: i64,
    /// Input tokens, or `None` if no span has any.
    pub tokens_input: Option<i64>,
    /// Output tokens, or `None` if no span has any.
    pub tokens_output: Option<i64>,
}

impl SpanTotal {
    /// Adds up the spans of a trace that was sent as one document.
    #[must_use]
    pub fn of(spans: &[NewSpan]) -> Self {
        Self::of_summaries(&spans.iter().map(SpanSummary::of_span).collect::<Vec<_>>())
    }

    /// Adds up spans by their summaries.
    #[must_use]
    pub fn of_summaries(spans: &[SpanSummary<'_>]) -> Self {
        Forest::new(spans).total(spans).0
    }

    fn add(&mut self, other: &Self) {
        self.cost = add(self.cost, other.cost);
        self.unpriced += other.unpriced;
        self.tokens_input = add(self.tokens_input, other.tokens_input);
        self.tokens_output = add(self.tokens_output, other.tokens_output);
    }
}

/// The parent of each span.
pub(super) struct Forest {
    /// `None` for a span without a parent, with an unknown parent, or on a cycle.
    pub(super) parents: Vec<Option<usize>>,
}

impl Forest {
    pub(super) fn new(spans: &[SpanSummary<'_>]) -> Self {
        let known: HashMap<&str, usize> =
            spans.iter().enumerate().map(|(index, span)| (span.span_id.as_ref(), index)).collect();
        let parent = |span: &SpanSummary<'_>| known.get(span.parent_span_id.as_deref()?).copied();
        let mut forest = Self { parents: spans.iter().map(parent).collect() };
        forest.cut_cycles();
        forest
    }

    /// Removes the parents of all spans on a cycle. Spans below a cycle keep theirs.
    fn cut_cycles(&mut self) {
        // The walk that first visited each span. A walk that visits a span twice is on a cycle.
        let mut visited_by: Vec<Option<usize>> = vec![None; self.parents.len()];
        for walk in 0..self.parents.len() {
            let mut at = walk;
            while visited_by[at].is_none() {
                visited_by[at] = Some(walk);
                let Some(parent) = self.parents[at] else { break };
                at = parent;
            }
            if visited_by[at] == Some(walk) {
                // The walk ended at a span without a parent, where this does nothing, or on a cycle.
                let mut next = self.parents[at].take();
                while let Some(on) = next {
                    next = self.parents[on].take();
                }
            }
        }
    }

    /// Adds up from the leaves to the roots. Returns the total and, for each span, whether its tokens count.
    ///
    /// Agents, chains and calls often repeat the usage of the calls inside them, so the usage of an outer span does not
    /// count if it may include that of an inner one: see [`Kinds::include`].
    pub(super) fn total(&self, spans: &[SpanSummary<'_>]) -> (SpanTotal, Vec<bool>) {
        let mut below: Vec<Subtree> = vec![Subtree::default(); spans.len()];
        let mut children = vec![0_usize; spans.len()];
        self.parents.iter().flatten().for_each(|&parent| children[parent] += 1);
        let mut all = Subtree::default();
        let mut counted = vec![false; spans.len()];
        // A span is ready when all of its children are done.
        let mut ready: Vec<usize> = (0..spans.len()).filter(|&index| children[index] == 0).collect();
        while let Some(index) = ready.pop() {
            let tree;
            (tree, counted[index]) = below[index].with(&spans[index]);
            let Some(parent) = self.parents[index] else {
                all.add(&tree);
                continue;
            };
            below[parent].add(&tree);
            children[parent] -= 1;
            if children[parent] == 0 {
                ready.push(parent);
            }
        }
        (all.total, counted)
    }
}

/// The total usage of some spans and everything below them.
#[derive(Clone, Copy, Debug, Default)]
struct Subtree {
    total: SpanTotal,
    /// The kinds of the spans that have a cost, or tokens without a price.
    with_cost: Kinds,
    /// The kinds of the spans that have tokens.
    with_tokens: Kinds,
}

impl Subtree {
    fn add(&mut self, other: &Self) {
        self.total.add(&other.total);
        self.with_cost.0 |= other.with_cost.0;
        self.with_tokens.0 |= other.with_tokens.0;
    }

    /// Adds the span above this subtree. Returns the larger subtree and whether the span's own tokens count.
    fn with(mut self, span: &SpanSummary<'_>) -> (Self, bool) {
        let total = &mut self.total;
        let cost_counts = !self.with_cost.include(span.kind);
        if span.reported && total.unpriced > 0 {
            // The sender knows prices that are unknown here: its cost replaces that of everything inside.
            (total.cost, total.unpriced) = (span.cost, 0);
        } else if cost_counts {
            total.cost = add(total.cost, span.cost);
            total.unpriced += i64::from(span.no_price);
        }
        let tokens_count = !self.with_tokens.include(span.kind);
        if tokens_count {
            total.tokens_input = add(total.tokens_input, span.tokens_input);
            total.tokens_output = add(total.tokens_output, span.tokens_output);
        }
        // A span that does not count does not affect the spans above it.
        if cost_counts && (span.cost.is_some() || span.no_price) {
            self.with_cost.insert(span.kind);
        }
        if tokens_count && span.tokens() > 0 {
            self.with_tokens.insert(span.kind);
        }
        (self, tokens_count)
    }
}

/// A set of span kinds.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds(u16);

impl Kinds {
    fn insert(&mut self, kind: SpanKind) {
        self.0 |= 1 << kind as u16;
    }

    /// Returns whether a span of `kind` around spans of these kinds may include their usage. Chains and spans of unknown
    /// kind may include anything; all kinds may include model calls, the spans that make such calls, and their own kind.
    fn include(self, kind: SpanKind) -> bool {
        if matches!(kind, SpanKind::Chain | SpanKind::Unknown) {
            return self.0 != 0;
        }
        let mut repeated = Self::default();
        [SpanKind::Llm, SpanKind::Agent, SpanKind::Chain, SpanKind::Unknown, kind]
            .into_iter()
            .for_each(|kind| repeated.insert(kind));
        self.0 & repeated.0 != 0
    }
}

/// Adds optional numbers, up to the largest number.
#[must_use]
pub fn add(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

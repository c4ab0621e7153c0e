//! Putting a trace together of its spans: which of them stands for it, what it cost, whose it was. Knows no engine. The
//! answer depends on the spans alone, not on the order in which they came; it takes time in proportion to their number,
//! and never goes down a chain of them by recursion.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use shared::{Timestamp, limit::TRACE_TAGS, span::SpanKind, trace::TraceStatus};

use super::{
    payload::Place,
    record::{Assembly, Basis, LooseSpan, NewSpan, NewTrace},
};

/// The agent of a trace whose spans name neither an agent nor a service.
const UNKNOWN_AGENT: &str = "unknown";

/// What a trace is put together of: a span without what only its own page shows.
#[derive(Clone, Debug)]
pub(super) struct Fact<'a> {
    pub(super) span_id: Cow<'a, str>,
    pub(super) parent_span_id: Option<Cow<'a, str>>,
    pub(super) name: Cow<'a, str>,
    pub(super) kind: SpanKind,
    pub(super) timestamp: Timestamp,
    pub(super) latency: i64,
    pub(super) status: TraceStatus,
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) model_provider: Option<Cow<'a, str>>,
    pub(super) tokens_input: Option<i64>,
    pub(super) tokens_output: Option<i64>,
    pub(super) cost: Option<i64>,
    /// It has tokens, and no price for their model is known.
    pub(super) no_price: bool,
    pub(super) error: Reason<'a>,
    pub(super) payload: Place,
    pub(super) agent_id: Option<Cow<'a, str>>,
    pub(super) service: Option<Cow<'a, str>>,
    pub(super) session_id: Option<Cow<'a, str>>,
    pub(super) user_id: Option<Cow<'a, str>>,
    /// A JSON array.
    pub(super) tags: Option<Cow<'a, str>>,
}

/// Why a span failed. Such texts are long, and of a trace's spans one's is wanted at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason<'a> {
    /// It says nothing.
    None,
    /// For this.
    Known(&'a str),
    /// To be read from the store.
    Stored,
}

impl<'a> Fact<'a> {
    /// What a span says that is on its way into the store.
    pub(super) fn new(loose: &'a LooseSpan, payload: Place) -> Self {
        Self {
            payload,
            agent_id: borrowed(loose.agent_id.as_ref()),
            service: borrowed(loose.service.as_ref()),
            session_id: borrowed(loose.session_id.as_ref()),
            user_id: borrowed(loose.user_id.as_ref()),
            tags: borrowed(loose.tags.as_ref()),
            ..Self::of_span(&loose.span)
        }
    }

    /// The same of a span that says nothing of its trace.
    fn of_span(span: &'a NewSpan) -> Self {
        Self {
            span_id: Cow::Borrowed(&span.span_id),
            parent_span_id: borrowed(span.parent_span_id.as_ref()),
            name: Cow::Borrowed(&span.name),
            kind: span.kind,
            timestamp: span.timestamp,
            latency: span.latency,
            status: span.status,
            model: borrowed(span.model.as_ref()),
            model_provider: borrowed(span.model_provider.as_ref()),
            tokens_input: span.tokens_input,
            tokens_output: span.tokens_output,
            cost: span.cost,
            no_price: span.basis == Basis::NoPrice,
            error: span.error.as_deref().map_or(Reason::None, Reason::Known),
            payload: Place { frame: 0, line: 0 },
            agent_id: None,
            service: None,
            session_id: None,
            user_id: None,
            tags: None,
        }
    }

    fn tokens(&self) -> i64 {
        self.tokens_input.unwrap_or(0).saturating_add(self.tokens_output.unwrap_or(0))
    }

    /// What orders the spans of a trace: by their start, those of one moment by their ids.
    fn place_in_time(&self) -> (Timestamp, &str) {
        (self.timestamp, &self.span_id)
    }
}

fn borrowed(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

/// A trace that was put together.
pub(super) struct Assembled {
    /// Which of the spans stands for it.
    pub(super) root: usize,
    /// The trace without its ids and its error, which is the root's.
    pub(super) trace: NewTrace,
}

/// Puts a trace together of all its spans. Nothing where its outermost span has not come, unless another is to stand in
/// for it.
pub(super) fn assemble(facts: &[Fact<'_>], stand_in: bool) -> Option<Assembled> {
    let forest = Forest::new(facts);
    let earliest = |indices: &mut dyn Iterator<Item = usize>| -> Option<usize> {
        indices.min_by_key(|&index| facts[index].place_in_time())
    };
    let outermost = earliest(&mut (0..facts.len()).filter(|&index| facts[index].parent_span_id.is_none()));
    let assembly = if outermost.is_some() { Assembly::Complete } else { Assembly::Incomplete };
    let orphan = || earliest(&mut (0..facts.len()).filter(|&index| forest.parents[index].is_none()));
    let root = outermost.or_else(|| stand_in.then(orphan).flatten())?;
    let used = forest.usage(facts);
    let outer = &facts[root];
    let model = main_model(facts, outer, &used);
    let first =
        |of: fn(&Fact<'_>) -> bool| earliest(&mut (0..facts.len()).filter(|&index| of(&facts[index])));
    let text = |index: Option<usize>, of: for<'f> fn(&'f Fact<'_>) -> Option<&'f str>| -> Option<String> {
        of(outer).or_else(|| of(&facts[index?])).map(str::to_owned)
    };
    let agent = |fact: &Fact<'_>| fact.agent_id.is_some();
    let agent_id = text(first(agent), |fact| fact.agent_id.as_deref())
        .or_else(|| text(first(|fact| fact.service.is_some()), |fact| fact.service.as_deref()));
    let session = first(|fact| fact.session_id.is_some());
    let user = first(|fact| fact.user_id.is_some());
    let trace = NewTrace {
        agent_id: agent_id.unwrap_or_else(|| UNKNOWN_AGENT.to_owned()),
        timestamp: outer.timestamp,
        latency: outer.latency,
        status: outer.status,
        model: model.and_then(|fact| fact.model.as_deref()).map(str::to_owned),
        model_provider: model.and_then(|fact| fact.model_provider.as_deref()).map(str::to_owned),
        tokens_input: used.tokens_input,
        tokens_output: used.tokens_output,
        tokens_total: add(used.tokens_input, used.tokens_output),
        cost: used.cost,
        unpriced: used.unpriced,
        session_id: text(session, |fact| fact.session_id.as_deref()),
        user_id: text(user, |fact| fact.user_id.as_deref()),
        tags: tags(facts),
        name: Some(outer.name.clone().into_owned()),
        assembly,
        ..NewTrace::default()
    };
    Some(Assembled { root, trace })
}

/// What the spans of a trace used, each once: what a span says of itself counts only where nothing below it says the same,
/// since it is the sum of that then.
pub(super) struct Usage {
    pub(super) cost: Option<i64>,
    unpriced: i64,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    /// For each span whether its tokens count.
    counted: Vec<bool>,
}

/// Adds up what spans used.
pub(super) fn usage(facts: &[Fact<'_>]) -> Usage {
    Forest::new(facts).usage(facts)
}

/// What the spans of a trace that was sent whole used together, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanUsage {
    /// Nano-dollars; absent where no span has a cost.
    pub cost: Option<i64>,
    /// Calls without a price.
    pub unpriced: i64,
    /// Tokens that went in; absent where no span says.
    pub tokens_input: Option<i64>,
    /// Tokens that came out; absent where no span says.
    pub tokens_output: Option<i64>,
}

impl SpanUsage {
    /// Adds up spans by the rules by which traces are put together.
    #[must_use]
    pub fn of(spans: &[NewSpan]) -> Self {
        let facts: Vec<_> = spans.iter().map(Fact::of_span).collect();
        let Usage { cost, unpriced, tokens_input, tokens_output, .. } = usage(&facts);
        Self { cost, unpriced, tokens_input, tokens_output }
    }
}

/// Which span lies in which.
struct Forest {
    /// None for one without a parent, one whose parent has not come, and one that lies, by way of others, in itself.
    parents: Vec<Option<usize>>,
}

impl Forest {
    fn new(facts: &[Fact<'_>]) -> Self {
        let known: HashMap<&str, usize> =
            facts.iter().enumerate().map(|(index, fact)| (fact.span_id.as_ref(), index)).collect();
        let parent = |fact: &Fact<'_>| known.get(fact.parent_span_id.as_deref()?).copied();
        let mut forest = Self { parents: facts.iter().map(parent).collect() };
        forest.cut_cycles();
        forest
    }

    /// Makes orphans of all spans on a cycle; what hangs on one stays where it is.
    fn cut_cycles(&mut self) {
        // The walk in which a span was first met: a walk that meets one of its own has gone round.
        let mut met: Vec<Option<usize>> = vec![None; self.parents.len()];
        for start in 0..self.parents.len() {
            let mut at = start;
            while met[at].is_none() {
                met[at] = Some(start);
                let Some(parent) = self.parents[at] else { break };
                at = parent;
            }
            if met[at] == Some(start) {
                // Either it ended at an outermost span, which has no parent to be cut off from, or it has gone round.
                let mut next = self.parents[at].take();
                while let Some(on) = next {
                    next = self.parents[on].take();
                }
            }
        }
    }

    fn usage(&self, facts: &[Fact<'_>]) -> Usage {
        let has_cost = |fact: &Fact<'_>| fact.cost.is_some() || fact.no_price;
        let (mut cost_below, mut tokens_below) = (vec![false; facts.len()], vec![false; facts.len()]);
        let mut children = vec![0_usize; facts.len()];
        self.parents.iter().flatten().for_each(|&parent| children[parent] += 1);
        // From the innermost outwards: a span's turn comes when all in it had theirs.
        let mut ready: Vec<usize> = (0..facts.len()).filter(|&index| children[index] == 0).collect();
        while let Some(index) = ready.pop() {
            let Some(parent) = self.parents[index] else { continue };
            cost_below[parent] |= cost_below[index] || has_cost(&facts[index]);
            tokens_below[parent] |= tokens_below[index] || facts[index].tokens() > 0;
            children[parent] -= 1;
            if children[parent] == 0 {
                ready.push(parent);
            }
        }
        let mut usage =
            Usage { cost: None, unpriced: 0, tokens_input: None, tokens_output: None, counted: Vec::new() };
        for (fact, below) in facts.iter().zip(cost_below) {
            if !below {
                usage.cost = add(usage.cost, fact.cost);
                usage.unpriced += i64::from(fact.no_price);
            }
        }
        for (fact, below) in facts.iter().zip(tokens_below) {
            if !below {
                usage.tokens_input = add(usage.tokens_input, fact.tokens_input);
                usage.tokens_output = add(usage.tokens_output, fact.tokens_output);
            }
            usage.counted.push(!below);
        }
        usage
    }
}

/// The sum of what is there; it stops at the largest number.
fn add(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

/// The span whose model is the trace's.
fn main_model<'f, 'a>(facts: &'f [Fact<'a>], root: &'f Fact<'a>, used: &Usage) -> Option<&'f Fact<'a>> {
    if root.model.is_some() {
        return Some(root);
    }
    let kind = |fact: &Fact<'_>| match fact.kind {
        SpanKind::Llm => 2,
        SpanKind::Embedding | SpanKind::Reranker => 0,
        _ => 1,
    };
    let counted = facts.iter().zip(&used.counted).filter(|(fact, counted)| **counted && fact.model.is_some());
    counted
        .map(|(fact, _)| fact)
        .max_by_key(|fact| (kind(fact), fact.tokens(), Reverse(fact.place_in_time())))
}

/// The tags of all spans, each once, in the order of time.
fn tags(facts: &[Fact<'_>]) -> Option<String> {
    let mut tagged: Vec<(&Fact<'_>, &str)> =
        facts.iter().filter_map(|fact| Some((fact, fact.tags.as_deref()?))).collect();
    tagged.sort_unstable_by_key(|&(fact, _)| fact.place_in_time());
    let (mut seen, mut all, mut last) = (HashSet::new(), Vec::new(), "");
    for (_, text) in tagged {
        // An instrumentation puts the same on all spans of a run.
        if text == last {
            continue;
        }
        last = text;
        for tag in serde_json::from_str::<Vec<String>>(text).unwrap_or_default() {
            if all.len() < TRACE_TAGS && seen.insert(tag.clone()) {
                all.push(tag);
            }
        }
    }
    if all.is_empty() { None } else { serde_json::to_string(&all).ok() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fact(span_id: impl Into<String>, parent: Option<String>) -> Fact<'static> {
        Fact {
            span_id: Cow::Owned(span_id.into()),
            parent_span_id: parent.map(Cow::Owned),
            name: Cow::Borrowed("step"),
            kind: SpanKind::Unknown,
            timestamp: Timestamp::EPOCH,
            latency: 1,
            status: TraceStatus::Success,
            model: None,
            model_provider: None,
            tokens_input: None,
            tokens_output: None,
            cost: None,
            no_price: false,
            error: Reason::None,
            payload: Place { frame: 0, line: 0 },
            agent_id: None,
            service: None,
            session_id: None,
            user_id: None,
            tags: None,
        }
    }

    /// Spans whose parents are any of them, themselves, or nobody that is there.
    fn facts() -> impl Strategy<Value = Vec<Fact<'static>>> {
        let one =
            (any::<prop::sample::Index>(), 0_u8..8, 0_i64..4, prop::option::of(0_i64..100), any::<bool>());
        prop::collection::vec(one, 1..40).prop_map(|drawn| {
            let count = drawn.len();
            let span = |(number, (parent, odd, start, cost, no_price)): (usize, _)| {
                let parent: prop::sample::Index = parent;
                let parent = match odd {
                    0 => None,
                    1 => Some("elsewhere".to_owned()),
                    _ => Some(format!("{:02}", parent.index(count))),
                };
                Fact {
                    timestamp: Timestamp::from_micros(start),
                    cost,
                    no_price: no_price && cost.is_none(),
                    tokens_input: cost,
                    ..fact(format!("{number:02}"), parent)
                }
            };
            drawn.into_iter().enumerate().map(span).collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_the_spans_makes_no_difference(facts in facts(), turn in any::<prop::sample::Index>(), stand_in: bool) {
            let mut other = facts.clone();
            other.rotate_left(turn.index(facts.len()));
            other.reverse();
            let of = |facts: &[Fact<'static>]| {
                assemble(facts, stand_in).map(|found| (facts[found.root].span_id.clone(), found.trace))
            };
            prop_assert_eq!(of(&facts), of(&other));
        }

        #[test]
        fn whatever_stands_for_the_trace_some_span_does_and_no_cost_counts_twice(facts in facts()) {
            let assembled = assemble(&facts, true).unwrap();
            let all = facts.iter().filter_map(|fact| fact.cost).sum::<i64>();
            prop_assert!(assembled.trace.cost.unwrap_or(0) <= all);
            // What is said somewhere is not lost altogether: the innermost that says it counts.
            let said = facts.iter().any(|fact| fact.cost.is_some() || fact.no_price);
            prop_assert_eq!(said, assembled.trace.cost.is_some() || assembled.trace.unpriced > 0);
            let outermost = facts.iter().any(|fact| fact.parent_span_id.is_none());
            prop_assert_eq!(assemble(&facts, false).is_some(), outermost);
            prop_assert_eq!(assembled.trace.assembly == Assembly::Complete, outermost);
        }
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_spans_is_no_deeper_than_one_of_two() {
        let mut chain: Vec<_> = (0..100_000_usize)
            .map(|n| Fact { cost: Some(1), ..fact(n.to_string(), n.checked_sub(1).map(|n| n.to_string())) })
            .collect();
        assert_eq!(assemble(&chain, false).unwrap().trace.cost, Some(1));
        // The outermost lies in the innermost: a circle of all.
        chain[0].parent_span_id = Some("99999".into());
        assert!(assemble(&chain, false).is_none());
        let assembled = assemble(&chain, true).unwrap();
        assert_eq!((assembled.root, assembled.trace.cost), (0, Some(100_000)), "each is an orphan");
    }

    #[test]
    fn what_hangs_on_a_circle_stays_in_it() {
        let cost = |cost, fact| Fact { cost: Some(cost), ..fact };
        let spans = [
            cost(5, fact("a", Some("b".to_owned()))),
            cost(7, fact("b", Some("a".to_owned()))),
            cost(1, fact("leaf", Some("b".to_owned()))),
            cost(9, fact("itself", Some("itself".to_owned()))),
        ];
        assert_eq!(assemble(&spans, true).unwrap().trace.cost, Some(5 + 1 + 9));
    }

    #[test]
    fn sums_stop_at_the_largest_number() {
        let span = |id: &str| Fact {
            cost: Some(i64::MAX),
            tokens_input: Some(i64::MAX),
            tokens_output: Some(1),
            ..fact(id, None)
        };
        let trace = assemble(&[span("a"), span("b")], false).unwrap().trace;
        assert_eq!(
            (trace.cost, trace.tokens_total, trace.tokens_output),
            (Some(i64::MAX), Some(i64::MAX), Some(2))
        );
    }

    #[test]
    fn the_agent_is_who_says_so_before_what_service_it_is() {
        let mut spans =
            [fact("root", None), fact("a", Some("root".to_owned())), fact("b", Some("root".to_owned()))];
        let agent = |spans: &[Fact<'static>]| assemble(spans, false).unwrap().trace.agent_id;
        assert_eq!(agent(&spans), "unknown");
        spans[2].service = Some("other service".into());
        assert_eq!(agent(&spans), "other service");
        spans[0].service = Some("service".into());
        assert_eq!(agent(&spans), "service");
        spans[2].agent_id = Some("b's agent".into());
        assert_eq!(agent(&spans), "b's agent");
        spans[1].agent_id = Some("a's agent".into());
        assert_eq!(agent(&spans), "a's agent", "the earlier, and of one moment the smaller id");
        spans[0].agent_id = Some("agent".into());
        assert_eq!(agent(&spans), "agent");
    }

    #[test]
    fn the_model_is_the_outermost_spans_or_that_of_the_largest_call() {
        let call = |id: &str, kind, model: &'static str, tokens| Fact {
            kind,
            model: Some(model.into()),
            model_provider: Some("openai".into()),
            tokens_output: Some(tokens),
            ..fact(id, Some("root".to_owned()))
        };
        let mut spans = [
            fact("root", None),
            call("a", SpanKind::Embedding, "embedder", 900),
            call("b", SpanKind::Llm, "small", 5),
            call("c", SpanKind::Llm, "large", 6),
            call("d", SpanKind::Llm, "later", 6),
        ];
        let model = |spans: &[Fact<'static>]| assemble(spans, false).unwrap().trace.model.unwrap();
        assert_eq!(model(&spans), "large");
        spans[0].model = Some("own".into());
        assert_eq!(model(&spans), "own");
    }
}

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
    record::{Assembly, Basis, LooseSpan, NewTrace},
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
        fn borrowed(text: Option<&String>) -> Option<Cow<'_, str>> {
            text.map(|text| Cow::Borrowed(text.as_str()))
        }
        let span = &loose.span;
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
            payload,
            agent_id: borrowed(loose.agent_id.as_ref()),
            service: borrowed(loose.service.as_ref()),
            session_id: borrowed(loose.session_id.as_ref()),
            user_id: borrowed(loose.user_id.as_ref()),
            tags: borrowed(loose.tags.as_ref()),
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

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
    place::Place,
    record::{Assembly, Basis, LooseSpan, NewSpan, NewTrace},
};

/// The agent of a trace whose spans name neither an agent nor a service.
const UNKNOWN_AGENT: &str = "unknown";

/// What a trace is put together of: a span without what only its own page shows.
#[derive(Clone, Debug)]
pub struct Fact<'a> {
    pub span_id: Cow<'a, str>,
    pub parent_span_id: Option<Cow<'a, str>>,
    pub name: Cow<'a, str>,
    pub kind: SpanKind,
    pub timestamp: Timestamp,
    pub latency: i64,
    pub status: TraceStatus,
    pub model: Option<Cow<'a, str>>,
    pub model_provider: Option<Cow<'a, str>>,
    pub tokens_input: Option<i64>,
    pub tokens_output: Option<i64>,
    pub cost: Option<i64>,
    /// The sender said what it cost; for a span with spans below it, of all of them.
    pub reported: bool,
    /// It has tokens, and no price for their model is known.
    pub no_price: bool,
    pub error: Reason<'a>,
    pub payload: Place,
    pub agent_id: Option<Cow<'a, str>>,
    pub service: Option<Cow<'a, str>>,
    pub session_id: Option<Cow<'a, str>>,
    pub user_id: Option<Cow<'a, str>>,
    /// A JSON array.
    pub tags: Option<Cow<'a, str>>,
}

/// Why a span failed. Such texts are long, and of a trace's spans one's is wanted at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason<'a> {
    /// It says nothing.
    None,
    /// For this.
    Known(&'a str),
    /// To be read from the store.
    Stored,
}

impl<'a> Fact<'a> {
    /// What a span says that is on its way into the store.
    pub fn new(loose: &'a LooseSpan, payload: Place) -> Self {
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
            reported: is_reported(span.cost, &span.basis),
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

    /// Whether it came by itself: each that did says something of its trace, if only that it has no tags.
    pub fn came_alone(&self) -> bool {
        [&self.agent_id, &self.service, &self.session_id, &self.user_id, &self.tags]
            .iter()
            .any(|text| text.is_some())
    }

    /// What orders the spans of a trace: by their start, those of one moment by their ids.
    fn place_in_time(&self) -> (Timestamp, &str) {
        (self.timestamp, &self.span_id)
    }
}

/// Whether a cost is the sender's. One of which nobody knows where it comes from is: older versions kept no other.
pub fn is_reported(cost: Option<i64>, basis: &Basis) -> bool {
    cost.is_some() && matches!(basis, Basis::Reported | Basis::Unknown)
}

fn borrowed(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

/// A trace that was put together.
pub struct Assembled {
    /// Which of the spans stands for it.
    pub root: usize,
    /// The trace without its ids and its error, which is the root's.
    pub trace: NewTrace,
}

/// Puts a trace together of all its spans. Nothing where its outermost span has not come, unless another is to stand in
/// for it.
pub fn assemble(facts: &[Fact<'_>], stand_in: bool) -> Option<Assembled> {
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

/// What the spans of a trace used, each once.
pub struct Usage {
    pub cost: Option<i64>,
    pub unpriced: i64,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    /// For each span whether its tokens count.
    counted: Vec<bool>,
}

/// Adds up what spans used.
pub fn usage(facts: &[Fact<'_>]) -> Usage {
    Forest::new(facts).usage(facts)
}

/// What the spans of a trace that was sent whole used together, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanTotal {
    /// Nano-dollars; absent where no span has a cost.
    pub cost: Option<i64>,
    /// Calls without a price.
    pub unpriced: i64,
    /// Tokens that went in; absent where no span says.
    pub tokens_input: Option<i64>,
    /// Tokens that came out; absent where no span says.
    pub tokens_output: Option<i64>,
}

impl SpanTotal {
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

    /// Adds up from the innermost spans outwards. What a call of a model says is in what the agents, chains and calls around
    /// it say, if they say anything: they step back behind it. What else lies in them they do not speak for: it is added.
    fn usage(&self, facts: &[Fact<'_>]) -> Usage {
        let mut below: Vec<Below> = vec![Below::default(); facts.len()];
        let mut children = vec![0_usize; facts.len()];
        self.parents.iter().flatten().for_each(|&parent| children[parent] += 1);
        let mut all = Below::default();
        let mut counted = vec![false; facts.len()];
        // A span's turn comes when all in it had theirs.
        let mut ready: Vec<usize> = (0..facts.len()).filter(|&index| children[index] == 0).collect();
        while let Some(index) = ready.pop() {
            let tree;
            (tree, counted[index]) = below[index].with(&facts[index]);
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
        let Below { cost, unpriced, tokens_input, tokens_output, .. } = all;
        Usage { cost, unpriced, tokens_input, tokens_output, counted }
    }
}

/// What some spans, with all that lies in them, come to.
#[derive(Clone, Copy, Debug, Default)]
struct Below {
    cost: Option<i64>,
    unpriced: i64,
    tokens_input: Option<i64>,
    tokens_output: Option<i64>,
    /// The kinds of those that have a cost, or no price for what they used.
    with_cost: Kinds,
    /// The kinds of those that have tokens.
    with_tokens: Kinds,
}

impl Below {
    fn add(&mut self, other: &Self) {
        self.cost = add(self.cost, other.cost);
        self.unpriced += other.unpriced;
        self.tokens_input = add(self.tokens_input, other.tokens_input);
        self.tokens_output = add(self.tokens_output, other.tokens_output);
        self.with_cost.0 |= other.with_cost.0;
        self.with_tokens.0 |= other.with_tokens.0;
    }

    /// What a span comes to in which these lie, and whether its own tokens count.
    fn with(mut self, span: &Fact<'_>) -> (Self, bool) {
        let speaks = !self.with_cost.step_before(span.kind);
        if span.reported && self.unpriced > 0 {
            // The sender knows what nobody here does: its word stands for everything inside.
            (self.cost, self.unpriced) = (span.cost, 0);
        } else if speaks {
            self.cost = add(self.cost, span.cost);
            self.unpriced += i64::from(span.no_price);
        }
        let counts = !self.with_tokens.step_before(span.kind);
        if counts {
            self.tokens_input = add(self.tokens_input, span.tokens_input);
            self.tokens_output = add(self.tokens_output, span.tokens_output);
        }
        // Of what steps back only what it steps back before matters further out.
        if speaks && (span.cost.is_some() || span.no_price) {
            self.with_cost.insert(span.kind);
        }
        if counts && span.tokens() > 0 {
            self.with_tokens.insert(span.kind);
        }
        (self, counts)
    }
}

/// A set of kinds of spans.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds(u16);

impl Kinds {
    fn insert(&mut self, kind: SpanKind) {
        self.0 |= 1 << kind as u16;
    }

    /// Whether a span of this kind around them says what they say already: around calls of models, and what makes such
    /// calls, any does; around others one of the same kind, and one that only groups them.
    fn step_before(self, kind: SpanKind) -> bool {
        if matches!(kind, SpanKind::Chain | SpanKind::Unknown) {
            return self.0 != 0;
        }
        let mut same = Self::default();
        [SpanKind::Llm, SpanKind::Agent, SpanKind::Chain, SpanKind::Unknown, kind]
            .into_iter()
            .for_each(|kind| same.insert(kind));
        self.0 & same.0 != 0
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
    let all: Vec<String> = first_tags(facts).into_iter().flat_map(|(_, tags)| tags).collect();
    if all.is_empty() { None } else { serde_json::to_string(&all).ok() }
}

/// The tags that a trace of these spans has, each with the first span that has it.
fn first_tags(facts: &[Fact<'_>]) -> Vec<(usize, Vec<String>)> {
    let mut tagged: Vec<(usize, &str)> =
        facts.iter().enumerate().filter_map(|(index, fact)| Some((index, fact.tags.as_deref()?))).collect();
    tagged.sort_unstable_by_key(|&(index, _)| facts[index].place_in_time());
    let (mut seen, mut all, mut last) = (HashSet::new(), Vec::new(), "");
    for (index, text) in tagged {
        if seen.len() >= TRACE_TAGS {
            break;
        }
        // An instrumentation puts the same on all spans of a run.
        if text == last {
            continue;
        }
        last = text;
        let mut new = serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
        new.retain(|tag| seen.len() < TRACE_TAGS && seen.insert(tag.clone()));
        if !new.is_empty() {
            all.push((index, new));
        }
    }
    all
}

/// Makes spans forget the tags that their trace does not have of them, whatever spans there are beside these: it may be
/// more than memory should hold. Each still says that it came by itself.
pub fn forget_tags(facts: &mut [Fact<'_>]) {
    let first = first_tags(facts);
    let none = "[]";
    facts.iter_mut().filter_map(|fact| fact.tags.as_mut()).for_each(|tags| *tags = Cow::Borrowed(none));
    for (index, tags) in first {
        facts[index].tags = serde_json::to_string(&tags).ok().map(Cow::Owned);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
#[path = "assembly_tests.rs"]
mod tests;

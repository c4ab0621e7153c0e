//! Pricing anew what is stored: what traces and their spans used, and what follows when a cost becomes another.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::trace::usage::{Recost, SpanUsage, TraceUsage};
use domain::trace::{
    assembly::{Fact, Usage, assemble, is_reported, usage},
    cursor::Cursor,
    record::{Assembly, Basis},
};
use shared::{Timestamp, time_range::Window};
use uuid::Uuid;

use super::{
    StoreError, TraceStore,
    gather::{Changes, FactPages, fitting},
    row::{self, Columns},
    stored::{Known, Numbered, Record, TraceName},
    writing::Writing,
};

impl TraceStore {
    /// What the traces that started in a window used, in the order of their starts, after this place: `limit` of them at
    /// most, fewer where they have many spans, none only where there are no more.
    ///
    /// # Errors
    /// Where the engine fails.
    pub async fn usages(
        &self,
        workspace_id: Uuid,
        window: Window,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<TraceUsage>, StoreError> {
        let page = UsagePage { workspace_id, window, after, limit: i64::try_from(limit).unwrap_or(i64::MAX) };
        match self {
            Self::Sqlite(store) => store.usages(page).await,
            Self::Postgres(store) => store.usages(page).await,
        }
    }

    /// Makes costs others, in one transaction, and answers how many traces that changed. The traces and all figures follow:
    /// one that was put together of spans is added up anew; one that was sent whole has the cost that is said of it here,
    /// or, where it had none of its own but its spans' together, has that again. What is not there is passed over.
    ///
    /// # Errors
    /// Where the transaction did not commit.
    pub async fn recost(&self, workspace_id: Uuid, recosts: &[Recost]) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(store) => store.recost(workspace_id, recosts).await,
            Self::Postgres(store) => store.recost(workspace_id, recosts).await,
        }
    }
}

/// Which traces' usage is read.
#[derive(Clone, Copy)]
pub(super) struct UsagePage {
    pub(super) workspace_id: Uuid,
    pub(super) window: Window,
    pub(super) after: Option<Cursor>,
    pub(super) limit: i64,
}

impl UsagePage {
    /// The first moment that is read.
    pub(super) fn start(&self) -> Timestamp {
        self.after.map_or(self.window.start, |after| after.timestamp.max(self.window.start))
    }

    /// After which trace; before all of them where there is none.
    pub(super) fn cursor(&self) -> Cursor {
        self.after.unwrap_or(Cursor { timestamp: Timestamp::from_micros(i64::MIN), id: i64::MIN })
    }
}

/// The columns of [`span_usage`].
macro_rules! usage_columns {
    () => {
        "trace, span_id, timestamp, model, model_provider, tokens_input, tokens_output, tokens_cache_read, \
         tokens_cache_write, tokens_reasoning, cost, CAST(cost_basis AS BIGINT), price, \
         CAST(CASE WHEN agent_id IS NULL AND service IS NULL AND session_id IS NULL AND user_id IS NULL AND tags IS NULL \
         THEN 0 ELSE 1 END AS BIGINT)"
    };
}
pub(super) use usage_columns;

/// Reads a row of [`usage_columns`]: the number of the trace, and what its span used.
pub(super) fn span_usage(row: &impl Columns) -> Result<(i64, SpanUsage), StoreError> {
    let usage = SpanUsage {
        span_id: row.text(1)?.to_owned(),
        timestamp: row.moment(2)?,
        model: row.text_or_null(3)?,
        model_provider: row.text_or_null(4)?,
        tokens_input: row.integer_or_null(5)?,
        tokens_output: row.integer_or_null(6)?,
        tokens_cache_read: row.integer_or_null(7)?,
        tokens_cache_write: row.integer_or_null(8)?,
        tokens_reasoning: row.integer_or_null(9)?,
        cost: row.integer_or_null(10)?,
        basis: row::basis(row, 11)?,
        came_alone: row.integer(13)? != 0,
    };
    Ok((row.integer(0)?, usage))
}

/// Leaves out what would make a page too large: all after the traces that have [`FACTS_AT_ONCE`] spans, but never the first.
pub(super) fn within_bound(records: &mut Vec<Record>, spans: &HashMap<i64, usize>) {
    let sizes = records.iter().map(|record| spans.get(&record.id).copied().unwrap_or(0));
    let fits = fitting(sizes);
    records.truncate(fits);
}

/// Puts traces and what their spans used together.
pub(super) fn with_spans(records: Vec<Record>, spans: Vec<(i64, SpanUsage)>) -> Vec<TraceUsage> {
    let mut by_trace: HashMap<i64, Vec<SpanUsage>> = HashMap::with_capacity(records.len());
    for (id, span) in spans {
        by_trace.entry(id).or_default().push(span);
    }
    let whole = |Record { id, trace, .. }: Record| TraceUsage {
        trace_id: trace.trace_id,
        cursor: Cursor { timestamp: trace.timestamp, id },
        assembly: trace.assembly,
        model: trace.model,
        model_provider: trace.model_provider,
        tokens_input: trace.tokens_input,
        tokens_output: trace.tokens_output,
        cost: trace.cost,
        basis: trace.basis,
        spans: by_trace.remove(&id).unwrap_or_default(),
    };
    records.into_iter().map(whole).collect()
}

/// A span's cost that becomes another.
pub(super) struct SpanCost<'a> {
    /// The number of its trace.
    pub(super) trace: i64,
    pub(super) span_id: &'a str,
    pub(super) cost: Option<i64>,
    pub(super) basis: &'a Basis,
}

/// Makes costs others, and answers how many traces that changed.
pub(super) async fn recost(
    writing: &mut impl Writing,
    workspace_id: Uuid,
    recosts: &[Recost],
) -> Result<usize, StoreError> {
    let mut by_trace: BTreeMap<&str, Vec<&Recost>> = BTreeMap::new();
    for recost in recosts {
        by_trace.entry(recost.trace_id.as_str()).or_default().push(recost);
    }
    let names: Vec<TraceName<'_>> = by_trace.keys().map(|&trace_id| (workspace_id, trace_id)).collect();
    let numbered = writing.numbered(&names).await?;
    let there = |numbered: &&Numbered| matches!(numbered.known, Known::Trace(_));
    let ids: Vec<i64> = numbered.iter().filter(there).map(|numbered| numbered.id).collect();
    let mut pages = FactPages::new(writing, &ids).await?;

    let mut costs = Vec::new();
    let mut changes = Changes::default();
    for (((&trace_id, recosts), numbered), &name) in by_trace.iter().zip(numbered).zip(&names) {
        let Known::Trace(record) = &numbered.known else { continue };
        debug_assert_eq!(record.trace.trace_id, trace_id);
        let mut facts = pages.take(writing, numbered.id).await?;
        let is_sent = record.trace.assembly == Assembly::Sent;
        let before = is_sent.then(|| usage_of_sent(&facts).cost).flatten();
        costs.extend(apply(&mut facts, recosts, numbered.id));
        if is_sent {
            let after = sent(record, before, &facts, recosts);
            changes.change((**record).clone(), after);
        } else if let Some(assembled) = assemble(&facts, true) {
            changes.take(writing, name, numbered, &facts, assembled).await?;
        }
    }
    let mut changed: HashSet<i64> = writing.recost_spans(&costs).await?;
    changed.extend(changes.changed());
    changes.write(writing).await?;
    Ok(changed.len())
}

/// Gives those spans that are there their new costs, and answers which these are.
fn apply<'a>(facts: &mut [Fact<'_>], recosts: &[&'a Recost], trace: i64) -> Vec<SpanCost<'a>> {
    let places: HashMap<String, usize> =
        facts.iter().enumerate().map(|(index, fact)| (fact.span_id.to_string(), index)).collect();
    let mut costs = Vec::new();
    let mut seen = BTreeSet::new();
    // Of several that name one span the last counts.
    for &recost in recosts.iter().rev() {
        let Some(span_id) = recost.span_id.as_deref() else { continue };
        let Some(&index) = places.get(span_id).filter(|_| seen.insert(span_id)) else { continue };
        facts[index].cost = recost.cost;
        facts[index].reported = is_reported(recost.cost, &recost.basis);
        facts[index].no_price = recost.basis == Basis::NoPrice;
        costs.push(SpanCost { trace, span_id, cost: recost.cost, basis: &recost.basis });
    }
    costs
}

/// What the spans that were sent with their trace used: those that came by themselves count nothing in it.
fn usage_of_sent(facts: &[Fact<'_>]) -> Usage {
    usage(&facts.iter().filter(|fact| !fact.came_alone()).cloned().collect::<Vec<_>>())
}

/// A trace that was sent whole, after its spans' costs became others. `before` is what they came to before.
fn sent(record: &Record, before: Option<i64>, facts: &[Fact<'_>], recosts: &[&Recost]) -> Record {
    let mut after = record.clone();
    let spans = usage_of_sent(facts);
    let own = recosts.iter().rev().find(|recost| recost.span_id.is_none());
    if let Some(own) = own {
        let together = own.basis == Basis::Unknown;
        after.trace.cost = if together { spans.cost } else { own.cost };
        after.trace.basis = own.basis.clone();
    } else if record.trace.basis == Basis::Unknown && record.trace.cost == before {
        after.trace.cost = spans.cost;
    }
    let itself = spans.unpriced == 0 && after.trace.basis == Basis::NoPrice;
    after.trace.unpriced = spans.unpriced + i64::from(itself);
    after
}

//! Gathering spans that come by themselves into traces: what is written, and which traces become what by it.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::{
    rollup::change::Recount,
    trace::{
        assembly::{Assembled, Fact, Reason, assemble},
        record::{Assembly, NewTrace},
    },
};
use shared::limit::{TRACE_INCOMING_ROOTS, TRACE_INCOMING_SPANS};

use super::{
    StoreError, Written,
    loose::{LooseBatch, LooseTrace},
    stored::{Known, Numbered, Record, SpanRow, TraceName, Waiting},
    writing::Writing,
};

/// Spans of which something is in memory at once, unless a single trace has more: a group may touch thousands of traces,
/// and each may have thousands of spans.
pub(super) const FACTS_AT_ONCE: usize = 50_000;

/// How many of these sizes, from the first on, together are no more than [`FACTS_AT_ONCE`]; one at least.
pub(super) fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut sum = 0;
    let fit = sizes.take_while(|size| {
        sum += size;
        sum <= FACTS_AT_ONCE
    });
    fit.count().max(1)
}

/// What the spans of many traces say, read some traces at a time. They are to be taken in the order in which they were named.
pub(super) struct FactPages {
    pages: VecDeque<Vec<i64>>,
    read: HashMap<i64, Vec<Fact<'static>>>,
}

impl FactPages {
    /// Of the traces with these numbers.
    pub(super) async fn new(writing: &mut impl Writing, ids: &[i64]) -> Result<Self, StoreError> {
        let mut pages = VecDeque::new();
        if ids.len() <= FACTS_AT_ONCE / TRACE_INCOMING_SPANS {
            // Few, however many spans each has: not worth counting.
            pages.extend((!ids.is_empty()).then(|| ids.to_vec()));
        } else {
            let sizes = writing.span_counts(ids).await?;
            let mut rest = ids;
            while !rest.is_empty() {
                let size = |id: &i64| sizes.get(id).copied().unwrap_or(0);
                let (page, more) = rest.split_at(fitting(rest.iter().map(size)));
                pages.push_back(page.to_vec());
                rest = more;
            }
        }
        Ok(Self { pages, read: HashMap::new() })
    }

    /// What the spans of a trace say; nothing of one that was not named.
    pub(super) async fn take(
        &mut self,
        writing: &mut impl Writing,
        id: i64,
    ) -> Result<Vec<Fact<'static>>, StoreError> {
        if self.pages.front().and_then(|page| page.first()) == Some(&id)
            && let Some(page) = self.pages.pop_front()
        {
            self.read = writing.facts(&page).await?;
        }
        Ok(self.read.remove(&id).unwrap_or_default())
    }
}

/// Writes the spans of a batch, and puts their traces together anew.
pub(super) async fn write(writing: &mut impl Writing, batch: &LooseBatch<'_>) -> Result<Written, StoreError> {
    let names: Vec<TraceName<'_>> = batch.traces().iter().map(|trace| trace.name).collect();
    let numbered = writing.numbered(&names).await?;
    let stored = |known: &Known| matches!(known, Known::Waiting | Known::Trace(_));
    let ids: Vec<i64> = numbered.iter().filter(|trace| stored(&trace.known)).map(|trace| trace.id).collect();
    let mut pages = FactPages::new(writing, &ids).await?;

    let (mut rows, mut written) = (Vec::new(), Written::default());
    let (mut waiting, mut changes) = (Vec::new(), Changes::default());
    for (trace, numbered) in batch.traces().iter().zip(numbered) {
        if matches!(numbered.known, Known::Dropped) {
            continue;
        }
        let mut facts: Vec<Fact<'_>> = pages.take(writing, numbered.id).await?;
        let before = rows.len();
        written.dropped += take_new(batch, trace, &numbered, &mut facts, &mut rows);
        let is_new = rows.len() > before;
        let assembled = match &numbered.known {
            known if known.is_sent() => continue,
            Known::Trace(_) if !is_new => continue,
            known => assemble(&facts, matches!(known, Known::Trace(_))),
        };
        match assembled {
            Some(assembled) => changes.take(writing, trace.name, numbered, &facts, assembled).await?,
            None => waiting.push(Waiting { id: numbered.id, name: trace.name, last_seen: trace.last_seen }),
        }
    }
    if written.dropped > 0 {
        tracing::warn!(
            spans = written.dropped,
            "spans of traces that have as many as one may have are not kept"
        );
    }
    written.new = rows.len();
    if !rows.is_empty() {
        writing.insert_spans(&rows, &batch.used_frames(&rows)).await?;
    }
    if !waiting.is_empty() {
        writing.wait(&waiting).await?;
    }
    changes.write(writing).await?;
    Ok(written)
}

/// Takes those spans of a trace that are not stored yet, as far as there is room, and answers for how many there is none.
/// There is room for spans without a parent where there is none for others: without its outermost span a trace is nothing.
fn take_new<'a>(
    batch: &LooseBatch<'a>,
    trace: &LooseTrace<'a>,
    numbered: &Numbered,
    facts: &mut Vec<Fact<'a>>,
    rows: &mut Vec<SpanRow<'a>>,
) -> usize {
    let mut room = TRACE_INCOMING_SPANS.saturating_sub(facts.len());
    let mut room_for_roots =
        (TRACE_INCOMING_SPANS + TRACE_INCOMING_ROOTS).saturating_sub(facts.len().max(TRACE_INCOMING_SPANS));
    let known: HashSet<&str> = facts.iter().map(|fact| fact.span_id.as_ref()).collect();
    let mut new: Vec<_> =
        batch.spans(trace).filter(|(loose, _)| !known.contains(loose.span.span_id.as_str())).collect();
    drop(known);
    let come = new.len();
    new.retain(|(loose, _)| {
        let of =
            if room == 0 && loose.span.parent_span_id.is_none() { &mut room_for_roots } else { &mut room };
        let fits = *of > 0;
        *of = of.saturating_sub(1);
        fits
    });
    let dropped = come - new.len();
    facts.extend(new.iter().map(|&(loose, payload)| Fact::new(loose, payload)));
    rows.extend(new.into_iter().map(|(loose, payload)| SpanRow {
        trace: numbered.id,
        span: &loose.span,
        loose: Some(loose),
        payload,
    }));
    dropped
}

/// Traces that are new, and traces that become something else.
#[derive(Default)]
pub(super) struct Changes<'a> {
    new: Vec<Record>,
    changed: Vec<(Record, Record)>,
    waited: Vec<TraceName<'a>>,
}

impl<'a> Changes<'a> {
    /// Takes in what was put together of all the spans of a trace.
    pub(super) async fn take(
        &mut self,
        writing: &mut impl Writing,
        name: TraceName<'a>,
        numbered: Numbered,
        facts: &[Fact<'_>],
        assembled: Assembled,
    ) -> Result<(), StoreError> {
        let before = match numbered.known {
            Known::Trace(before) => Some(*before),
            Known::Waiting => {
                self.waited.push(name);
                None
            }
            Known::New | Known::Dropped => None,
        };
        let root = &facts[assembled.root];
        let error = match (root.error, &before) {
            (Reason::None, _) => None,
            (Reason::Known(error), _) => Some(error.to_owned()),
            // The same span as before: no two stand in one place.
            (Reason::Stored, Some(before)) if before.payload == root.payload => before.trace.error.clone(),
            (Reason::Stored, _) => writing.error(numbered.id, &root.span_id).await?,
        };
        let after = Record {
            id: numbered.id,
            trace: NewTrace {
                workspace_id: name.0,
                trace_id: name.1.to_owned(),
                error,
                quality: before.as_ref().and_then(|before| before.trace.quality),
                ..assembled.trace
            },
            quality_sent: before.as_ref().and_then(|before| before.quality_sent),
            payload: root.payload,
        };
        match before {
            None => self.new.push(after),
            Some(before) => self.change(before, after),
        }
        Ok(())
    }

    /// Takes in a trace as it was and as it is to be.
    pub(super) fn change(&mut self, before: Record, after: Record) {
        if before.trace != after.trace || before.payload != after.payload {
            self.changed.push((before, after));
        }
    }

    /// The numbers of the traces that become something else.
    pub(super) fn changed(&self) -> impl Iterator<Item = i64> {
        self.changed.iter().map(|(before, _)| before.id)
    }

    /// Writes them, and brings the rollups to them.
    pub(super) async fn write(&self, writing: &mut impl Writing) -> Result<(), StoreError> {
        if !self.new.is_empty() {
            writing.insert(&self.new.iter().map(Record::row).collect::<Vec<_>>()).await?;
        }
        if !self.waited.is_empty() {
            writing.end_waiting(&self.waited).await?;
        }
        if !self.changed.is_empty() {
            writing.replace(&self.changed).await?;
        }
        let new: Vec<&NewTrace> = self.new.iter().map(|record| &record.trace).collect();
        let before: Vec<&NewTrace> = self.changed.iter().map(|(before, _)| &before.trace).collect();
        let changed = self.changed.iter().map(|(_, after)| &after.trace);
        let after: Vec<&NewTrace> = new.iter().copied().chain(changed).collect();
        if !after.is_empty() {
            writing.recount(Recount { before: &before, after: &after }).await?;
        }
        if !new.is_empty() {
            writing.score(&new).await?;
        }
        Ok(())
    }
}

/// Makes traces of the first of these, which wait, and answers of how many: all whose spans are in memory at once. The
/// earliest span that has no parent here stands for each.
pub(super) async fn promote(
    writing: &mut impl Writing,
    waiting: &[(i64, TraceName<'_>)],
) -> Result<usize, StoreError> {
    let ids: Vec<i64> = waiting.iter().map(|&(id, _)| id).collect();
    let sizes = writing.span_counts(&ids).await?;
    let waiting =
        &waiting[..fitting(ids.iter().map(|id| sizes.get(id).copied().unwrap_or(0))).min(ids.len())];
    let mut facts = writing.facts(&ids[..waiting.len()]).await?;
    let mut changes = Changes::default();
    for &(id, name) in waiting {
        let facts = facts.remove(&id).unwrap_or_default();
        match assemble(&facts, true) {
            Some(assembled) => {
                let numbered = Numbered { id, known: Known::Waiting };
                changes.take(writing, name, numbered, &facts, assembled).await?;
            }
            // Without spans there is nothing to wait for.
            None => changes.waited.push(name),
        }
    }
    debug_assert!(changes.new.iter().all(|record| record.trace.assembly == Assembly::Incomplete));
    changes.write(writing).await?;
    Ok(waiting.len())
}

//! The tags of an assembled trace: those of its spans, up to [`TRACE_TAGS`].

use std::{borrow::Cow, collections::HashSet};

use shared::limit::TRACE_TAGS;

use super::summary::SpanSummary;

/// Returns the tags of all spans without duplicates, sorted by the start of the spans, as a JSON array.
pub(super) fn tags(spans: &[SpanSummary<'_>]) -> Option<String> {
    let all: Vec<String> = first_tags(spans).into_iter().flat_map(|(_, tags)| tags).collect();
    if all.is_empty() { None } else { serde_json::to_string(&all).ok() }
}

/// Removes the tags that the trace of these spans does not use, even if the trace has other spans: all tags of many spans
/// may need too much memory. Incoming spans keep at least an empty array, which marks them as incoming.
pub fn remove_unused_tags(spans: &mut [SpanSummary<'_>]) {
    let first = first_tags(spans);
    spans.iter_mut().filter_map(|span| span.tags.as_mut()).for_each(|tags| *tags = Cow::Borrowed("[]"));
    for (index, tags) in first {
        spans[index].tags = serde_json::to_string(&tags).ok().map(Cow::Owned);
    }
}

/// Returns the tags that the trace of these spans uses, each with the index of the first span that has it.
fn first_tags(spans: &[SpanSummary<'_>]) -> Vec<(usize, Vec<String>)> {
    let mut tagged: Vec<(usize, &str)> =
        spans.iter().enumerate().filter_map(|(index, span)| Some((index, span.tags.as_deref()?))).collect();
    tagged.sort_unstable_by_key(|&(index, _)| spans[index].order());
    let (mut seen, mut all, mut last) = (HashSet::new(), Vec::new(), "");
    for (index, text) in tagged {
        if seen.len() >= TRACE_TAGS {
            break;
        }
        // Most instrumentations set the same tags on all spans of a trace.
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

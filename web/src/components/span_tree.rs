//! Spans as rows of a tree: who is whose part, in the order of their start. Pure.

use std::collections::{HashMap, HashSet};

use shared::{Timestamp, span::Span};

/// A span's place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its index among the trace's spans.
    pub index: usize,
    /// How many spans it is inside of.
    pub depth: usize,
    /// Whether others are inside of it.
    pub has_children: bool,
}

/// The rows from top to bottom; what is inside of a `collapsed` span is left out. A span whose parent is not in the
/// trace stands outermost, and so does one of a circle, so that every span has exactly one row.
pub fn rows(spans: &[Span], collapsed: &HashSet<usize>) -> Vec<Row> {
    let by_id: HashMap<&str, usize> =
        spans.iter().enumerate().rev().map(|(index, span)| (&*span.span_id, index)).collect();
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut outermost = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        match span.parent_span_id.as_deref().and_then(|parent| by_id.get(parent)) {
            Some(&parent) if parent != index => children.entry(parent).or_default().push(index),
            _ => outermost.push(index),
        }
    }
    // By index too, so that the order is one whatever the sort.
    let by_start = |&index: &usize| (spans.get(index).map(|span| span.timestamp), index);
    outermost.sort_unstable_by_key(by_start);
    for inside in children.values_mut() {
        inside.sort_unstable_by_key(by_start);
    }

    let (mut rows, mut seen) = (Vec::with_capacity(spans.len()), HashSet::new());
    let mut walk = |first: usize, hidden: bool, seen: &mut HashSet<usize>| {
        let mut stack = vec![(first, 0, hidden)];
        while let Some((index, depth, hidden)) = stack.pop() {
            if !seen.insert(index) {
                continue;
            }
            let inside = children.get(&index).map(Vec::as_slice).unwrap_or_default();
            if !hidden {
                rows.push(Row { index, depth, has_children: !inside.is_empty() });
            }
            let hide_inside = hidden || collapsed.contains(&index);
            stack.extend(inside.iter().rev().map(|child| (*child, depth + 1, hide_inside)));
        }
    };
    for first in outermost {
        walk(first, false, &mut seen);
    }
    // What no outermost span leads to goes in a circle.
    for index in 0..spans.len() {
        if !seen.contains(&index) {
            walk(index, false, &mut seen);
        }
    }
    rows
}

/// The trace's whole time: from the first start to the last end, its own included. Milliseconds.
pub fn extent(start: Timestamp, latency_ms: f64, spans: &[Span]) -> (Timestamp, f64) {
    let first = spans.iter().map(|span| span.timestamp).fold(start, Timestamp::min);
    let end = |at: Timestamp, latency: f64| millis_since(at, first) + latency.max(0.0);
    let last =
        spans.iter().map(|span| end(span.timestamp, span.latency_ms)).fold(end(start, latency_ms), f64::max);
    (first, last.max(f64::MIN_POSITIVE))
}

/// Milliseconds from `start` to `at`.
#[expect(clippy::cast_precision_loss, reason = "for bars")]
pub fn millis_since(at: Timestamp, start: Timestamp) -> f64 {
    at.since(start).as_micros() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn span(id: &str, parent: Option<&str>, start_ms: u64) -> Span {
        Span {
            span_id: id.to_owned(),
            parent_span_id: parent.map(ToOwned::to_owned),
            timestamp: Timestamp::EPOCH + Duration::from_millis(start_ms),
            latency_ms: 10.0,
            ..Span::default()
        }
    }

    fn shape(spans: &[Span], collapsed: &[usize]) -> Vec<(String, usize)> {
        let collapsed = collapsed.iter().copied().collect();
        rows(spans, &collapsed).iter().map(|row| (spans[row.index].span_id.clone(), row.depth)).collect()
    }

    fn expected(rows: &[(&str, usize)]) -> Vec<(String, usize)> {
        rows.iter().map(|(id, depth)| ((*id).to_owned(), *depth)).collect()
    }

    #[test]
    fn children_follow_their_parent_in_the_order_of_their_start() {
        let spans = [
            span("late", Some("root"), 5),
            span("root", None, 0),
            span("early", Some("root"), 1),
            span("leaf", Some("early"), 2),
        ];
        assert_eq!(shape(&spans, &[]), expected(&[("root", 0), ("early", 1), ("leaf", 2), ("late", 1)]));
    }

    #[test]
    fn a_collapsed_span_hides_all_that_is_inside() {
        let spans = [
            span("root", None, 0),
            span("inner", Some("root"), 1),
            span("leaf", Some("inner"), 2),
            span("other", None, 3),
        ];
        assert_eq!(shape(&spans, &[0]), expected(&[("root", 0), ("other", 0)]));
    }

    #[test]
    fn every_span_has_one_row_whatever_its_parents_say() {
        let spans = [
            span("orphan", Some("nobody"), 3),
            span("self", Some("self"), 2),
            span("a", Some("b"), 0),
            span("b", Some("a"), 1),
            span("twin", None, 4),
            span("twin", None, 5),
        ];
        let mut ids: Vec<_> = shape(&spans, &[]).into_iter().map(|row| row.0).collect();
        ids.sort();
        assert_eq!(ids, ["a", "b", "orphan", "self", "twin", "twin"]);
    }

    #[test]
    fn the_extent_holds_spans_that_begin_before_or_end_after_their_trace() {
        let spans = [span("before", None, 0), span("after", None, 95)];
        let start = Timestamp::EPOCH + Duration::from_millis(50);
        assert_eq!(extent(start, 50.0, &spans), (Timestamp::EPOCH, 105.0));
    }
}

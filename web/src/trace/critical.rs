//! The critical path of a trace: from the end backwards, always through the child that ended last.

use super::{Times, Tree};
use crate::sort::sort_indices;

/// The overlap, in microseconds, up to which two spans count as consecutive: timestamps are rounded.
const MAX_OVERLAP_MICROS: i64 = 1_000;

/// The chain of spans that determines when the trace ends.
#[derive(Debug, Default)]
pub struct CriticalPath {
    /// The window of each span on the path in which it or a descendant determines the end of the trace, in microseconds.
    pub window: Vec<Option<(i64, i64)>>,
    /// The parts of that window that belong to the span itself, not to a child.
    pub self_windows: Vec<Vec<(i64, i64)>>,
}

impl CriticalPath {
    /// Computes the critical path of a trace.
    pub fn new(tree: &Tree, times: &Times) -> Self {
        let mut path =
            Self { window: vec![None; times.spans.len()], self_windows: vec![Vec::new(); times.spans.len()] };
        // The trace acts as the parent of all root spans.
        let end = tree.roots.iter().map(|&index| times.spans[index].1).max().unwrap_or(0);
        let mut stack = Vec::new();
        path.step(None, (0, end), &tree.roots, times, &mut stack);
        while let Some((index, until)) = stack.pop() {
            let start = times.spans[index].0;
            path.window[index] = Some((start, until));
            path.step(Some(index), (start, until), &tree.children[index], times, &mut stack);
        }
        path
    }

    /// Returns the self time of a span on the path, in microseconds.
    pub fn self_time(&self, index: usize) -> i64 {
        self.self_windows.get(index).into_iter().flatten().map(|(from, to)| to - from).sum()
    }

    fn step(
        &mut self,
        index: Option<usize>,
        (start, until): (i64, i64),
        children: &[usize],
        times: &Times,
        stack: &mut Vec<(usize, i64)>,
    ) {
        let within = |child: usize| (times.spans[child].1.min(until), times.spans[child].0.max(start));
        let mut by_end = children.to_vec();
        by_end.retain(|&child| within(child).1 < within(child).0);
        sort_indices(&mut by_end, &|a, b| (within(a), a).cmp(&(within(b), b)));
        let mut reached = until;
        let mut self_windows = Vec::new();
        for child in by_end.into_iter().rev() {
            let (to, from) = within(child);
            let overlap = (to - reached).max(0);
            if overlap > MAX_OVERLAP_MICROS.min((to - from) / 2) || from >= reached {
                continue;
            }
            let to = to.min(reached);
            if to < reached {
                self_windows.push((to, reached));
            }
            stack.push((child, to));
            reached = from;
        }
        if start < reached {
            self_windows.push((start, reached));
        }
        self_windows.reverse();
        if let Some(windows) = index.and_then(|index| self.self_windows.get_mut(index)) {
            *windows = self_windows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Model,
        sample::{model, names, span},
    };

    fn path(model: &Model) -> Vec<String> {
        let on: Vec<usize> =
            model.tree.order.iter().copied().filter(|&index| model.path.window[index].is_some()).collect();
        names(model, &on)
    }

    #[test]
    fn follows_the_child_that_ended_last() {
        let model = model(vec![
            span("root", None, 0, 100),
            span("plan", Some("root"), 5, 30),
            span("fast", Some("root"), 30, 50),
            span("slow", Some("root"), 30, 90),
            span("call", Some("slow"), 40, 80),
            span("parallel call", Some("slow"), 40, 60),
        ]);
        assert_eq!(path(&model), ["root", "plan", "slow", "call"]);
        assert_eq!(model.path.self_windows[0], [(0, 5_000), (90_000, 100_000)]);
        assert_eq!(model.path.self_windows[3], [(30_000, 40_000), (80_000, 90_000)]);
        let total: i64 = (0..6).map(|index| model.path.self_time(index)).sum();
        assert_eq!(total, 100_000, "the path covers the trace without gaps and overlaps");
    }

    #[test]
    fn skips_a_span_that_overlaps_the_last_one() {
        let model = model(vec![
            span("root", None, 0, 100),
            span("background", Some("root"), 0, 80),
            span("last", Some("root"), 50, 100),
        ]);
        assert_eq!(path(&model), ["root", "last"]);
        assert_eq!(model.path.self_windows[0], [(0, 50_000)]);
    }

    #[test]
    fn clips_a_child_at_the_end_of_its_parent() {
        let model = model(vec![span("root", None, 0, 50), span("stream", Some("root"), 10, 90)]);
        assert_eq!(path(&model), ["root", "stream"]);
        assert_eq!(model.path.window[1], Some((10_000, 50_000)));
    }

    #[test]
    fn tolerates_rounded_timestamps() {
        let mut first = span("first", Some("root"), 0, 50);
        first.latency_ms = 50.4;
        let model = model(vec![span("root", None, 0, 100), first, span("second", Some("root"), 50, 100)]);
        assert_eq!(path(&model), ["root", "first", "second"]);
    }

    #[test]
    fn connects_several_root_spans() {
        let model = model(vec![span("a", None, 0, 40), span("b", None, 45, 80), span("c", None, 0, 20)]);
        assert_eq!(path(&model), ["a", "b"]);
    }
}

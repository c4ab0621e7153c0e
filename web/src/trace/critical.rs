//! What determined when the run ended: backwards from its end, always the child that finished last.

use super::{Times, Tree};

/// How far two steps may overlap and still count as one after the other: clocks are rounded. Microseconds.
const ROUNDING: i64 = 1_000;

/// The chain of spans without which the run would have ended sooner.
#[derive(Debug, Default)]
pub struct CriticalPath {
    /// For each span on the path, from when to when the end of the run depended on it: on itself or on what is inside.
    pub window: Vec<Option<(i64, i64)>>,
    /// Of that, the times that are its own.
    pub own: Vec<Vec<(i64, i64)>>,
}

impl CriticalPath {
    /// The path through a trace.
    pub fn new(tree: &Tree, times: &Times) -> Self {
        let mut path =
            Self { window: vec![None; times.spans.len()], own: vec![Vec::new(); times.spans.len()] };
        // The trace itself is what all outermost spans are inside of.
        let end = tree.outermost.iter().map(|&index| times.spans[index].1).max().unwrap_or(0);
        let mut stack = Vec::new();
        path.step(None, (0, end), &tree.outermost, times, &mut stack);
        while let Some((index, until)) = stack.pop() {
            let start = times.spans[index].0;
            path.window[index] = Some((start, until));
            path.step(Some(index), (start, until), &tree.children[index], times, &mut stack);
        }
        path
    }

    /// Microseconds of the path that are a span's own.
    pub fn own_time(&self, index: usize) -> i64 {
        self.own.get(index).into_iter().flatten().map(|(from, to)| to - from).sum()
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
        by_end.sort_by_key(|&child| (within(child), child));
        let mut reached = until;
        let mut own = Vec::new();
        for child in by_end.into_iter().rev() {
            let (to, from) = within(child);
            let overlap = (to - reached).max(0);
            if overlap > ROUNDING.min((to - from) / 2) || from >= reached {
                continue;
            }
            let to = to.min(reached);
            if to < reached {
                own.push((to, reached));
            }
            stack.push((child, to));
            reached = from;
        }
        if start < reached {
            own.push((start, reached));
        }
        own.reverse();
        if let Some(own_times) = index.and_then(|index| self.own.get_mut(index)) {
            *own_times = own;
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
    fn it_goes_back_from_the_end_through_what_finished_last() {
        let model = model(vec![
            span("root", None, 0, 100),
            span("plan", Some("root"), 5, 30),
            span("fast", Some("root"), 30, 50),
            span("slow", Some("root"), 30, 90),
            span("call", Some("slow"), 40, 80),
            span("beside the call", Some("slow"), 40, 60),
        ]);
        assert_eq!(path(&model), ["root", "plan", "slow", "call"]);
        assert_eq!(model.path.own[0], [(0, 5_000), (90_000, 100_000)]);
        assert_eq!(model.path.own[3], [(30_000, 40_000), (80_000, 90_000)]);
        let all: i64 = (0..6).map(|index| model.path.own_time(index)).sum();
        assert_eq!(all, 100_000, "it covers the run without a gap and without an overlap");
    }

    #[test]
    fn what_was_still_running_when_the_last_one_started_did_not_hold_it_up() {
        let model = model(vec![
            span("root", None, 0, 100),
            span("background", Some("root"), 0, 80),
            span("last", Some("root"), 50, 100),
        ]);
        assert_eq!(path(&model), ["root", "last"]);
        assert_eq!(model.path.own[0], [(0, 50_000)]);
    }

    #[test]
    fn a_child_that_outlives_its_parent_counts_until_the_parents_end() {
        let model = model(vec![span("root", None, 0, 50), span("stream", Some("root"), 10, 90)]);
        assert_eq!(path(&model), ["root", "stream"]);
        assert_eq!(model.path.window[1], Some((10_000, 50_000)));
    }

    #[test]
    fn steps_whose_clocks_were_rounded_follow_each_other_all_the_same() {
        let mut first = span("first", Some("root"), 0, 50);
        first.latency_ms = 50.4;
        let model = model(vec![span("root", None, 0, 100), first, span("second", Some("root"), 50, 100)]);
        assert_eq!(path(&model), ["root", "first", "second"]);
    }

    #[test]
    fn several_outermost_spans_are_steps_of_the_run() {
        let model = model(vec![span("a", None, 0, 40), span("b", None, 45, 80), span("c", None, 0, 20)]);
        assert_eq!(path(&model), ["a", "b"]);
    }
}

//! Spans as a tree: who is whose part, in the order of their start.

use std::collections::HashMap;

use shared::span::Span;

/// Everything by the span's number, which is its place in the trace's list. A span whose parent is not in the trace
/// stands outermost, and so does one of a circle, so that every span stands in exactly one place.
#[derive(Debug, Default)]
pub struct Tree {
    /// All of them from top to bottom: a parent, then all that is inside of it.
    pub order: Vec<usize>,
    /// The parent's number.
    pub parent: Vec<Option<usize>>,
    /// The numbers of those directly inside, by their start.
    pub children: Vec<Vec<usize>>,
    /// Those that are inside of none.
    pub outermost: Vec<usize>,
    /// How many spans it is inside of.
    pub depth: Vec<usize>,
    /// How many spans are inside of it, at any depth.
    pub inside: Vec<usize>,
    /// Which of its siblings it is, from 1, and how many they are.
    pub place: Vec<(usize, usize)>,
    by_id: HashMap<String, usize>,
}

impl Tree {
    /// The tree of a trace's spans.
    pub fn new(spans: &[Span]) -> Self {
        let by_id: HashMap<String, usize> =
            spans.iter().enumerate().rev().map(|(index, span)| (span.span_id.clone(), index)).collect();
        let mut said: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
        let mut first = Vec::new();
        for (index, span) in spans.iter().enumerate() {
            match span.parent_span_id.as_ref().and_then(|parent| by_id.get(parent)) {
                Some(&parent) if parent != index => said[parent].push(index),
                _ => first.push(index),
            }
        }
        let start = |&index: &usize| (spans[index].timestamp, index);
        first.sort_by_key(start);
        for inside in &mut said {
            inside.sort_by_key(start);
        }
        let mut tree = Self {
            order: Vec::with_capacity(spans.len()),
            parent: vec![None; spans.len()],
            children: vec![Vec::new(); spans.len()],
            depth: vec![0; spans.len()],
            inside: vec![0; spans.len()],
            place: vec![(1, 1); spans.len()],
            by_id,
            ..Self::default()
        };
        let mut seen = vec![false; spans.len()];
        // What no outermost span leads to goes in a circle: it is walked from wherever it is met.
        for index in first.into_iter().chain(0..spans.len()) {
            tree.walk(index, &said, &mut seen);
        }
        for &index in tree.order.iter().rev() {
            if let Some(parent) = tree.parent[index] {
                tree.inside[parent] += tree.inside[index] + 1;
            }
        }
        for siblings in tree.children.iter().chain([&tree.outermost]) {
            for (place, &index) in siblings.iter().enumerate() {
                tree.place[index] = (place + 1, siblings.len());
            }
        }
        tree
    }

    fn walk(&mut self, first: usize, said: &[Vec<usize>], seen: &mut [bool]) {
        let mut stack = vec![(first, None)];
        while let Some((index, parent)) = stack.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            self.order.push(index);
            self.parent[index] = parent;
            match parent {
                Some(parent) => {
                    self.depth[index] = self.depth[parent] + 1;
                    self.children[parent].push(index);
                }
                None => self.outermost.push(index),
            }
            stack.extend(said[index].iter().rev().map(|&child| (child, Some(index))));
        }
    }

    /// The number of the span with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The spans that it is inside of, innermost first.
    pub fn above(&self, index: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parent.get(index).copied().flatten(), |&parent| self.parent[parent])
    }

    /// The rows from top to bottom: without what is inside of a collapsed span, and, where only some are wanted, without
    /// what neither is one of them nor leads to one.
    pub fn rows(&self, collapsed: impl Fn(usize) -> bool, wanted: Option<&[bool]>) -> Vec<usize> {
        let leads = wanted.map(|wanted| {
            let mut leads = wanted.to_vec();
            for &index in self.order.iter().rev() {
                if let (true, Some(parent)) = (leads[index], self.parent[index]) {
                    leads[parent] = true;
                }
            }
            leads
        });
        let (mut rows, mut at) = (Vec::new(), 0);
        while let Some(&index) = self.order.get(at) {
            at += 1;
            if leads.as_ref().is_some_and(|leads| !leads[index]) {
                at += self.inside[index];
                continue;
            }
            rows.push(index);
            if self.inside[index] > 0 && collapsed(index) {
                at += self.inside[index];
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::sample::{model, names, span},
        *,
    };

    fn all(tree: &Tree) -> Vec<usize> {
        tree.rows(|_| false, None)
    }

    #[test]
    fn children_follow_their_parent_in_the_order_of_their_start() {
        let model = model(vec![
            span("late", Some("root"), 5, 6),
            span("root", None, 0, 9),
            span("early", Some("root"), 1, 3),
            span("leaf", Some("early"), 2, 3),
        ]);
        let tree = &model.tree;
        assert_eq!(names(&model, &all(tree)), ["root", "early", "leaf", "late"]);
        assert_eq!(tree.depth, [1, 0, 1, 2]);
        assert_eq!(tree.inside, [0, 3, 1, 0]);
        assert_eq!(tree.place, [(2, 2), (1, 1), (1, 2), (1, 1)]);
        assert_eq!(names(&model, &tree.above(3).collect::<Vec<_>>()), ["early", "root"]);
    }

    #[test]
    fn a_collapsed_span_hides_all_that_is_inside() {
        let model = model(vec![
            span("root", None, 0, 9),
            span("inner", Some("root"), 1, 3),
            span("leaf", Some("inner"), 2, 3),
            span("other", None, 3, 4),
        ]);
        assert_eq!(names(&model, &model.tree.rows(|index| index == 0, None)), ["root", "other"]);
        assert_eq!(names(&model, &model.tree.rows(|index| index == 1, None)), ["root", "inner", "other"]);
    }

    #[test]
    fn what_is_wanted_stands_with_all_that_leads_to_it() {
        let model = model(vec![
            span("root", None, 0, 9),
            span("inner", Some("root"), 1, 3),
            span("leaf", Some("inner"), 2, 3),
            span("other", None, 3, 4),
        ]);
        let wanted = [false, false, true, false];
        assert_eq!(names(&model, &model.tree.rows(|_| false, Some(&wanted))), ["root", "inner", "leaf"]);
    }

    #[test]
    fn every_span_has_one_row_whatever_its_parents_say() {
        let model = model(vec![
            span("orphan", Some("nobody"), 3, 4),
            span("self", Some("self"), 2, 3),
            span("a", Some("b"), 0, 1),
            span("b", Some("a"), 1, 2),
            span("inside a circle", Some("a"), 1, 2),
            span("twin", None, 4, 5),
            span("twin", None, 5, 6),
        ]);
        let mut rows = names(&model, &all(&model.tree));
        rows.sort();
        assert_eq!(rows, ["a", "b", "inside a circle", "orphan", "self", "twin", "twin"]);
    }

    #[test]
    fn a_chain_of_ten_thousand_is_a_tree_like_any_other() {
        let spans = (0..10_000_u64).map(|at| {
            let parent = at.checked_sub(1).map(|parent| parent.to_string());
            span(&at.to_string(), parent.as_deref(), at, 10_000)
        });
        let model = model(spans.collect());
        assert_eq!(all(&model.tree).len(), 10_000);
        assert_eq!(model.tree.depth[9_999], 9_999);
        assert_eq!(model.tree.inside[0], 9_999);
        assert_eq!(model.path.window.iter().flatten().count(), 10_000, "and each determined the end");
    }
}

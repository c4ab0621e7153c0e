//! The tree of a trace's spans, ordered by start time.

use std::collections::HashMap;

use shared::span::Span;

use crate::sort::sort_indices;

/// The span tree. All fields are indexed by a span's position in the trace's list. A span whose parent is missing is a root,
/// and so is one span of a cycle, so that every span is in the tree exactly once.
#[derive(Debug, Default)]
pub struct Tree {
    /// All spans in depth-first order.
    pub order: Vec<usize>,
    /// The parent of each span.
    pub parent: Vec<Option<usize>>,
    /// The children of each span, by start time.
    pub children: Vec<Vec<usize>>,
    /// The spans without a parent.
    pub roots: Vec<usize>,
    /// The number of ancestors of each span.
    pub depth: Vec<usize>,
    /// The number of descendants of each span.
    pub descendants: Vec<usize>,
    /// The position of each span among its siblings, from 1, and their number.
    pub place: Vec<(usize, usize)>,
    by_id: HashMap<String, usize>,
}

impl Tree {
    /// Builds the tree of a trace's spans.
    pub fn new(spans: &[Span]) -> Self {
        let by_id: HashMap<String, usize> =
            spans.iter().enumerate().rev().map(|(index, span)| (span.span_id.clone(), index)).collect();
        let mut declared: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
        let mut roots = Vec::new();
        for (index, span) in spans.iter().enumerate() {
            match span.parent_span_id.as_ref().and_then(|parent| by_id.get(parent)) {
                Some(&parent) if parent != index => declared[parent].push(index),
                _ => roots.push(index),
            }
        }
        let by_start = |a: usize, b: usize| (spans[a].timestamp, a).cmp(&(spans[b].timestamp, b));
        sort_indices(&mut roots, &by_start);
        for children in &mut declared {
            sort_indices(children, &by_start);
        }
        let mut tree = Self {
            order: Vec::with_capacity(spans.len()),
            parent: vec![None; spans.len()],
            children: vec![Vec::new(); spans.len()],
            depth: vec![0; spans.len()],
            descendants: vec![0; spans.len()],
            place: vec![(1, 1); spans.len()],
            by_id,
            ..Self::default()
        };
        let mut seen = vec![false; spans.len()];
        // Spans that no root reaches form a cycle. The first one found becomes a root.
        for index in roots.into_iter().chain(0..spans.len()) {
            tree.walk(index, &declared, &mut seen);
        }
        for &index in tree.order.iter().rev() {
            if let Some(parent) = tree.parent[index] {
                tree.descendants[parent] += tree.descendants[index] + 1;
            }
        }
        for siblings in tree.children.iter().chain([&tree.roots]) {
            for (place, &index) in siblings.iter().enumerate() {
                tree.place[index] = (place + 1, siblings.len());
            }
        }
        tree
    }

    fn walk(&mut self, root: usize, declared: &[Vec<usize>], seen: &mut [bool]) {
        let mut stack = vec![(root, None)];
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
                None => self.roots.push(index),
            }
            stack.extend(declared[index].iter().rev().map(|&child| (child, Some(index))));
        }
    }

    /// Returns the index of the span with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Returns the ancestors of a span, the parent first.
    pub fn ancestors(&self, index: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parent.get(index).copied().flatten(), |&parent| self.parent[parent])
    }

    /// Returns the visible spans in depth-first order, without the descendants of collapsed spans. With `wanted`, only the
    /// wanted spans and their ancestors are included.
    pub fn rows(&self, collapsed: impl Fn(usize) -> bool, wanted: Option<&[bool]>) -> Vec<usize> {
        let included = wanted.map(|wanted| {
            let mut included = wanted.to_vec();
            for &index in self.order.iter().rev() {
                if let (true, Some(parent)) = (included[index], self.parent[index]) {
                    included[parent] = true;
                }
            }
            included
        });
        let (mut rows, mut at) = (Vec::new(), 0);
        while let Some(&index) = self.order.get(at) {
            at += 1;
            if included.as_ref().is_some_and(|included| !included[index]) {
                at += self.descendants[index];
                continue;
            }
            rows.push(index);
            if self.descendants[index] > 0 && collapsed(index) {
                at += self.descendants[index];
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
    fn orders_children_by_start_time_after_their_parent() {
        let model = model(vec![
            span("late", Some("root"), 5, 6),
            span("root", None, 0, 9),
            span("early", Some("root"), 1, 3),
            span("leaf", Some("early"), 2, 3),
        ]);
        let tree = &model.tree;
        assert_eq!(names(&model, &all(tree)), ["root", "early", "leaf", "late"]);
        assert_eq!(tree.depth, [1, 0, 1, 2]);
        assert_eq!(tree.descendants, [0, 3, 1, 0]);
        assert_eq!(tree.place, [(2, 2), (1, 1), (1, 2), (1, 1)]);
        assert_eq!(names(&model, &tree.ancestors(3).collect::<Vec<_>>()), ["early", "root"]);
    }

    #[test]
    fn hides_the_descendants_of_a_collapsed_span() {
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
    fn includes_the_ancestors_of_wanted_spans() {
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
    fn includes_every_span_once_despite_orphans_and_cycles() {
        let model = model(vec![
            span("orphan", Some("nobody"), 3, 4),
            span("self", Some("self"), 2, 3),
            span("a", Some("b"), 0, 1),
            span("b", Some("a"), 1, 2),
            span("child of a cycle", Some("a"), 1, 2),
            span("twin", None, 4, 5),
            span("twin", None, 5, 6),
        ]);
        let mut rows = names(&model, &all(&model.tree));
        rows.sort();
        assert_eq!(rows, ["a", "b", "child of a cycle", "orphan", "self", "twin", "twin"]);
    }

    #[test]
    fn handles_a_chain_of_ten_thousand_spans() {
        let spans = (0..10_000_u64).map(|at| {
            let parent = at.checked_sub(1).map(|parent| parent.to_string());
            span(&at.to_string(), parent.as_deref(), at, 10_000)
        });
        let model = model(spans.collect());
        assert_eq!(all(&model.tree).len(), 10_000);
        assert_eq!(model.tree.depth[9_999], 9_999);
        assert_eq!(model.tree.descendants[0], 9_999);
        assert_eq!(model.path.window.iter().flatten().count(), 10_000, "all are on the critical path");
    }
}

//! A trace with its derived data, computed once per API response.

use std::rc::Rc;

use shared::{
    span::Span,
    trace::{TraceDetail, TraceStatus},
};

use super::{CriticalPath, Times, Tree};

/// A trace with its derived data. Two models are equal if they share the same API response.
#[derive(Debug)]
pub struct Model {
    /// The API response.
    pub detail: Rc<TraceDetail>,
    /// The span tree.
    pub tree: Tree,
    /// The times of the spans.
    pub times: Times,
    /// The critical path.
    pub path: CriticalPath,
    /// The indexes of failed spans, in tree order.
    pub failed: Vec<usize>,
}

impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.detail, &other.detail)
    }
}

impl Eq for Model {}

impl Model {
    /// Computes the model of a trace.
    pub fn new(detail: Rc<TraceDetail>) -> Self {
        let tree = Tree::new(&detail.spans);
        let times = Times::new(&detail.trace, &detail.spans, &tree);
        let path = CriticalPath::new(&tree, &times);
        let failed = |index: &usize| detail.spans[*index].status != TraceStatus::Success;
        let failed = tree.order.iter().copied().filter(failed).collect();
        Self { detail, tree, times, path, failed }
    }

    /// Returns the spans.
    pub fn spans(&self) -> &[Span] {
        &self.detail.spans
    }
}

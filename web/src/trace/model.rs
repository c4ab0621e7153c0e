//! A run and all that is worked out about it, once for each answer of the API.

use std::rc::Rc;

use shared::{
    span::Span,
    trace::{TraceDetail, TraceStatus},
};

use super::{CriticalPath, Times, Tree};

/// See the module. Two are equal where they are about the same answer.
#[derive(Debug)]
pub struct Model {
    /// What the API said.
    pub detail: Rc<TraceDetail>,
    /// Who is whose part.
    pub tree: Tree,
    /// When each ran.
    pub times: Times,
    /// What determined the end.
    pub path: CriticalPath,
    /// The numbers of the spans that failed, from top to bottom.
    pub failed: Vec<usize>,
}

impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.detail, &other.detail)
    }
}

impl Eq for Model {}

impl Model {
    /// All about a run.
    pub fn new(detail: Rc<TraceDetail>) -> Self {
        let tree = Tree::new(&detail.spans);
        let times = Times::new(&detail.trace, &detail.spans, &tree);
        let path = CriticalPath::new(&tree, &times);
        let failed = |index: &usize| detail.spans[*index].status != TraceStatus::Success;
        let failed = tree.order.iter().copied().filter(failed).collect();
        Self { detail, tree, times, path, failed }
    }

    /// The spans.
    pub fn spans(&self) -> &[Span] {
        &self.detail.spans
    }
}

//! Which groups may be written at the same time. What was sent later must not come before what it depends on: of two
//! traces by the same id the first stays, of two scores by the same name the last, and a score needs its trace.

use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

use uuid::Uuid;

/// What of a group matters to others.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Hashes of its traces' ids: where two traces share one by chance, a group waits in vain.
    traces: HashSet<u64>,
    has_scores: bool,
}

impl Marks {
    /// Traces, or those of spans by themselves, by workspace and id.
    pub(super) fn of<'a>(traces: impl Iterator<Item = (Uuid, &'a str)>, has_scores: bool) -> Self {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        Self { traces: traces.map(|trace| hasher.hash_one(trace)).collect(), has_scores }
    }

    /// Whether it makes no difference which of the two is written first.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        !self.has_scores && !other.has_scores && self.traces.is_disjoint(&other.traces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(ids: &[(u128, &str)], has_scores: bool) -> Marks {
        Marks::of(ids.iter().map(|&(workspace, id)| (Uuid::from_u128(workspace), id)), has_scores)
    }

    #[test]
    fn groups_wait_for_each_other_where_they_share_a_trace_or_hold_a_score() {
        let first = marks(&[(1, "a"), (1, "b")], false);
        assert!(first.is_apart_from(&marks(&[(1, "c"), (2, "a")], false)));
        assert!(!first.is_apart_from(&marks(&[(1, "c"), (1, "b")], false)));
        assert!(!first.is_apart_from(&marks(&[(1, "c")], true)));
        assert!(!marks(&[], true).is_apart_from(&first));
    }
}

//! Decides which groups may be written at the same time. The order of messages matters if they depend on each other: of
//! two traces with the same id the first is stored, of two scores with the same name the last, and a score needs its trace.

use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

use uuid::Uuid;

/// The parts of a group that other groups may depend on.
#[derive(Debug, Default)]
pub(super) struct Footprint {
    /// Hashes of the trace ids. If two traces have the same hash by chance, a group waits unnecessarily.
    traces: HashSet<u64>,
    has_scores: bool,
}

impl Footprint {
    /// Creates the footprint of a group with these traces, each given by workspace and id.
    pub(super) fn of<'a>(traces: impl Iterator<Item = (Uuid, &'a str)>, has_scores: bool) -> Self {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        Self { traces: traces.map(|trace| hasher.hash_one(trace)).collect(), has_scores }
    }

    /// Returns whether the two groups must be written in their order.
    pub(super) fn conflicts_with(&self, other: &Self) -> bool {
        self.has_scores || other.has_scores || !self.traces.is_disjoint(&other.traces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footprint(ids: &[(u128, &str)], has_scores: bool) -> Footprint {
        Footprint::of(ids.iter().map(|&(workspace, id)| (Uuid::from_u128(workspace), id)), has_scores)
    }

    #[test]
    fn groups_conflict_if_they_share_a_trace_or_one_has_a_score() {
        let first = footprint(&[(1, "a"), (1, "b")], false);
        assert!(!first.conflicts_with(&footprint(&[(1, "c"), (2, "a")], false)));
        assert!(first.conflicts_with(&footprint(&[(1, "c"), (1, "b")], false)));
        assert!(first.conflicts_with(&footprint(&[(1, "c")], true)));
        assert!(footprint(&[], true).conflicts_with(&first));
    }
}

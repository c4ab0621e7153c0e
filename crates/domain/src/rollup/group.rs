//! Sums and latency histograms by agent or model, added up row by row.

use std::time::Duration;

use shared::{Timestamp, metric::Dimension};

use super::{
    plan::Source,
    sums::{Distribution, GroupedSums, Sums},
};
use crate::error::CorruptData;

/// Sums rows by group and step.
pub struct Groups {
    start: Timestamp,
    step: Option<Duration>,
    group: Option<Dimension>,
    found: GroupedSums,
}

/// A bucket of one agent and model, or a single trace.
pub struct GroupRow<'a> {
    /// The rollup, or the traces, it was read from.
    pub source: Source,
    /// The start of the bucket, or of the trace.
    pub moment: Timestamp,
    /// The agent.
    pub agent_id: &'a str,
    /// The model; empty if there is none.
    pub model: &'a str,
    /// The sums of the bucket.
    pub sums: Sums,
    /// The latencies of the bucket.
    pub latencies: Latencies<'a>,
}

impl GroupRow<'_> {
    /// Adds the row to a distribution.
    ///
    /// # Errors
    /// Returns an error if the encoded latencies cannot be read.
    pub fn add_to(&self, distribution: &mut Distribution) -> Result<(), CorruptData> {
        distribution.sums += self.sums;
        match self.latencies {
            Latencies::One => distribution.latencies.record(self.sums.latency),
            Latencies::Encoded(bytes) => distribution.latencies.merge_encoded(bytes)?,
            Latencies::Dense(counts) => distribution.latencies.merge_dense(counts),
        }
        Ok(())
    }
}

/// The latencies of a row, as the engine stores them.
pub enum Latencies<'a> {
    /// One latency: the sum of the row.
    One,
    /// A histogram encoded by [`super::histogram::Histogram::encode`].
    Encoded(&'a [u8]),
    /// The count of each histogram bucket, starting at bucket 0.
    Dense(&'a [i32]),
}

impl Groups {
    /// Groups rows by step (the whole window if `None`) and by group (all traces together if `None`).
    #[must_use]
    pub fn new(start: Timestamp, step: Option<Duration>, group: Option<Dimension>) -> Self {
        Self { start, step, group, found: GroupedSums::new() }
    }

    /// Returns the groups.
    #[must_use]
    pub fn finish(self) -> GroupedSums {
        self.found
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Returns an error if the encoded latencies cannot be read.
    pub fn add(&mut self, row: &GroupRow<'_>) -> Result<(), CorruptData> {
        let key = self.group.map_or("", |by| by.select(row.agent_id, row.model));
        let key = (!key.is_empty()).then(|| key.to_owned());
        let step = self.step.map_or(self.start, |step| row.moment.floor(step));
        let distribution: &mut Distribution = self.found.entry(key).or_default().entry(step).or_default();
        row.add_to(distribution)
    }
}

//! Sums and histograms by agent and model of many windows at once, for alert rules and their previews. Most windows
//! overlap; the parts that they share are read once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shared::{Timestamp, time_range::Window};

use super::{
    group::GroupRow,
    plan::{Segment, Source, push_joined},
    sums::Distribution,
};
use crate::error::CorruptData;

/// An agent and a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The agent.
    pub agent_id: String,
    /// The model; empty for none.
    pub model: String,
}

/// The sums of a group of traces in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSums {
    /// The sums; without latencies if those were not requested.
    pub distribution: Distribution,
    /// The start of the newest trace, if it was requested for the window.
    pub newest: Option<Timestamp>,
}

/// The sums of several windows, stored as the parts of which the windows consist.
#[derive(Debug, Default)]
pub struct WindowSums {
    pairs: Vec<Pair>,
    parts: Vec<Part>,
    /// The parts of each window, sorted by time.
    windows: HashMap<Window, Vec<usize>>,
}

/// A bucket of a rollup, or a range of raw rows that no window boundary divides.
#[derive(Debug)]
struct Part {
    extent: Window,
    /// The sums by index of the pair.
    cells: BTreeMap<usize, GroupSums>,
}

/// A lookup of the newest trace of a pair in a window.
pub struct NewestLookup<'a> {
    /// The agent and model.
    pub pair: &'a Pair,
    /// The window.
    pub window: Window,
}

impl WindowSums {
    /// Returns the sums of a window, grouped by `key`. Pairs with the key `None` and groups without traces are left out.
    #[must_use]
    pub fn fold<'a>(
        &'a self,
        window: Window,
        with_latencies: bool,
        key: impl Fn(&'a Pair) -> Option<&'a str>,
    ) -> BTreeMap<&'a str, GroupSums> {
        let keys: Vec<_> = self.pairs.iter().map(key).collect();
        let mut found: BTreeMap<&str, GroupSums> = BTreeMap::new();
        for &part in self.windows.get(&window).into_iter().flatten() {
            for (&pair, cell) in &self.parts[part].cells {
                let Some(key) = keys[pair] else { continue };
                let sum = found.entry(key).or_default();
                sum.distribution.sums += cell.distribution.sums;
                sum.newest = sum.newest.max(cell.newest);
                if with_latencies {
                    sum.distribution.latencies.merge(&cell.distribution.latencies);
                }
            }
        }
        found.retain(|_, sum| sum.distribution.sums.requests > 0);
        found
    }

    /// Returns the pairs in these windows without a known newest trace, as indices of a part and a pair.
    #[must_use]
    pub fn unknown_newest(&self, windows: &[Window]) -> Vec<(usize, usize)> {
        let mut unknown = BTreeSet::new();
        for window in windows {
            let mut seen = BTreeSet::new();
            for &part in self.windows.get(window).into_iter().flatten().rev() {
                for (&pair, cell) in &self.parts[part].cells {
                    if cell.distribution.sums.requests > 0 && seen.insert(pair) && cell.newest.is_none() {
                        unknown.insert((part, pair));
                    }
                }
            }
        }
        unknown.into_iter().collect()
    }

    /// Returns the lookups for the result of [`WindowSums::unknown_newest`].
    #[must_use]
    pub fn newest_lookups(&self, unknown: &[(usize, usize)]) -> Vec<NewestLookup<'_>> {
        unknown
            .iter()
            .map(|&(part, pair)| NewestLookup { pair: &self.pairs[pair], window: self.parts[part].extent })
            .collect()
    }

    /// Fills in the newest traces, in the order of `unknown`.
    pub fn fill_newest(&mut self, unknown: &[(usize, usize)], newest: Vec<Option<Timestamp>>) {
        for (&(part, pair), newest) in unknown.iter().zip(newest) {
            if let Some(cell) = self.parts[part].cells.get_mut(&pair) {
                cell.newest = newest;
            }
        }
    }
}

/// Collects rows into the parts of windows: where windows overlap, a part is read once.
#[derive(Default)]
pub struct WindowReader {
    sums: WindowSums,
    /// The index of the part of each bucket.
    buckets: BTreeMap<(Source, Timestamp), usize>,
    /// The start and the index of each part of raw rows, sorted by time.
    raw_parts: Vec<(Timestamp, usize)>,
    /// The segments of raw rows, adjacent ones joined.
    raw: Vec<Segment>,
    /// The indices of pairs, by agent and model.
    indices: HashMap<String, HashMap<String, usize>>,
}

impl WindowReader {
    /// Plans the parts of distinct windows, each cut into its segments.
    #[must_use]
    pub fn new(windows: &[Window], cut: &[Vec<Segment>]) -> Self {
        let mut reader = Self::default();
        let is_raw = |segment: &&Segment| segment.source == Source::Raw;
        let mut raw: Vec<_> = cut.iter().flatten().filter(is_raw).copied().collect();
        raw.sort_unstable_by_key(|segment| (segment.start, segment.end));
        for segment in &raw {
            match reader.raw.last_mut() {
                Some(last) if segment.start <= last.end => last.end = last.end.max(segment.end),
                _ => reader.raw.push(*segment),
            }
        }
        let edges: BTreeSet<_> = raw.iter().flat_map(|segment| [segment.start, segment.end]).collect();
        for pair in edges.iter().zip(edges.iter().skip(1)) {
            let extent = Window { start: *pair.0, end: *pair.1 };
            // No window may need the range between two segments.
            let index = reader.raw.partition_point(|joined| joined.end <= extent.start);
            if reader.raw.get(index).is_some_and(|joined| joined.start <= extent.start) {
                let part = reader.part(extent);
                reader.raw_parts.push((extent.start, part));
            }
        }
        for (window, segments) in windows.iter().zip(cut) {
            let parts = segments.iter().flat_map(|segment| reader.parts_of(*segment)).collect();
            reader.sums.windows.insert(*window, parts);
        }
        reader
    }

    fn part(&mut self, extent: Window) -> usize {
        self.sums.parts.push(Part { extent, cells: BTreeMap::new() });
        self.sums.parts.len() - 1
    }

    fn parts_of(&mut self, segment: Segment) -> Vec<usize> {
        if segment.source == Source::Raw {
            let first = self.raw_parts.partition_point(|&(start, _)| start < segment.start);
            let raw_parts = self.raw_parts[first..].iter().take_while(|&&(start, _)| start < segment.end);
            return raw_parts.map(|&(_, part)| part).collect();
        }
        let mut parts = Vec::new();
        let mut start = segment.start;
        while start < segment.end {
            let end = start + segment.source.bucket();
            let part = match self.buckets.get(&(segment.source, start)) {
                Some(&part) => part,
                None => self.part(Window { start, end }),
            };
            self.buckets.insert((segment.source, start), part);
            parts.push(part);
            start = end;
        }
        parts
    }

    /// Returns the segments to read, adjacent ones joined.
    #[must_use]
    pub fn segments(&self) -> Vec<Segment> {
        let mut segments = Vec::new();
        for &(source, start) in self.buckets.keys() {
            push_joined(Segment { source, start, end: start + source.bucket() }, &mut segments);
        }
        segments.extend(&self.raw);
        segments
    }

    /// Adds a row of one of the segments.
    ///
    /// # Errors
    /// Returns an error if the encoded latencies cannot be read.
    pub fn add(&mut self, row: &GroupRow<'_>) -> Result<(), CorruptData> {
        let is_trace = row.source == Source::Raw;
        let part = if is_trace {
            let after = self.raw_parts.partition_point(|&(start, _)| start <= row.moment);
            after.checked_sub(1).map(|index| self.raw_parts[index].1)
        } else {
            self.buckets.get(&(row.source, row.moment)).copied()
        };
        let Some(part) = part else { return Ok(()) };
        let pair = self.pair_index(row.agent_id, row.model);
        let cell = self.sums.parts[part].cells.entry(pair).or_default();
        if is_trace {
            cell.newest = cell.newest.max(Some(row.moment));
        }
        row.add_to(&mut cell.distribution)
    }

    /// Returns the windows that were read.
    #[must_use]
    pub fn finish(self) -> WindowSums {
        self.sums
    }

    fn pair_index(&mut self, agent_id: &str, model: &str) -> usize {
        if let Some(&index) = self.indices.get(agent_id).and_then(|models| models.get(model)) {
            return index;
        }
        let index = self.sums.pairs.len();
        self.sums.pairs.push(Pair { agent_id: agent_id.to_owned(), model: model.to_owned() });
        self.indices.entry(agent_id.to_owned()).or_default().insert(model.to_owned(), index);
        index
    }
}

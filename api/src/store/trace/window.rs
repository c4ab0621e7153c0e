//! Sums and histograms by agent and model of many windows at once, most of which overlap: what they have in common is
//! read once. What alert rules are evaluated on, now and over the past.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use shared::{Timestamp, time_range::Window};
use uuid::Uuid;

use super::{
    StoreError,
    group::{GroupRow, Latencies},
    plan::{self, Segment, Source},
    snapshot::Snapshot,
    sums::Distribution,
};

/// Whose traces are counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The agent.
    pub agent_id: String,
    /// The model; empty for none.
    pub model: String,
}

/// The traces of some agents and models in a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summed {
    /// What they add up to; without latencies where those were not asked for.
    pub distribution: Distribution,
    /// When the newest of them started; known of windows for which that was asked.
    pub newest: Option<Timestamp>,
}

/// Windows that were read, in the parts that they are made of.
#[derive(Debug, Default)]
pub struct WindowSums {
    pairs: Vec<Pair>,
    parts: Vec<Part>,
    /// The parts of each window, in the order of time.
    windows: HashMap<Window, Vec<usize>>,
}

/// A bucket of a rollup, or a stretch of traces that no window parts.
#[derive(Debug)]
struct Part {
    extent: Window,
    /// By the number of the pair.
    cells: BTreeMap<usize, Summed>,
}

/// Where the newest trace of a pair is looked for.
pub(super) struct Sought<'a> {
    pub(super) pair: &'a Pair,
    pub(super) window: Window,
}

impl WindowSums {
    /// A window that was read, by whatever `key` makes of a pair; pairs of which it makes nothing are left out. Keys
    /// without traces are not there.
    #[must_use]
    pub fn fold<'a>(
        &'a self,
        window: Window,
        with_latencies: bool,
        key: impl Fn(&'a Pair) -> Option<&'a str>,
    ) -> BTreeMap<&'a str, Summed> {
        let keys: Vec<_> = self.pairs.iter().map(key).collect();
        let mut found: BTreeMap<&str, Summed> = BTreeMap::new();
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

    /// Where the newest trace of each pair in each of these windows stands, as far as it is not known: numbers of a part
    /// and a pair.
    fn unknown_newest(&self, windows: &[Window]) -> BTreeSet<(usize, usize)> {
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
        unknown
    }
}

/// Reads windows, and when the newest trace of each agent and model in some of them started.
pub(super) async fn window_sums(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    windows: &[Window],
    newest_of: &[Window],
) -> Result<WindowSums, StoreError> {
    let distinct: BTreeSet<_> = windows.iter().map(|window| (window.end, window.start)).collect();
    let distinct: Vec<_> = distinct.into_iter().map(|(end, start)| Window { start, end }).collect();
    let cut = cut(snapshot, workspace_id, &distinct).await?;
    let mut reading = Reading::new(&distinct, &cut);
    let segments = reading.segments();
    snapshot.add_groups(workspace_id, &segments, &mut |row| reading.add(row)).await?;

    let mut sums = reading.sums;
    let unknown: Vec<_> = sums.unknown_newest(newest_of).into_iter().collect();
    let sought: Vec<_> = unknown
        .iter()
        .map(|&(part, pair)| Sought { pair: &sums.pairs[pair], window: sums.parts[part].extent })
        .collect();
    let newest = snapshot.newest_of(workspace_id, &sought).await?;
    for ((part, pair), newest) in unknown.into_iter().zip(newest) {
        if let Some(cell) = sums.parts[part].cells.get_mut(&pair) {
            cell.newest = newest;
        }
    }
    Ok(sums)
}

/// Cuts windows into the segments in which the rollups by agent and model answer them.
async fn cut(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    windows: &[Window],
) -> Result<Vec<Vec<Segment>>, StoreError> {
    // An end that is a bucket's cannot be moved any further without passing traces by.
    let hour = Source::Hourly.bucket();
    let ragged: BTreeSet<_> =
        windows.iter().map(|window| window.end).filter(|end| end.floor(hour) != *end).collect();
    let ragged: Vec<_> = ragged.into_iter().collect();
    let next = snapshot.next_starts(workspace_id, &ragged).await?;
    let next: HashMap<_, _> = ragged.into_iter().zip(next).collect();
    let rounded: Vec<_> = windows
        .iter()
        .map(|&window| {
            let next = next.get(&window.end).copied().unwrap_or(Some(window.end));
            plan::round_up_end(window, next, Source::GROUPS)
        })
        .collect();
    let start = rounded.iter().map(|window| window.start).min();
    let end = rounded.iter().map(|window| window.end).max();
    let Some((start, end)) = start.zip(end) else { return Ok(Vec::new()) };
    let unsettled = snapshot.unsettled(workspace_id, Window { start, end }).await?;
    Ok(rounded.into_iter().map(|window| plan::segments_around(window, Source::GROUPS, &unsettled)).collect())
}

/// What is being read.
struct Reading {
    sums: WindowSums,
    /// The part of each bucket.
    buckets: BTreeMap<(Source, Timestamp), usize>,
    /// Where each part of traces begins, in order, and which it is.
    stretches: Vec<(Timestamp, usize)>,
    /// What is read trace by trace, joined.
    raw: Vec<Segment>,
    /// The numbers of pairs, by agent and model.
    numbers: HashMap<String, HashMap<String, usize>>,
}

impl Reading {
    fn new(windows: &[Window], cut: &[Vec<Segment>]) -> Self {
        let mut reading = Self {
            sums: WindowSums::default(),
            buckets: BTreeMap::new(),
            stretches: Vec::new(),
            raw: Vec::new(),
            numbers: HashMap::new(),
        };
        let is_raw = |segment: &&Segment| segment.source == Source::Raw;
        let mut raw: Vec<_> = cut.iter().flatten().filter(is_raw).copied().collect();
        raw.sort_unstable_by_key(|segment| (segment.start, segment.end));
        for segment in &raw {
            match reading.raw.last_mut() {
                Some(last) if segment.start <= last.end => last.end = last.end.max(segment.end),
                _ => reading.raw.push(*segment),
            }
        }
        let edges: BTreeSet<_> = raw.iter().flat_map(|segment| [segment.start, segment.end]).collect();
        for pair in edges.iter().zip(edges.iter().skip(1)) {
            let extent = Window { start: *pair.0, end: *pair.1 };
            // Between two stretches there may be what nobody asks for.
            let number = reading.raw.partition_point(|joined| joined.end <= extent.start);
            if reading.raw.get(number).is_some_and(|joined| joined.start <= extent.start) {
                let part = reading.part(extent);
                reading.stretches.push((extent.start, part));
            }
        }
        for (window, segments) in windows.iter().zip(cut) {
            let parts = segments.iter().flat_map(|segment| reading.parts_of(*segment)).collect();
            reading.sums.windows.insert(*window, parts);
        }
        reading
    }

    fn part(&mut self, extent: Window) -> usize {
        self.sums.parts.push(Part { extent, cells: BTreeMap::new() });
        self.sums.parts.len() - 1
    }

    fn parts_of(&mut self, segment: Segment) -> Vec<usize> {
        if segment.source == Source::Raw {
            let first = self.stretches.partition_point(|&(start, _)| start < segment.start);
            let stretches = self.stretches[first..].iter().take_while(|&&(start, _)| start < segment.end);
            return stretches.map(|&(_, part)| part).collect();
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

    /// What is to be read, neighbours together.
    fn segments(&self) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        for &(source, start) in self.buckets.keys() {
            let end = start + source.bucket();
            match segments.last_mut() {
                Some(last) if last.source == source && last.end == start => last.end = end,
                _ => segments.push(Segment { source, start, end }),
            }
        }
        segments.extend(&self.raw);
        segments
    }

    fn add(&mut self, row: &GroupRow<'_>) -> Result<(), StoreError> {
        let is_trace = row.source == Source::Raw;
        let part = if is_trace {
            let after = self.stretches.partition_point(|&(start, _)| start <= row.moment);
            after.checked_sub(1).map(|number| self.stretches[number].1)
        } else {
            self.buckets.get(&(row.source, row.moment)).copied()
        };
        let Some(part) = part else { return Ok(()) };
        let pair = self.number(row.agent_id, row.model);
        let cell = self.sums.parts[part].cells.entry(pair).or_default();
        cell.distribution.sums += row.sums;
        if is_trace {
            cell.newest = cell.newest.max(Some(row.moment));
        }
        match row.latencies {
            Latencies::One => cell.distribution.latencies.record(row.sums.latency),
            Latencies::Encoded(bytes) => cell.distribution.latencies.merge_encoded(bytes)?,
            Latencies::Dense(counts) => cell.distribution.latencies.merge_dense(counts),
        }
        Ok(())
    }

    fn number(&mut self, agent_id: &str, model: &str) -> usize {
        if let Some(&number) = self.numbers.get(agent_id).and_then(|models| models.get(model)) {
            return number;
        }
        let number = self.sums.pairs.len();
        self.sums.pairs.push(Pair { agent_id: agent_id.to_owned(), model: model.to_owned() });
        self.numbers.entry(agent_id.to_owned()).or_default().insert(model.to_owned(), number);
        number
    }
}

//! The synthetic traffic of the demo. It is a pure function of a seed and the calendar, without I/O, clock or state:
//! the traces of a moment do not depend on the requested window, so the history can be generated in parts,
//! repeatedly, and while new traces arrive. [`feed`] sends the traces, and [`alert`] computes the alerts of the
//! history.

mod agent;
pub mod alert;
mod conversation;
mod data;
pub mod feed;
mod incident;
mod model;
mod random;
mod render;
mod rhythm;
mod run;
mod schedule;
mod words;

use std::collections::BTreeMap;

use shared::{Timestamp, trace::TraceInput};

use self::{agent::AGENTS, rhythm::Minute, run::Run};

/// Returns the traces that start in `[from, to)`, in the order of their start: about 1,500 per day.
pub fn traces_between(seed: u64, from: Timestamp, to: Timestamp) -> impl Iterator<Item = TraceInput> + Send {
    runs_between(seed, from, to).map(|run| render::trace(&run))
}

/// Returns the number of traces that start in `[from, to)`.
pub fn count_between(seed: u64, from: Timestamp, to: Timestamp) -> i64 {
    i64::try_from(runs_between(seed, from, to).count()).unwrap_or(i64::MAX)
}

/// Returns the runs in `[from, to)`, without texts.
fn runs_between(seed: u64, from: Timestamp, to: Timestamp) -> Runs {
    // A conversation that began before the window may reach into it.
    let next = Minute(Minute::of(from).0 - schedule::MINUTES);
    Runs { seed, from, to, next, waiting: BTreeMap::new() }
}

/// Generates the runs minute by minute, and yields them once no later minute can contain an earlier one.
struct Runs {
    seed: u64,
    from: Timestamp,
    to: Timestamp,
    next: Minute,
    waiting: BTreeMap<(Timestamp, u128), Run>,
}

impl Iterator for Runs {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        loop {
            let complete = self.next.start().min(self.to);
            if let Some(first) = self.waiting.first_entry()
                && first.key().0 < complete
            {
                return Some(first.remove());
            }
            if self.next.start() >= self.to {
                return None;
            }
            for (index, agent) in (0..).zip(AGENTS.iter()) {
                let runs = schedule::runs(self.seed, index, agent, self.next);
                let wanted = runs.into_iter().filter(|run| (self.from..self.to).contains(&run.start));
                self.waiting.extend(wanted.map(|run| ((run.start, run.id), run)));
            }
            self.next = Minute(self.next.0 + 1);
        }
    }
}

#[cfg(test)]
mod tests;

//! The output on the terminal: a progress bar, or without a terminal a line at an interval; rejected lines; and waiting
//! times.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{HumanCount, HumanDuration};

use crate::cli::progress::Progress;

const WITH_SIZE: &str =
    "{bar:30} {percent:>3} %  {bytes}/{total_bytes}  {msg}  {binary_bytes_per_sec}  {eta} left";
const WITHOUT_SIZE: &str = "{spinner} {msg}  {per_sec}  {elapsed}";

/// Counts and displays the progress.
#[derive(Debug)]
pub struct Report {
    progress: Progress,
    /// The size of the input, if it is known.
    bytes: Option<u64>,
    done: AtomicU64,
    accepted: AtomicU64,
    invalid: AtomicU64,
    started: Instant,
    /// The last message about waiting; concurrent requests often wait for the same reason.
    waiting: Mutex<String>,
}

impl Report {
    /// Creates a report for an input of `bytes`, if known.
    pub fn start(bytes: Option<u64>) -> Self {
        let progress = Progress::start(bytes, if bytes.is_some() { WITH_SIZE } else { WITHOUT_SIZE });
        let (done, accepted, invalid) = Default::default();
        Self { progress, bytes, done, accepted, invalid, started: Instant::now(), waiting: Mutex::default() }
    }

    /// Records a batch of which `accepted` traces were accepted, read up to `position`.
    pub fn batch(&self, accepted: u64, position: u64) {
        let accepted = self.accepted.fetch_add(accepted, Ordering::Relaxed) + accepted;
        // Batches may complete out of order.
        let done = self.done.fetch_max(position, Ordering::Relaxed).max(position);
        let position = if self.bytes.is_some() { done } else { accepted };
        self.progress.set(position, || format!("{} traces", HumanCount(accepted)));
    }

    /// Records a rejected line.
    pub fn record_invalid(&self, line: u64, detail: &str) {
        self.invalid.fetch_add(1, Ordering::Relaxed);
        self.progress.print(&format!("line {line}: {detail}"));
    }

    /// Reports that the import waits before a retry.
    pub fn report_wait(&self, why: &str, delay: Duration) {
        let text = format!("waiting {} s: {why}", delay.as_secs_f64());
        let mut last = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != text {
            self.progress.print(&text);
            *last = text;
        }
    }

    /// Prints the line that replaces the bar without a terminal.
    pub fn print_line(&self) {
        self.progress.line(|| {
            let share = self
                .bytes
                .filter(|&bytes| bytes > 0)
                .map(|bytes| 100 * self.done.load(Ordering::Relaxed) / bytes);
            let share = share.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
            format!("{} traces{share}", HumanCount(self.accepted()))
        });
    }

    /// Removes the bar; the counts remain.
    pub fn finish(&self) {
        self.progress.finish();
    }

    /// Returns the number of accepted traces.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Returns the number of rejected lines.
    pub fn invalid_lines(&self) -> u64 {
        self.invalid.load(Ordering::Relaxed)
    }

    /// Returns the counts and the duration in one line.
    pub fn summary(&self) -> String {
        let (accepted, invalid) = (self.accepted(), self.invalid_lines());
        let time = self.started.elapsed();
        let lines = if invalid == 1 { "line" } else { "lines" };
        let invalid =
            if invalid == 0 { String::new() } else { format!(", {} invalid {lines}", HumanCount(invalid)) };
        format!("{} traces accepted{invalid} in {}", HumanCount(accepted), HumanDuration(time))
    }
}

//! Background jobs: one trait, one runner that repeats, counts and stops them, and the lease that keeps two processes
//! from doing the same work.

mod lease;
mod runner;
mod stop;

use std::time::Duration;

use store::StoreError;

pub use self::{
    lease::Lease,
    runner::Jobs,
    stop::{Stop, StopSignal},
};

/// Work that is repeated at an interval for as long as the process runs.
pub trait Job: Send + Sync + 'static {
    /// The name in metrics and logs.
    const NAME: &'static str;
    /// Whether the job runs once more when the process stops.
    const HAS_FINAL_RUN: bool = false;

    /// Returns the time between the starts of two runs. Runs do not overlap: after one that took longer, the next starts
    /// at once.
    fn interval(&self) -> Duration;

    /// Returns the time before the first run.
    fn first_delay(&self) -> Duration {
        Duration::ZERO
    }

    /// Performs the work that is due. After `stop` is requested, starts no new work and finishes the work in flight.
    ///
    /// # Errors
    /// Returns an error if the store fails; the next run tries again.
    fn run(&self, stop: &Stop) -> impl Future<Output = Result<(), StoreError>> + Send;
}

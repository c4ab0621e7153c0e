//! Alert rules over time, on a manual clock and real stores. Every scenario runs on every engine and asserts the exact
//! alerts and notifications.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod fault;
mod lifecycle;
mod notification;
mod preview;
mod rule;
mod scale;
mod silence;
mod stage;
mod suite;
mod workspace;

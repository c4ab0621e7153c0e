//! Alert rules over time: days pass in milliseconds on a clock that is moved by hand, over real stores. Every scenario says
//! exactly which alerts there must be and what channels are told, and runs on every engine.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod agree;
mod fault;
mod life;
mod many;
mod rule;
mod silence;
mod stage;
mod suite;
mod tell;
mod workspace;

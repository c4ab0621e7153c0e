//! Alert rules over time: days pass in milliseconds on a clock that is moved by hand, over real stores. Every scenario says
//! exactly which alerts there must be and what channels are told, and runs on every engine.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod agree;
#[path = "../store/database.rs"]
#[expect(dead_code, reason = "the tests of the stores use the rest")]
mod database;
mod fault;
mod life;
mod many;
#[path = "../store/trace/oracle.rs"]
#[expect(dead_code, reason = "the tests of the stores use the rest")]
mod oracle;
#[path = "../services/postgres.rs"]
#[expect(dead_code, reason = "the tests of the stores use the rest")]
mod postgres;
#[path = "../store/property.rs"]
mod property;
mod rule;
#[path = "../store/trace/sample.rs"]
#[expect(dead_code, reason = "the tests of the stores use the rest")]
mod sample;
mod silence;
mod stage;
mod suite;
mod tell;
mod workspace;

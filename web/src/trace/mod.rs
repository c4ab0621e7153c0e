//! The model of a trace: span tree, times, and critical path. Pure functions.

mod critical;
mod find;
mod model;
#[cfg(test)]
pub mod sample;
mod time;
mod tree;

pub use critical::CriticalPath;
pub use find::{contains, matches};
pub use model::Model;
pub use time::{Times, ticks};
pub use tree::Tree;

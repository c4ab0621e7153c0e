//! What the page works out about a run: who is whose part, where the time went, what determined the end. Pure.

mod critical;
mod find;
mod model;
#[cfg(test)]
pub mod sample;
mod time;
mod tree;

pub use critical::CriticalPath;
pub use find::{contains, fits};
pub use model::Model;
pub use time::{Times, percent, ticks};
pub use tree::Tree;

//! Hooks that several pages use.

mod now;
pub mod poll;
mod poll_state;
mod query;
mod rows;
mod size;
mod title;

pub use now::use_now;
pub use poll::{Poll, use_poll};
pub use query::use_query;
pub use rows::use_visible_rows;
pub use size::use_width;
pub use title::use_title;

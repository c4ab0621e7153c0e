//! Hooks that several pages use.

mod account;
mod breakdown;
mod link_token;
mod measure;
mod now;
pub mod poll;
mod poll_state;
mod query;
mod rows;
mod submission;
mod title;

pub use account::{Account, use_permission, use_role};
pub use breakdown::use_breakdown_keys;
pub use link_token::use_link_token;
pub use measure::use_width;
pub use now::use_now;
pub use poll::{Poll, use_poll};
pub use query::use_query;
pub use rows::use_visible_rows;
pub use submission::{use_action, use_submission};
pub use title::use_title;

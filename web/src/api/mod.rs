//! The one way to the API: adds the token, turns every answer into a DTO or an [`ApiError`], and reports a refused
//! token. One function per endpoint, in the file of its noun. Keeps nothing: polling and state are `hooks::poll`'s.

mod account;
mod alert;
mod alert_channel;
mod alert_rule;
mod answer;
mod api_key;
mod client;
mod error;
mod metric;
mod price;
mod thread;
mod trace;

pub use client::{Asked, Client};
pub use error::ApiError;
pub use thread::ThreadKind;

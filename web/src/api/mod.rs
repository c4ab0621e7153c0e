//! The client of the API: adds the token, reads every response as a DTO or an [`ApiError`], and reports a rejected token.
//! One method per endpoint, in the file of its noun. Polling and state belong to `hooks::poll`.

mod account;
mod alert;
mod alert_channel;
mod alert_rule;
mod api_key;
mod audit;
mod client;
mod error;
mod invitation;
mod metric;
mod price;
mod session;
mod trace;
mod workspace;

pub use audit::AuditQuery;
pub use client::{ApiRequest, Client};
pub use error::ApiError;
pub use session::SessionKind;

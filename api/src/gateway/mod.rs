//! The front door: who is asking, how often they may, and what every answer carries. Accounts and keys are handled
//! here; traces are not.

pub mod api_key;
pub mod asset;
pub mod auth;
pub mod authenticate;
pub mod credential;
pub mod header;
pub mod identity;
pub mod jwt;
pub mod key;
pub mod password;
pub mod rate_limit;
pub mod secret;

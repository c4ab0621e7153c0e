//! Rate limits: requests per workspace, logins per e-mail and address. Decides whether a request may pass; the
//! handlers build the response.

mod count;
mod engine;
mod key;
mod login;
mod redis;
mod request;
pub mod window;

pub use self::{
    login::{Attempt, LoginLimit, network},
    request::RateLimit,
    window::{Decision, SlidingWindow},
};

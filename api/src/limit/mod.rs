//! Rate limits: requests per workspace, logins per e-mail and address, computations at once per workspace. Decides whether a request may pass; the
//! handlers build the response.

pub mod computation;
mod count;
mod email;
mod engine;
mod key;
mod login;
mod redis;
mod request;
pub mod window;

pub use self::{
    email::{EmailLimit, LINKS_PER_WORKSPACE},
    login::{Attempt, LoginLimit},
    request::RateLimit,
    window::{Decision, SlidingWindow},
};

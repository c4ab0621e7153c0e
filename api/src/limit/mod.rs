//! Rate limits: requests per workspace and user, logins per e-mail and network, computations at once per workspace, e-mails
//! per recipient and workspace. Decides whether a request may pass; the
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
    login::{Attempt, LoginLimit, network},
    request::{Class, RateLimit},
    window::{Decision, SlidingWindow},
};

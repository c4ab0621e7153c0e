//! Rate limits: requests per workspace and user, logins per e-mail and network, e-mails per recipient. Decides whether a request may pass; the
//! handlers build the response.

mod count;
mod engine;
mod key;
mod login;
mod mail;
mod redis;
mod request;
pub mod window;

pub use self::{
    login::{Attempt, LoginLimit, network},
    mail::MailLimit,
    request::{Class, RateLimit},
    window::{Decision, SlidingWindow},
};

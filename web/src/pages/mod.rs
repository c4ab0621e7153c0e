//! The pages: each asks the API and hands the answers to components.

pub(crate) mod alerts;
pub mod dashboard;
pub(crate) mod login;
pub(crate) mod not_found;
pub(crate) mod register;
pub(crate) mod settings;
pub mod start;
pub mod thread;
pub(crate) mod trace;
pub(crate) mod traces;

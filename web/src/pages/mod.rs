//! The pages. Each one loads its data from the API and passes it to components.

pub(crate) mod alerts;
pub mod confirm_recipient;
pub mod dashboard;
pub(crate) mod forgot;
pub(crate) mod invitation;
pub(crate) mod login;
pub(crate) mod not_found;
pub(crate) mod oidc;
pub(crate) mod register;
pub(crate) mod reset;
pub mod session;
pub(crate) mod settings;
pub mod start;
pub(crate) mod trace;
pub(crate) mod traces;

//! Texts about people and access: roles, scopes, browsers, audited actions. Pure functions.

mod action;
mod label;
mod user_agent;

pub use action::{action_label, action_nouns, actor_label};
pub use label::{role_description, role_label, scope_description, scope_label};
pub use user_agent::user_agent_label;

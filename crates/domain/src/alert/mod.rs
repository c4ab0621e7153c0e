//! Alert rules: `measure` computes what a rule measures, `state` is the state machine of a rule's groups, `evaluate`
//! runs a rule at its evaluation times, `lifecycle` turns the results into alerts and, with `notify`, into notifications,
//! `describe` (with `contributor`) writes their texts, and `preview` evaluates a rule over the past. `share` divides the
//! deliveries in flight between workspaces. Stores and leases belong to other crates.

mod contributor;
pub mod default;
pub mod describe;
pub mod evaluate;
pub mod lifecycle;
pub mod measure;
mod notify;
pub mod preview;
pub mod record;
pub mod share;
pub mod state;
pub mod subject;

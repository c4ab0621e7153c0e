//! The logic of the alert pages that needs no browser: labels, values with units, rule summaries, preview charts, and form
//! values.

mod form;
mod label;
mod preview_chart;
mod rule_summary;

pub use form::{form_values, request_body};
pub use label::{
    baseline_label, channel_kind_label, delivery_status, event_label, metric_label, min_severity_label,
    resolution_label, severity_label, state_label, threshold, unit_label, value,
};
pub use preview_chart::{firing_summary, preview_chart};
pub use rule_summary::rule_summary;

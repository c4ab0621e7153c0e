//! What pages know of alerts, rules and channels without a browser: words, values with their units, the sentence that a
//! rule is, and what a preview marks in its chart.

mod form;
mod marks;
mod sentence;
mod word;

pub use form::{body, typed};
pub use marks::{firings, shown};
pub use sentence::sentence;
pub use word::{
    baseline_label, delivery_outcome, event_label, kind_label, metric_label, reach_label, resolution_label,
    severity_label, state_label, threshold, unit_word, value,
};

//! Alert rules: which values of a workspace are evaluated, and when they fire an alert.

mod metric;
mod preview;
mod request;
mod validate;

pub use metric::AlertMetric;
pub use preview::{AlertPreview, AlertPreviewSeries, AlertPreviewSpan};
pub use request::{AlertRule, AlertRuleRequest, Baseline, Side};

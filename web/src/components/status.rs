//! The status of a trace or span, as a badge.

use icondata_core::IconData;
use icondata_lu::{LuCircleCheck, LuCircleX, LuTimerOff};
use shared::trace::TraceStatus;
use yew::prelude::*;

use super::icon::svg_icon;

/// Returns the label of a status.
pub fn status_label(status: TraceStatus) -> &'static str {
    match status {
        TraceStatus::Success => "Success",
        TraceStatus::Error => "Error",
        TraceStatus::Timeout => "Timeout",
    }
}

/// Returns the icon of a status.
pub fn status_icon(status: TraceStatus) -> &'static IconData {
    match status {
        TraceStatus::Success => LuCircleCheck,
        TraceStatus::Error => LuCircleX,
        TraceStatus::Timeout => LuTimerOff,
    }
}

/// Renders a status with an icon and a label, since colour alone is not accessible.
pub fn status_badge(status: TraceStatus) -> Html {
    html! {
        <span class={classes!("badge", format!("status-{}", status.as_str()))}>
            { svg_icon(status_icon(status)) }
            { status_label(status) }
        </span>
    }
}

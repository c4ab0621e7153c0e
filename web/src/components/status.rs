//! How a run ended, as a badge.

use icondata_core::IconData;
use icondata_lu::{LuCircleCheck, LuCircleX, LuTimerOff};
use shared::trace::TraceStatus;
use yew::prelude::*;

use super::icon::Icon;

/// The word for people.
pub fn status_label(status: TraceStatus) -> &'static str {
    match status {
        TraceStatus::Success => "Success",
        TraceStatus::Error => "Error",
        TraceStatus::Timeout => "Timeout",
    }
}

fn icon(status: TraceStatus) -> &'static IconData {
    match status {
        TraceStatus::Success => LuCircleCheck,
        TraceStatus::Error => LuCircleX,
        TraceStatus::Timeout => LuTimerOff,
    }
}

/// Properties of [`StatusBadge`].
#[derive(Properties, PartialEq)]
pub struct StatusBadgeProps {
    /// How it ended.
    pub status: TraceStatus,
}

/// Icon and word: the colour alone says nothing.
#[component]
pub fn StatusBadge(props: &StatusBadgeProps) -> Html {
    html! {
        <span class={classes!("badge", format!("status-{}", props.status.as_str()))}>
            <Icon icon={icon(props.status)} />
            { status_label(props.status) }
        </span>
    }
}

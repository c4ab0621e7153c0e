//! The activity stream: traces of the last hour.

use icondata_lu::LuActivity;
use shared::{activity::Activity, format};
use yew::prelude::*;

use super::{icon::svg_icon, link::RouteLink, message::message, status::status_badge, time::RelativeTime};
use crate::route::Route;

/// Renders a row per activity with a link to its trace, or an empty state.
pub fn activity_stream(activities: &[Activity]) -> Html {
    if activities.is_empty() {
        return message(LuActivity, "No activity", html! { <p>{ "No traces in the last hour." }</p> });
    }
    html! {
        <ul class="activities">
            for activity in activities {
                <li key={activity.id.to_string()} class="activity">
                    { row(activity) }
                </li>
            }
        </ul>
    }
}

fn row(activity: &Activity) -> Html {
    let metadata = &activity.metadata;
    html! {
        <>
            <span class={classes!("activity-dot", format!("status-{}", activity.status.as_str()))}>{ svg_icon(LuActivity) }</span>
            <div class="activity-body">
                <RouteLink
                    class="activity-agent stretched"
                    to={Route::Trace { id: activity.trace_id.clone() }}
                >
                    { activity.agent_id.clone() }
                </RouteLink>
                <span class="activity-action">
                    { format::words(&activity.action) }
                    if let Some(model) = &metadata.model { { " · " }<span class="mono">{ model.clone() }</span> }
                </span>
            </div>
            <span class="activity-stats">
                <span>{ format::latency(metadata.latency_ms) }</span>
                <span class="muted">{ metadata.cost_usd.map(format::cost) }</span>
            </span>
            <span class="activity-status">{ status_badge(activity.status) }</span>
            <span class="activity-time"><RelativeTime at={activity.timestamp} /></span>
        </>
    }
}

//! Lists of alerts, newest first, and their badges.

use icondata_core::IconData;
use icondata_lu::{LuBell, LuCheck, LuCircleCheck, LuInfo, LuOctagonAlert, LuTriangleAlert};
use shared::alert::{Alert, AlertState, Severity};
use yew::prelude::*;

use super::{icon::svg_icon, link::RouteLink, message::message, time::RelativeTime};
use crate::{
    alert::{severity_label, state_label},
    route::Route,
};

fn icon(severity: Severity) -> &'static IconData {
    match severity {
        Severity::Info => LuInfo,
        Severity::Warning => LuTriangleAlert,
        Severity::Critical => LuOctagonAlert,
    }
}

/// Renders the list, or an empty state.
pub fn alerts_feed(alerts: &[Alert]) -> Html {
    if alerts.is_empty() {
        return no_alerts("No recent alerts", "An alert appears here when a rule fires.");
    }
    html! {
        <ul class="alerts">
            for alert in alerts {
                { alert_item(alert, html! { <span class="alert-time"><RelativeTime at={alert.created_at} /></span> }, Html::default()) }
            }
        </ul>
    }
}

/// Renders the empty state of a list of alerts.
pub fn no_alerts(title: &'static str, text: &'static str) -> Html {
    message(LuBell, title, html! { <p>{ text }</p> })
}

/// Renders an alert of a list with a link to its page. `aside` is placed beside it, `below` under its description.
pub fn alert_item(alert: &Alert, aside: Html, below: Html) -> Html {
    let resolved = (alert.state == AlertState::Resolved).then_some("resolved");
    let severity = format!("severity-{}", alert.severity.as_str());
    html! {
        <li key={alert.id.to_string()} class={classes!("alert", severity, resolved)}>
            <span class="alert-icon">{ svg_icon(icon(alert.severity)) }</span>
            <div class="alert-body">
                <p class="alert-title">
                    <span class="visually-hidden">{ severity_label(alert.severity) }{ ": " }</span>
                    <RouteLink class="alert-link" to={Route::Alert { id: alert.id.to_string() }}>{ alert.title.clone() }</RouteLink>
                    { state_badge(alert.state) }
                </p>
                <p class="alert-text">{ alert.description.clone() }</p>
                { below }
            </div>
            { aside }
        </li>
    }
}

/// Renders the state of an alert as a badge.
pub fn state_badge(state: AlertState) -> Html {
    let icon = match state {
        AlertState::Firing => LuBell,
        AlertState::Acknowledged => LuCheck,
        AlertState::Resolved => LuCircleCheck,
    };
    html! {
        <span class={classes!("badge", format!("state-{}", state.as_str()))}>{ svg_icon(icon) }{ state_label(state) }</span>
    }
}

/// Renders a severity as a badge.
pub fn severity_badge(severity: Severity) -> Html {
    html! {
        <span class={classes!("badge", format!("severity-{}", severity.as_str()))}>{ svg_icon(icon(severity)) }{ severity_label(severity) }</span>
    }
}

/// Renders the number of alerts per severity, highest severity first.
pub fn severity_counts(alerts: &[Alert]) -> Html {
    html! {
        <span class="severity-counts">
            for severity in Severity::ALL.into_iter().rev() {
                { count(severity, alerts.iter().filter(|alert| alert.severity == severity).count()) }
            }
        </span>
    }
}

fn count(severity: Severity, count: usize) -> Html {
    if count == 0 {
        return Html::default();
    }
    html! {
        <span class={classes!("badge", format!("severity-{}", severity.as_str()))} title={format!("{count} {}", severity.as_str())}>
            { svg_icon(icon(severity)) }
            { count }
            <span class="visually-hidden">{ format!(" {}", severity.as_str()) }</span>
        </span>
    }
}

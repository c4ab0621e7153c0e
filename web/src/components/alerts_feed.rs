//! Alerts, newest first.

use icondata_core::IconData;
use icondata_lu::{LuBell, LuInfo, LuOctagonAlert, LuTriangleAlert};
use shared::alert::{Alert, Severity};
use yew::prelude::*;

use super::{icon::svg_icon, message::message, time::RelativeTime};

/// The word for people.
#[must_use]
pub fn severity_label(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Info",
        Severity::Warning => "Warning",
        Severity::Critical => "Critical",
    }
}

fn icon(severity: Severity) -> &'static IconData {
    match severity {
        Severity::Info => LuInfo,
        Severity::Warning => LuTriangleAlert,
        Severity::Critical => LuOctagonAlert,
    }
}

/// The list, or a word where there is nothing to worry about.
pub fn alerts_feed(alerts: &[Alert]) -> Html {
    if alerts.is_empty() {
        return html! {
            { message(LuBell, "No alerts", html! { <>
                <p>{ "Nothing is out of bounds. What should be looked at will show up here." }</p>
            </> }) }
        };
    }
    html! {
        <ul class="alerts">
            for alert in alerts {
                <li key={alert.id.to_string()} class={classes!("alert", format!("severity-{}", alert.severity.as_str()))}>
                    <span class="alert-icon">{ svg_icon(icon(alert.severity)) }</span>
                    <div class="alert-body">
                        <p class="alert-title">
                            <span class="visually-hidden">{ severity_label(alert.severity) }{ ": " }</span>
                            { alert.title.clone() }
                        </p>
                        <p class="alert-text">{ alert.description.clone() }</p>
                    </div>
                    <span class="alert-time"><RelativeTime at={alert.created_at} /></span>
                </li>
            }
        </ul>
    }
}

/// How many there are of each severity, worst first.
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

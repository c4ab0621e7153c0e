//! Alerts, newest first.

use icondata_core::IconData;
use icondata_lu::{LuBell, LuInfo, LuOctagonAlert, LuTriangleAlert};
use shared::alert::{Alert, Severity};
use yew::prelude::*;

use super::{icon::Icon, message::Message, time::RelativeTime};

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

/// Properties of [`AlertsFeed`] and [`SeverityCounts`].
#[derive(Properties, PartialEq)]
pub struct AlertsFeedProps {
    /// The alerts, newest first.
    pub alerts: Vec<Alert>,
}

/// The list, or a word where there is nothing to worry about.
#[component]
pub fn AlertsFeed(props: &AlertsFeedProps) -> Html {
    if props.alerts.is_empty() {
        return html! {
            <Message icon={LuBell} title="No alerts">
                <p>{ "Nothing is out of bounds. What should be looked at will show up here." }</p>
            </Message>
        };
    }
    html! {
        <ul class="alerts">
            for alert in &props.alerts {
                <li key={alert.id.to_string()} class={classes!("alert", format!("severity-{}", alert.severity.as_str()))}>
                    <span class="alert-icon"><Icon icon={icon(alert.severity)} /></span>
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
#[component]
pub fn SeverityCounts(props: &AlertsFeedProps) -> Html {
    html! {
        <span class="severity-counts">
            for severity in Severity::ALL.into_iter().rev() {
                { count(severity, props.alerts.iter().filter(|alert| alert.severity == severity).count()) }
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
            <Icon icon={icon(severity)} />
            { count }
            <span class="visually-hidden">{ format!(" {}", severity.as_str()) }</span>
        </span>
    }
}

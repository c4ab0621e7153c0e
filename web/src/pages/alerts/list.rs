//! The list of active or resolved alerts, with pagination.

use shared::{
    alert::{Alert, AlertStateFilter, Severity},
    format, ttl,
};
use uuid::Uuid;
use yew::prelude::*;

use super::facts::{actions, facts};
use crate::{
    auth::use_client,
    components::{
        alerts_feed::{alert_item, no_alerts, severity_counts},
        form_error::form_error,
        load::{skeleton_lines, view},
        pager::pager,
        updated::Updated,
    },
    hooks::{use_action, use_poll},
    intl,
};

/// The number of alerts per page.
const PAGE_ALERTS: u32 = 25;

/// Properties of [`AlertList`].
#[derive(Properties, PartialEq)]
pub struct AlertListProps {
    /// Whether resolved alerts are shown, instead of active ones.
    pub resolved: bool,
    /// Shows only alerts of this severity.
    pub severity: Option<Severity>,
    /// The page, from 1.
    pub page: u32,
    /// Called with the number of another page.
    pub on_page: Callback<u32>,
}

/// Loads and renders the list.
#[component]
pub fn AlertList(props: &AlertListProps) -> Html {
    let client = use_client();
    let key = (props.resolved, props.severity, props.page);
    let alerts = use_poll(key, ttl::ALERTS, |client, (resolved, severity, page)| {
        let state = if resolved { AlertStateFilter::Resolved } else { AlertStateFilter::Open };
        client.list_alerts(state, severity, PAGE_ALERTS, page)
    });
    let (send, error) = use_action(alerts.on_refresh());
    let on_acknowledge = send.reform(move |id: Uuid| client.acknowledge_alert(&id.to_string()));
    let now = intl::now();
    let item = |alert: &Alert| {
        let below = html! {
            <div class="alert-foot">
                { facts(alert, now) }
                { actions(alert, &on_acknowledge) }
            </div>
        };
        alert_item(alert, Html::default(), below)
    };
    let empty = || match (props.severity, props.resolved) {
        (Some(_), _) => no_alerts("No alerts with this severity", "Choose another severity above."),
        (None, true) => no_alerts("No resolved alerts", "Alerts move here when they are resolved."),
        (None, false) => no_alerts("No active alerts", "An alert appears here when a rule fires."),
    };
    html! {
        <section class="panel" aria-label={if props.resolved { "History" } else { "Firing" }}>
            <header class="panel-head">
                if let Some(page) = alerts.data() {
                    <h2>{ if page.total == 1 { "1 alert".to_owned() } else { format!("{} alerts", format::integer(page.total)) } }</h2>
                    if !props.resolved { { severity_counts(&page.items) } }
                }
                <Updated at={alerts.updated_at()} loading={alerts.is_loading()} on_refresh={alerts.on_refresh()} />
            </header>
            { form_error(error.as_deref()) }
            { view(&alerts, skeleton_lines(8), |page| html! {
                if page.items.is_empty() {
                    { empty() }
                } else {
                    <>
                        <ul class="alerts">{ for page.items.iter().map(item) }</ul>
                        if page.total_pages > 1 { { pager(page, &props.on_page) } }
                    </>
                }
            }) }
        </section>
    }
}

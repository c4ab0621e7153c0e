//! Alerts by pages: those that last, or those that are over.

use shared::{
    alert::{Alert, Severity},
    ttl,
};
use uuid::Uuid;
use yew::prelude::*;

use super::row::{actions, facts};
use crate::{
    auth::use_client,
    components::{
        alerts_feed::{alert_item, no_alerts, severity_counts},
        form_error::form_error,
        load::{skeleton_lines, view},
        pager::pager,
        updated::Updated,
    },
    format,
    hooks::use_poll,
    intl,
};

/// Alerts on a page.
const ROWS: u32 = 25;

/// Properties of [`AlertList`].
#[derive(Properties, PartialEq)]
pub struct AlertListProps {
    /// Whether those are shown that are over.
    pub is_over: bool,
    /// Only these.
    pub severity: Option<Severity>,
    /// Which page, from 1.
    pub page: u32,
    /// Told of another page.
    pub on_page: Callback<u32>,
}

/// See the module.
#[component]
pub fn AlertList(props: &AlertListProps) -> Html {
    let client = use_client();
    let error = use_state(|| None::<String>);
    let question = (props.is_over, props.severity, props.page);
    let alerts = use_poll(question, ttl::ALERTS, |client, (is_over, severity, page)| {
        client.alerts(if is_over { "resolved" } else { "open" }, severity, ROWS, page)
    });
    let on_acknowledge = {
        let (error, on_refresh) = (error.clone(), alerts.on_refresh());
        Callback::from(move |id: Uuid| {
            let (error, on_refresh) = (error.clone(), on_refresh.clone());
            client.acknowledge(&id.to_string()).then(Callback::from(move |reason| {
                error.set(reason);
                on_refresh.emit(());
            }));
        })
    };
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
    let nothing = || match (props.severity, props.is_over) {
        (Some(_), _) => no_alerts("No alerts of this severity", "Choose another one above."),
        (None, true) => {
            no_alerts("Nothing is over yet", "Alerts move here once their values are back within bounds.")
        }
        (None, false) => no_alerts("No alerts", "Nothing is out of bounds. Rules say what would be."),
    };
    html! {
        <section class="panel" aria-label={if props.is_over { "History" } else { "Firing" }}>
            <header class="panel-head">
                if let Some(page) = alerts.data() {
                    <h2>{ if page.total == 1 { "1 alert".to_owned() } else { format!("{} alerts", format::integer(page.total)) } }</h2>
                    if !props.is_over { { severity_counts(&page.items) } }
                }
                <Updated at={alerts.updated_at()} loading={alerts.is_loading()} on_refresh={alerts.on_refresh()} />
            </header>
            { form_error(error.as_deref()) }
            { view(&alerts, skeleton_lines(8), |page| html! {
                if page.items.is_empty() {
                    { nothing() }
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

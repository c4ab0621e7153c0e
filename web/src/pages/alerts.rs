//! The newest alerts, all or of one severity.

use serde::Serialize;
use shared::{
    alert::Severity,
    answer::{FromAnswer, Node},
    limit, ttl,
};
use yew::prelude::*;

use crate::{
    components::{
        alerts_feed::{alerts_feed, severity_counts, severity_label},
        load::{skeleton_lines, view},
        updated::Updated,
    },
    hooks::{use_poll, use_query, use_title},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct AlertsQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
}

impl FromAnswer for AlertsQuery {
    fn from_answer(node: Node<'_>) -> Self {
        Self { severity: node.field("severity") }
    }
}

/// See the module.
#[component]
pub fn AlertsPage() -> Html {
    use_title("Alerts");
    let (query, set_query) = use_query::<AlertsQuery>();
    let alerts = use_poll(query.severity, ttl::ALERTS, |client, severity| {
        client.recent_alerts(limit::PAGE_ITEMS, severity)
    });
    let choice = |severity: Option<Severity>| {
        let onclick = set_query.reform(move |_: MouseEvent| AlertsQuery { severity });
        html! {
            <button type="button" aria-pressed={(query.severity == severity).to_string()} {onclick}>
                { severity.map_or("All", severity_label) }
            </button>
        }
    };
    html! {
        <>
            <div class="page-head">
                <div>
                    <h1>{ "Alerts" }</h1>
                    <p class="muted">{ "What went out of bounds, newest first." }</p>
                </div>
                <div class="page-tools">
                    <div class="segments" role="group" aria-label="Severity">
                        { choice(None) }
                        { for Severity::ALL.into_iter().rev().map(|severity| choice(Some(severity))) }
                    </div>
                    <Updated at={alerts.updated_at()} loading={alerts.is_loading()} on_refresh={alerts.on_refresh()} />
                </div>
            </div>
            <section class="panel" aria-label="Alerts">
                { view(&alerts, skeleton_lines(8), |list| html! {
                    <>
                        if !list.items.is_empty() {
                            <header class="panel-head">
                                <h2>{ if list.total == 1 { "1 alert".to_owned() } else { format!("{} alerts", list.total) } }</h2>
                                { severity_counts(&list.items) }
                            </header>
                        }
                        { alerts_feed(&list.items) }
                    </>
                }) }
            </section>
        </>
    }
}

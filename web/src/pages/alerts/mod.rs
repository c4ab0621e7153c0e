//! Alert pages: active alerts, history, and rules.

mod detail;
mod facts;
mod list;
mod preview;
mod rule;
mod rule_form;
mod rule_list;

pub use detail::AlertPage;
pub use rule::RulePage;

use icondata_lu::LuPlus;
use serde::{Deserialize, Serialize};
use shared::alert::Severity;
use yew::prelude::*;

use crate::{
    alert::severity_label,
    components::{icon::svg_icon, link::RouteLink, page_head::page_head, permitted::Permitted},
    hooks::{use_query, use_title},
    route::Route,
};
use list::AlertList;
use rule_list::RuleList;

/// The value of `show` for resolved alerts.
const HISTORY: &str = "history";
/// The value of `show` for rules.
const RULES: &str = "rules";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AlertsQuery {
    /// [`HISTORY`], [`RULES`], or absent for active alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    show: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
}

/// Renders the tabs for active alerts, history, and rules.
#[component]
pub fn AlertsPage() -> Html {
    use_title("Alerts");
    let (query, set_query) = use_query::<AlertsQuery>();
    let show = query.show.as_deref();
    let tab = |to: Option<&'static str>, label: &'static str| {
        let query = to.map(|show| format!("show={show}")).unwrap_or_default();
        html! { <RouteLink class="tab" to={Route::Alerts} {query} current={show == to}>{ label }</RouteLink> }
    };
    let choice = |severity: Option<Severity>| {
        let show = query.show.clone();
        let onclick =
            set_query.reform(move |_: MouseEvent| AlertsQuery { show: show.clone(), severity, page: None });
        html! {
            <button type="button" aria-pressed={(query.severity == severity).to_string()} {onclick}>
                { severity.map_or("All", severity_label) }
            </button>
        }
    };
    let on_page = {
        let query = query.clone();
        set_query.reform(move |page: u32| AlertsQuery { page: (page > 1).then_some(page), ..query.clone() })
    };
    let shows_rules = show == Some(RULES);
    let tools = html! {
        if shows_rules {
            <Permitted><RouteLink class="button primary" to={Route::AlertRule { id: rule::NEW.to_owned() }}>{ svg_icon(LuPlus) }{ "New rule" }</RouteLink></Permitted>
        } else {
            <div class="segments" role="group" aria-label="Severity">
                { choice(None) }
                { for Severity::ALL.into_iter().rev().map(|severity| choice(Some(severity))) }
            </div>
        }
    };
    html! {
        <>
            { page_head("Alerts", "Active and past alerts, and the rules that trigger them.", Some(tools)) }
            <nav class="page-tabs" aria-label="Alerts">
                { tab(None, "Firing") }
                { tab(Some(HISTORY), "History") }
                { tab(Some(RULES), "Rules") }
            </nav>
            if shows_rules {
                <RuleList />
            } else {
                <AlertList resolved={show == Some(HISTORY)} severity={query.severity} page={query.page.unwrap_or(1)} {on_page} />
            }
        </>
    }
}

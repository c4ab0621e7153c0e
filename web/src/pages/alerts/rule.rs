//! The page that creates or edits a rule.

use icondata_lu::LuBell;
use serde_json::{Value, json};
use shared::{error::ErrorCode, ttl};
use yew::prelude::*;

use super::rule_form::RuleForm;
use crate::{
    api::ApiError,
    by_pointer::ByPointer,
    components::{
        crumbs::crumbs,
        link::RouteLink,
        load::{skeleton_block, view},
        message::message,
    },
    hooks::{use_poll, use_title},
    route::Route,
};

/// The id of a new rule in the URL.
pub const NEW: &str = "new";

/// Properties of [`RulePage`].
#[derive(Properties, PartialEq)]
pub struct RulePageProps {
    /// The rule's id, or [`NEW`].
    pub id: String,
}

/// Loads a rule, or starts with default values, and renders its form.
#[component]
pub fn RulePage(props: &RulePageProps) -> Html {
    let is_new = props.id == NEW;
    let rule = use_poll(props.id.clone(), ttl::TRACE_DETAIL, |client, id| async move {
        if id == NEW { Ok(default_rule()) } else { client.get_alert_rule(&id).await }
    });
    let name = rule.data().and_then(|rule| rule["name"].as_str().map(str::to_owned)).filter(|_| !is_new);
    let title = name.unwrap_or_else(|| if is_new { "New rule" } else { "Rule" }.to_owned());
    use_title(&title);
    let code = rule.error().and_then(ApiError::code);
    let missing =
        matches!(code, Some(ErrorCode::NotFound | ErrorCode::BadRequest | ErrorCode::ValidationFailed));
    let id = (!is_new).then(|| props.id.clone());
    html! {
        <>
            { crumbs(html! { <RouteLink to={Route::Alerts} query="show=rules">{ "Rules" }</RouteLink> }, "", title.clone(), Html::default()) }
            <div class="page-head"><h1>{ title }</h1></div>
            if missing {
                <section class="panel">{ message(LuBell, "Rule not found", html! { <RouteLink class="button" to={Route::Alerts} query="show=rules">{ "All rules" }</RouteLink> }) }</section>
            } else {
                // The form only uses the first response; a later one does not overwrite the input.
                { view(&rule, skeleton_block("skeleton-chart"), |rule| html! { <RuleForm {id} rule={ByPointer::new(rule.clone())} /> }) }
            }
        </>
    }
}

/// Returns the initial values of a new rule.
fn default_rule() -> Value {
    json!({
        "name": "", "metric": "error_rate", "window_minutes": 30, "baseline": "none", "side": "above", "warning": 5,
        "critical": 20, "min_traces": 20, "hysteresis_percent": 10, "for_minutes": 0,
    })
}

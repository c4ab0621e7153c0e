//! The agents or models with the most requests, each with a bar for its share.

use icondata_lu::LuLayers;
use shared::{
    format,
    metric::{BreakdownItem, Dimension},
};
use yew::prelude::*;

use super::{
    link::RouteLink,
    message::message,
    table::{column_heads, table},
};
use crate::route::Route;

/// Renders a table of agents or models, most requests first. Each row links to its traces; `range_query` is the time range
/// as part of the URL query.
pub fn breakdown(by: Dimension, items: &[BreakdownItem], range_query: &str) -> Html {
    let (title, parameter) = match by {
        Dimension::Agent => ("Agent", "agent_id"),
        Dimension::Model => ("Model", "model"),
    };
    if items.is_empty() {
        return message(
            LuLayers,
            "No data in this range",
            html! { <p>{ "Choose a longer range above." }</p> },
        );
    }
    let total: u64 = items.iter().map(|item| item.requests).sum();
    let row = |item: &BreakdownItem| {
        let name = match &item.key {
            Some(key) => {
                let key_query = js_sys::encode_uri_component(key);
                let query = format!("{range_query}&{parameter}={key_query}");
                html! { <RouteLink class="stretched ellipsis" to={Route::Traces} query={query.trim_start_matches('&').to_owned()}>{ key.clone() }</RouteLink> }
            }
            None => html! { <span class="muted">{ "(not set)" }</span> },
        };
        html! {
            <tr key={item.key.clone().unwrap_or_default()}>
                <th scope="row">{ name }{ share_bar(share(item.requests, total)) }</th>
                <td>{ format::count(to_f64(item.requests)) }</td>
                <td class={(item.error_rate >= 5.0).then_some("worse")}>{ format::percent(item.error_rate) }</td>
                <td>{ format::latency(item.p95_latency_ms) }</td>
                <td>{ format::cost(item.cost_usd) }</td>
            </tr>
        }
    };
    let heads = column_heads(&[title, "Requests", "Error rate", "Latency p95", "Cost"], &[]);
    table("breakdown", heads, items.iter().map(row).collect())
}

fn share(part: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { to_f64(part) / to_f64(total) * 100.0 }
}

/// Renders a bar filled to `percent`. The number beside it carries the same information.
pub fn share_bar(percent: f64) -> Html {
    html! {
        <svg class="share-bar" aria-hidden="true">
            <rect class="share-bar-all" width="100%" height="100%" rx="2" />
            <rect class="share-bar-part" width={format!("{percent:.2}%")} height="100%" rx="2" />
        </svg>
    }
}

#[expect(clippy::cast_precision_loss, reason = "only three digits are shown")]
fn to_f64(value: u64) -> f64 {
    value as f64
}

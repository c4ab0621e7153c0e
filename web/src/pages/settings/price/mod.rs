//! Model prices: workspace prices, price lookup, and recalculation of costs.

mod form;
mod list;
mod lookup;
mod reprice;

use shared::ttl;
use yew::prelude::*;

use crate::{
    components::{
        load::{skeleton_lines, view},
        panel::panel,
        permitted::Permitted,
    },
    hooks::use_poll,
};
use form::PriceForm;
use list::PriceList;
use lookup::PriceLookup;
use reprice::RepriceRow;

/// Loads and renders the prices.
#[component]
pub fn PricePanel() -> Html {
    let prices = use_poll((), ttl::ALERTS, |client, ()| client.list_prices());
    let on_change = prices.on_refresh();
    panel(
        "Model prices",
        "",
        Html::default(),
        html! { <>
            <p class="panel-lead muted">
                { "If an agent does not report a cost, it is computed from public prices. Prices that you set here take precedence. In US dollars per million tokens." }
            </p>
            <Permitted><PriceForm on_saved={on_change.clone()} /></Permitted>
            { view(&prices, skeleton_lines(2), |list| html! { <PriceList prices={list.items.clone()} on_deleted={on_change} /> }) }
            <PriceLookup />
            <Permitted><RepriceRow /></Permitted>
        </> },
    )
}

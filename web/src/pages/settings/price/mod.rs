//! What models cost: the workspace's own prices, what any model costs, and pricing anew.

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
    },
    hooks::use_poll,
};
use form::PriceForm;
use list::PriceList;
use lookup::PriceLookup;
use reprice::RepriceRow;

/// See the module.
#[component]
pub fn PricePanel() -> Html {
    let prices = use_poll((), ttl::ALERTS, |client, ()| client.prices());
    let on_change = prices.on_refresh();
    panel(
        "Model prices",
        "",
        Html::default(),
        html! { <>
            <p class="panel-lead muted">
                { "Costs that agents do not report are computed from public prices. Yours go before them: in US dollars for a million tokens." }
            </p>
            <PriceForm on_kept={on_change.clone()} />
            { view(&prices, skeleton_lines(2), |list| html! { <PriceList prices={list.items.clone()} on_removed={on_change} /> }) }
            <PriceLookup />
            <RepriceRow />
        </> },
    )
}

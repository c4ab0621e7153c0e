//! The workspace's own prices.

use shared::price::Price;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        column_heads::{actions_head, column_heads},
        form_error::form_error,
    },
    format::{self, NONE},
};

/// Properties of [`PriceList`].
#[derive(Properties, PartialEq)]
pub struct PriceListProps {
    /// The prices.
    pub prices: Vec<Price>,
    /// Told of a price that was removed.
    pub on_removed: Callback<()>,
}

/// See the module.
#[component]
pub fn PriceList(props: &PriceListProps) -> Html {
    let client = use_client();
    let error = use_state(|| None::<String>);
    let remove = |id: Uuid| {
        let (client, error, on_removed) = (client.clone(), error.clone(), props.on_removed.clone());
        Callback::from(move |_: MouseEvent| {
            let (client, error, on_removed) = (client.clone(), error.clone(), on_removed.clone());
            spawn_local(async move {
                let result = client.remove_price(&id.to_string()).await;
                error.set(result.err().map(|reason| reason.message()));
                on_removed.emit(());
            });
        })
    };
    if props.prices.is_empty() {
        return Html::default();
    }
    let row = |price: &Price| {
        let of = &price.price;
        let cached = |cached: Option<f64>| cached.map_or_else(|| NONE.to_owned(), format::price);
        html! {
            <tr key={price.id.to_string()}>
                <th scope="row">
                    <div class="price-name">
                        <span class="ellipsis">{ of.model.clone() }</span>
                        if let Some(provider) = &of.provider { <span class="muted">{ provider.clone() }</span> }
                    </div>
                </th>
                <td class="number" data-label="Input">{ format::price(of.input_usd_per_million) }</td>
                <td class="number" data-label="Output">{ format::price(of.output_usd_per_million) }</td>
                <td class="number" data-label="Cache read">{ cached(of.cache_read_usd_per_million) }</td>
                <td class="number" data-label="Cache write">{ cached(of.cache_write_usd_per_million) }</td>
                <td class="cell-action"><button type="button" class="button small danger" onclick={remove(price.id)} aria-label={format!("Remove the price of {}", of.model)}>{ "Remove" }</button></td>
            </tr>
        }
    };
    html! {
        <>
            { form_error(error.as_deref()) }
            <div class="table-scroll">
                <table class="keys prices">
                    <thead>
                        <tr>
                            { column_heads(&["Model"], &["Input", "Output", "Cache read", "Cache write"]) }
                            { actions_head() }
                        </tr>
                    </thead>
                    <tbody>{ for props.prices.iter().map(row) }</tbody>
                </table>
            </div>
        </>
    }
}

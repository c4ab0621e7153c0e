//! The list of workspace prices.

use shared::{
    format::{self, NONE},
    price::Price,
};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        form_error::form_error,
        table_head::{actions_head, column_heads},
    },
};

/// Properties of [`PriceList`].
#[derive(Properties, PartialEq)]
pub struct PriceListProps {
    /// The prices.
    pub prices: Vec<Price>,
    /// Called when a price was deleted.
    pub on_deleted: Callback<()>,
}

/// Renders the list.
#[component]
pub fn PriceList(props: &PriceListProps) -> Html {
    let client = use_client();
    let error = use_state(|| None::<String>);
    let delete = |id: Uuid| {
        let (client, error, on_deleted) = (client.clone(), error.clone(), props.on_deleted.clone());
        Callback::from(move |_: MouseEvent| {
            let (client, error, on_deleted) = (client.clone(), error.clone(), on_deleted.clone());
            spawn_local(async move {
                let result = client.delete_price(&id.to_string()).await;
                error.set(result.err().map(|reason| reason.message()));
                on_deleted.emit(());
            });
        })
    };
    if props.prices.is_empty() {
        return Html::default();
    }
    let row = |price: &Price| {
        let item = &price.price;
        let cached = |cached: Option<f64>| cached.map_or_else(|| NONE.to_owned(), format::price);
        html! {
            <tr key={price.id.to_string()}>
                <th scope="row">
                    <div class="price-name">
                        <span class="ellipsis">{ item.model.clone() }</span>
                        if let Some(provider) = &item.provider { <span class="muted">{ provider.clone() }</span> }
                    </div>
                </th>
                <td class="number" data-label="Input">{ format::price(item.input_usd_per_million) }</td>
                <td class="number" data-label="Output">{ format::price(item.output_usd_per_million) }</td>
                <td class="number" data-label="Cache read">{ cached(item.cache_read_usd_per_million) }</td>
                <td class="number" data-label="Cache write">{ cached(item.cache_write_usd_per_million) }</td>
                <td class="cell-action"><button type="button" class="button small danger" onclick={delete(price.id)} aria-label={format!("Delete price of {}", item.model)}>{ "Delete" }</button></td>
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

//! The list of workspace prices.

use shared::{
    format::{self, NONE},
    price::Price,
};
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        form_error::form_error,
        permitted::Permitted,
        table::{actions_head, column_heads, table},
    },
    hooks::use_action,
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
    let (send, error) = use_action(props.on_deleted.clone());
    let delete = |id: Uuid| {
        let client = client.clone();
        send.reform(move |_: MouseEvent| client.delete_price(&id.to_string()))
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
                <td class="cell-action">
                    <Permitted><button type="button" class="button small danger" onclick={delete(price.id)} aria-label={format!("Delete price of {}", item.model)}>{ "Delete" }</button></Permitted>
                </td>
            </tr>
        }
    };
    let heads = html! {
        <>
            { column_heads(&["Model"], &["Input", "Output", "Cache read", "Cache write"]) }
            { actions_head() }
        </>
    };
    html! {
        <>
            { form_error(error.as_deref()) }
            { table("keys prices", heads, props.prices.iter().map(row).collect()) }
        </>
    }
}

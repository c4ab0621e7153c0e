//! The lookup of a model's price and its source.

use shared::{cost::PriceTable, format, price};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{auth::use_client, components::field::Field};

/// Renders the lookup form and its result.
#[component]
pub fn PriceLookup() -> Html {
    let client = use_client();
    let model = use_state(String::new);
    let result = use_state(|| None::<Result<price::PriceLookup, String>>);
    let on_change = {
        let (model, result) = (model.clone(), result.clone());
        Callback::from(move |text| {
            model.set(text);
            result.set(None);
        })
    };
    let onsubmit = {
        let (model, result) = (model.clone(), result.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (client, model, result) = (client.clone(), model.trim().to_owned(), result.clone());
            if !model.is_empty() {
                spawn_local(async move {
                    let found = client.lookup_price(&model, None).await;
                    result.set(Some(found.map_err(|reason| reason.message())));
                });
            }
        })
    };
    let failure = result.as_ref().and_then(|result| result.as_ref().err());
    let error: Option<AttrValue> = failure.map(|text| text.clone().into());
    html! {
        <div class="price-part">
            <form class="key-form" {onsubmit} novalidate=true>
                <Field name="price-of" label="Model price lookup" placeholder="gpt-4o" value={(*model).clone()} {error} {on_change} />
                <button type="submit" class="button">{ "Look up" }</button>
            </form>
            if let Some(Ok(found)) = &*result { { price_result(found) } }
        </div>
    }
}

fn price_result(found: &price::PriceLookup) -> Html {
    let source = match found.table {
        PriceTable::Workspace => "workspace price",
        PriceTable::File => "server price file",
        PriceTable::Bundled => "public price",
    };
    let provider = found.provider.as_deref().map(|provider| format!(" at {provider}")).unwrap_or_default();
    let prices = |input, output, read, write| {
        let [input, output, read, write] = [input, output, read, write].map(format::price);
        format!("{input} input, {output} output, {read} cache read, {write} cache write")
    };
    let base = prices(
        found.input_usd_per_million,
        found.output_usd_per_million,
        found.cache_read_usd_per_million,
        found.cache_write_usd_per_million,
    );
    html! {
        <div class="price-result" role="status">
            <p><strong>{ format!("{}{provider}", found.model) }</strong>{ format!(" ({source}), per million tokens: {base}.") }</p>
            for tier in &found.tiers {
                <p>
                    { format!("Above {} input tokens: ", format::integer(tier.over_input_tokens)) }
                    { prices(tier.input_usd_per_million, tier.output_usd_per_million, tier.cache_read_usd_per_million, tier.cache_write_usd_per_million) }
                    { "." }
                </p>
            }
        </div>
    }
}

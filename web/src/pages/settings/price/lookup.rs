//! What any model costs, and who says so.

use shared::{cost::PriceTable, price};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{auth::use_client, components::field::Field, format};

/// See the module.
#[component]
pub fn PriceLookup() -> Html {
    let client = use_client();
    let model = use_state(String::new);
    let answer = use_state(|| None::<Result<price::PriceLookup, String>>);
    let on_change = {
        let (model, answer) = (model.clone(), answer.clone());
        Callback::from(move |text| {
            model.set(text);
            answer.set(None);
        })
    };
    let onsubmit = {
        let (model, answer) = (model.clone(), answer.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (client, model, answer) = (client.clone(), model.trim().to_owned(), answer.clone());
            if !model.is_empty() {
                spawn_local(async move {
                    let found = client.lookup_price(&model, None).await;
                    answer.set(Some(found.map_err(|reason| reason.message())));
                });
            }
        })
    };
    let refused = answer.as_ref().and_then(|answer| answer.as_ref().err());
    let error: Option<AttrValue> = refused.map(|text| text.clone().into());
    html! {
        <div class="price-part">
            <form class="key-form" {onsubmit} novalidate=true>
                <Field name="price-of" label="What does a model cost?" placeholder="gpt-4o" value={(*model).clone()} {error} {on_change} />
                <button type="submit" class="button">{ "Look up" }</button>
            </form>
            if let Some(Ok(found)) = &*answer { { known(found) } }
        </div>
    }
}

fn known(found: &price::PriceLookup) -> Html {
    let by = match found.table {
        PriceTable::Workspace => "your price",
        PriceTable::File => "this server's price",
        PriceTable::Bundled => "public price",
    };
    let provider = found.provider.as_deref().map(|provider| format!(" at {provider}")).unwrap_or_default();
    let prices = |input, output, read, write| {
        let [input, output, read, write] = [input, output, read, write].map(format::price);
        format!("{input} in, {output} out, {read} read from the cache, {write} written to it")
    };
    let usual = prices(
        found.input_usd_per_million,
        found.output_usd_per_million,
        found.cache_read_usd_per_million,
        found.cache_write_usd_per_million,
    );
    html! {
        <div class="price-answer" role="status">
            <p><strong>{ format!("{}{provider}", found.model) }</strong>{ format!(" ({by}), a million tokens: {usual}.") }</p>
            for tier in &found.tiers {
                <p>
                    { format!("Where more than {} tokens go in: ", format::integer(tier.over_input_tokens)) }
                    { prices(tier.input_usd_per_million, tier.output_usd_per_million, tier.cache_read_usd_per_million, tier.cache_write_usd_per_million) }
                    { "." }
                </p>
            }
        </div>
    }
}

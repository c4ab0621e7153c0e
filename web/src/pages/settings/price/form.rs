//! Adds a price, or takes another for one that there is.

use icondata_lu::LuPlus;
use shared::price::PriceRequest;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{field::Field, icon::svg_icon},
    format,
};

/// The fields: their names, labels and examples. The prices are the last four.
const FIELDS: [(&str, &str, &str); 6] = [
    ("model", "Model", "gpt-4o"),
    ("provider", "Provider", "any"),
    ("input_usd_per_million", "Input", "2.50"),
    ("output_usd_per_million", "Output", "10.00"),
    ("cache_read_usd_per_million", "Cache read", "as input"),
    ("cache_write_usd_per_million", "Cache write", "as input"),
];

/// Properties of [`PriceForm`].
#[derive(Properties, PartialEq)]
pub struct PriceFormProps {
    /// Told of a price that was kept.
    pub on_kept: Callback<()>,
}

/// See the module.
#[component]
pub fn PriceForm(props: &PriceFormProps) -> Html {
    let client = use_client();
    let typed = use_state(<[String; 6]>::default);
    let error = use_state(|| None::<(usize, String)>);
    let busy = use_state(|| false);
    let onsubmit = {
        let (typed, error, busy, on_kept) =
            (typed.clone(), error.clone(), busy.clone(), props.on_kept.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let request = match read(&typed) {
                Ok(request) => request,
                Err(wrong) => return error.set(Some(wrong)),
            };
            busy.set(true);
            let (client, typed, error, busy) = (client.clone(), typed.clone(), error.clone(), busy.clone());
            let on_kept = on_kept.clone();
            spawn_local(async move {
                match client.keep_price(&request).await {
                    Ok(_) => {
                        typed.set(Default::default());
                        error.set(None);
                        on_kept.emit(());
                    }
                    Err(reason) => error.set(Some((0, reason.message()))),
                }
                busy.set(false);
            });
        })
    };
    let field = |(index, &(name, label, placeholder)): (
        usize,
        &(&'static str, &'static str, &'static str),
    )| {
        let on_change = {
            let typed = typed.clone();
            Callback::from(move |text| {
                let mut all = (*typed).clone();
                all[index] = text;
                typed.set(all);
            })
        };
        let wrong = error.as_ref().filter(|(wrong, _)| *wrong == index);
        let error: Option<AttrValue> = wrong.map(|(_, text)| text.clone().into());
        html! { <Field key={name} {name} {label} {placeholder} value={typed[index].clone()} {error} {on_change} /> }
    };
    html! {
        <form class="price-form" {onsubmit} novalidate=true>
            { for FIELDS.iter().enumerate().map(field) }
            <button type="submit" class="button primary" disabled={*busy}>{ svg_icon(LuPlus) }{ "Set price" }</button>
        </form>
    }
}

/// What was typed, or the first field that is wrong and why.
fn read(typed: &[String; 6]) -> Result<PriceRequest, (usize, String)> {
    let text = |index: usize| typed[index].trim();
    let price = |index: usize| {
        let digits = text(index).trim_start_matches('$').trim();
        if digits.is_empty() {
            return Ok(None);
        }
        format::decimal(digits).map(Some).ok_or_else(|| (index, "Must be a number".to_owned()))
    };
    let needed = |index: usize| price(index)?.ok_or_else(|| (index, "Is required".to_owned()));
    let mut request = PriceRequest {
        model: text(0).to_owned(),
        provider: Some(text(1).to_owned()).filter(|provider| !provider.is_empty()),
        ..PriceRequest::default()
    };
    if request.model.is_empty() {
        return Err((0, "Is required".to_owned()));
    }
    request.input_usd_per_million = needed(2)?;
    request.output_usd_per_million = needed(3)?;
    request.cache_read_usd_per_million = price(4)?;
    request.cache_write_usd_per_million = price(5)?;
    match request.validate().into_iter().next() {
        Some(wrong) => {
            let index = FIELDS.iter().position(|(name, ..)| *name == wrong.field).unwrap_or(0);
            Err((index, format::words(&wrong.detail)))
        }
        None => Ok(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(texts: [&str; 6]) -> Result<PriceRequest, (usize, String)> {
        read(&texts.map(str::to_owned))
    }

    #[test]
    fn what_is_typed_is_read_and_what_is_not_is_as_the_input() {
        let request = typed([" gpt-4o ", "", "$2.50", " 10", "", "0"]);
        let expected = PriceRequest {
            model: "gpt-4o".to_owned(),
            input_usd_per_million: 2.5,
            output_usd_per_million: 10.0,
            cache_write_usd_per_million: Some(0.0),
            ..PriceRequest::default()
        };
        assert_eq!(request, Ok(expected));
    }

    #[test]
    fn the_first_field_that_is_wrong_is_named() {
        let wrong = |texts| typed(texts).err().map(|(index, _)| index);
        assert_eq!(wrong(["", "", "x", "", "", ""]), Some(0));
        assert_eq!(wrong(["m", "", "", "1", "", ""]), Some(2));
        assert_eq!(wrong(["m", "", "1", "one", "", ""]), Some(3));
        assert_eq!(wrong(["m", "", "1", "1", "-1", ""]), Some(4));
        assert_eq!(wrong(["m", "", "1", "1", "", "NaN"]), Some(5));
        assert_eq!(wrong(["m", "", "1", "1.-5", "", ""]), Some(3));
        assert_eq!(wrong(["m", "", "1", ".", "", ""]), Some(3));
    }
}

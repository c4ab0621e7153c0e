//! The form that adds or replaces a price.

use icondata_lu::LuPlus;
use shared::{format, price::PriceRequest};
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{field::Field, icon::svg_icon},
    event::on_edit,
    hooks::use_submission,
};

/// The fields: their names, labels and examples. The prices are the last four.
const FIELDS: [(&str, &str, &str); 6] = [
    ("model", "Model", "gpt-4o"),
    ("provider", "Provider", "any"),
    ("input_usd_per_million", "Input", "2.50"),
    ("output_usd_per_million", "Output", "10.00"),
    ("cache_read_usd_per_million", "Cache read", "same as input"),
    ("cache_write_usd_per_million", "Cache write", "same as input"),
];

/// Properties of [`PriceForm`].
#[derive(Properties, PartialEq)]
pub struct PriceFormProps {
    /// Called when a price was saved.
    pub on_saved: Callback<()>,
}

/// Renders the form.
#[component]
pub fn PriceForm(props: &PriceFormProps) -> Html {
    let client = use_client();
    let values = use_state(<[String; 6]>::default);
    // The index of the invalid field, and the reason.
    let submission = use_submission(|error| Some((0, error.message())));
    let onsubmit = {
        let (values, submission, on_saved) = (values.clone(), submission.clone(), props.on_saved.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let request = match parse(&values) {
                Ok(request) => request,
                Err(invalid) => return submission.error.set(Some(invalid)),
            };
            let (values, on_saved) = (values.setter(), on_saved.clone());
            submission.send(client.save_price(&request), move |_| {
                values.set(Default::default());
                on_saved.emit(());
            });
        })
    };
    let field = |(index, &(name, label, placeholder)): (
        usize,
        &(&'static str, &'static str, &'static str),
    )| {
        let on_change = on_edit(&values, move |values, text| values[index] = text);
        let own_error = submission.error.as_ref().filter(|(field, _)| *field == index);
        let error: Option<AttrValue> = own_error.map(|(_, text)| text.clone().into());
        html! { <Field key={name} {name} {label} {placeholder} value={values[index].clone()} {error} {on_change} /> }
    };
    html! {
        <form class="price-form" {onsubmit} novalidate=true>
            { for FIELDS.iter().enumerate().map(field) }
            <button type="submit" class="button primary" disabled={*submission.busy}>{ svg_icon(LuPlus) }{ "Set price" }</button>
        </form>
    }
}

/// Parses the input values.
///
/// # Errors
/// Returns the index of the first invalid field, and the reason.
fn parse(values: &[String; 6]) -> Result<PriceRequest, (usize, String)> {
    let text = |index: usize| values[index].trim();
    let price = |index: usize| {
        let digits = text(index).trim_start_matches('$').trim();
        if digits.is_empty() {
            return Ok(None);
        }
        format::decimal(digits).map(Some).ok_or_else(|| (index, "Must be a number".to_owned()))
    };
    let required = |index: usize| price(index)?.ok_or_else(|| (index, "Is required".to_owned()));
    let mut request = PriceRequest {
        model: text(0).to_owned(),
        provider: Some(text(1).to_owned()).filter(|provider| !provider.is_empty()),
        ..PriceRequest::default()
    };
    if request.model.is_empty() {
        return Err((0, "Is required".to_owned()));
    }
    request.input_usd_per_million = required(2)?;
    request.output_usd_per_million = required(3)?;
    request.cache_read_usd_per_million = price(4)?;
    request.cache_write_usd_per_million = price(5)?;
    match request.validate().into_iter().next() {
        Some(invalid) => {
            let index = FIELDS.iter().position(|(name, ..)| *name == invalid.field).unwrap_or(0);
            Err((index, format::words(&invalid.detail)))
        }
        None => Ok(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(texts: [&str; 6]) -> Result<PriceRequest, (usize, String)> {
        parse(&texts.map(str::to_owned))
    }

    #[test]
    fn parses_prices_and_leaves_empty_cache_prices_unset() {
        let request = parsed([" gpt-4o ", "", "$2.50", " 10", "", "0"]);
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
    fn returns_the_first_invalid_field() {
        let invalid = |texts| parsed(texts).err().map(|(index, _)| index);
        assert_eq!(invalid(["", "", "x", "", "", ""]), Some(0));
        assert_eq!(invalid(["m", "", "", "1", "", ""]), Some(2));
        assert_eq!(invalid(["m", "", "1", "one", "", ""]), Some(3));
        assert_eq!(invalid(["m", "", "1", "1", "-1", ""]), Some(4));
        assert_eq!(invalid(["m", "", "1", "1", "", "NaN"]), Some(5));
        assert_eq!(invalid(["m", "", "1", "1.-5", "", ""]), Some(3));
        assert_eq!(invalid(["m", "", "1", ".", "", ""]), Some(3));
    }
}

//! A picker for the time range: a named range, or a start and an end.

use shared::time_range::TimeRange;
use yew::prelude::*;

use super::form_error::form_error;
use crate::{
    event::{on_input, on_toggle},
    intl,
};

/// Properties of [`RangePicker`].
#[derive(Properties, PartialEq)]
pub struct RangePickerProps {
    /// The selected range.
    pub range: TimeRange,
    /// Called with the new range.
    pub on_change: Callback<TimeRange>,
}

/// Returns the length of a named range. "Last" in front of it is hidden on narrow screens.
fn label(range: TimeRange) -> &'static str {
    match range {
        TimeRange::Hour => "1 hour",
        TimeRange::Day => "24 hours",
        TimeRange::Week => "7 days",
        TimeRange::Month => "30 days",
        TimeRange::Custom { .. } => "Custom",
    }
}

/// Renders the named ranges and a form for a custom range.
#[component]
pub fn RangePicker(props: &RangePickerProps) -> Html {
    let is_custom = matches!(props.range, TimeRange::Custom { .. });
    let open = use_state(|| false);
    let on_choose = {
        let (open, on_change) = (open.clone(), props.on_change.clone());
        Callback::from(move |range| {
            open.set(false);
            on_change.emit(range);
        })
    };
    html! {
        <div class="range-picker">
            <div class="segments" role="group" aria-label="Time range">
                for range in TimeRange::NAMED {
                    <button type="button" aria-pressed={(props.range == range).to_string()} onclick={on_choose.reform(move |_| range)}><span class="wide-label">{ "Last " }</span>{ label(range) }</button>
                }
                <button type="button" aria-pressed={is_custom.to_string()} aria-expanded={open.to_string()} onclick={on_toggle(&open)}>{ "Custom" }</button>
            </div>
            if *open {
                <CustomRange range={props.range} on_change={on_choose} />
            }
        </div>
    }
}

#[component]
fn CustomRange(props: &RangePickerProps) -> Html {
    let window = props.range.window(intl::now());
    let start = use_state(|| intl::to_local_input(window.start));
    let end = use_state(|| intl::to_local_input(window.end));
    let error = use_state(|| None::<String>);
    let onsubmit = {
        let (start, end, error, on_change) =
            (start.clone(), end.clone(), error.clone(), props.on_change.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match (intl::from_local_input(&start), intl::from_local_input(&end)) {
                (Some(start), Some(end)) => match TimeRange::custom(start, end) {
                    Ok(range) => on_change.emit(range),
                    Err(reason) => error.set(Some(reason.0)),
                },
                _ => error.set(Some("Enter a start and an end time.".to_owned())),
            }
        })
    };
    html! {
        <form class="custom-range" {onsubmit}>
            <div class="field">
                <label for="range-start">{ "From" }</label>
                <input id="range-start" type="datetime-local" value={(*start).clone()} oninput={on_input(&start.setter().to_callback())} />
            </div>
            <div class="field">
                <label for="range-end">{ "To" }</label>
                <input id="range-end" type="datetime-local" value={(*end).clone()} oninput={on_input(&end.setter().to_callback())} />
            </div>
            { form_error(error.as_deref()) }
            <button type="submit" class="button primary">{ "Apply" }</button>
        </form>
    }
}

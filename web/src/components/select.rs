//! A select that filters a list.

use yew::prelude::*;

use crate::event::on_select;

/// Renders the select; `all` is the label of the option without a filter.
pub fn select(
    name: &'static str,
    label: &'static str,
    all: &'static str,
    value: Option<&str>,
    options: &[(String, String)],
    on_change: &Callback<String>,
) -> Html {
    let onchange = on_select(on_change);
    let is_selected = |option: &str| value.unwrap_or_default() == option;
    html! {
        <div class={classes!("select", value.is_some().then_some("active"))}>
            <label class="visually-hidden" for={name}>{ label }</label>
            <select id={name} {onchange}>
                <option value="" selected={is_selected("")}>{ all }</option>
                for (value, label) in options {
                    <option value={value.clone()} selected={is_selected(value)}>{ label.clone() }</option>
                }
            </select>
        </div>
    }
}

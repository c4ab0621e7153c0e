//! An on/off switch.

use yew::prelude::*;

/// Renders a switch; `label` is its accessible name.
pub fn switch(on: bool, label: String, onclick: Callback<MouseEvent>) -> Html {
    html! {
        <button type="button" class="switch" role="switch" aria-checked={on.to_string()} aria-label={label} {onclick}>
            <span class="switch-knob" />
        </button>
    }
}

//! Lucide's icons. Only the data that is named somewhere ends up in the binary.

use icondata_core::IconData;
use yew::prelude::*;

/// An icon beside a text that says the same: hidden from screen readers.
pub fn svg_icon(icon: &'static IconData) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            { Html::from_html_unchecked(AttrValue::Static(icon.data)) }
        </svg>
    }
}

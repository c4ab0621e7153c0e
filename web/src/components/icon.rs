//! Lucide icons. Only the icons in use are part of the binary.

use icondata_core::IconData;
use yew::prelude::*;

/// Renders a decorative icon, hidden from screen readers.
pub fn svg_icon(icon: &'static IconData) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            { Html::from_html_unchecked(AttrValue::Static(icon.data)) }
        </svg>
    }
}

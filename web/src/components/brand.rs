//! The product's logo and name.

use yew::prelude::*;

/// Renders the logo with the name beside it.
pub fn brand() -> Html {
    html! {
        <span class="brand">
            <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
                <rect width="32" height="32" rx="8" />
                <path d="M6 17h4.5l3-8.5 5 15 3-6.5H26" />
            </svg>
            <span class="brand-name">{ "Agent Observability" }</span>
        </span>
    }
}

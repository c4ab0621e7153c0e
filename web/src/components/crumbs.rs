//! The breadcrumb of a page below a list.

use yew::prelude::*;

/// Renders `list`, a link to the list, and the current page; `class` is the CSS class of the latter. `tools` are placed
/// beside them.
pub fn crumbs(list: Html, class: &'static str, current: String, tools: Html) -> Html {
    html! {
        <nav class="crumbs" aria-label="Breadcrumb">
            { list }
            <span class="muted" aria-hidden="true">{ "/" }</span>
            <span {class} aria-current="page">{ current }</span>
            { tools }
        </nav>
    }
}

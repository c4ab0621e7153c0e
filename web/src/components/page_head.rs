//! The header of a page.

use yew::prelude::*;

/// Renders the title and the description of a page, with optional `tools` beside them.
pub fn page_head(title: &'static str, description: &'static str, tools: Option<Html>) -> Html {
    html! {
        <div class="page-head">
            <div>
                <h1>{ title }</h1>
                <p class="muted">{ description }</p>
            </div>
            if let Some(tools) = tools {
                <div class="page-tools">{ tools }</div>
            }
        </div>
    }
}

//! The head of a page.

use yew::prelude::*;

/// The page's name and what it is for; `tools`, where there are any, stand beside them.
pub fn page_head(title: &'static str, lead: &'static str, tools: Option<Html>) -> Html {
    html! {
        <div class="page-head">
            <div>
                <h1>{ title }</h1>
                <p class="muted">{ lead }</p>
            </div>
            if let Some(tools) = tools {
                <div class="page-tools">{ tools }</div>
            }
        </div>
    }
}

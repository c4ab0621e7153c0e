//! The page for unknown URLs.

use icondata_lu::LuFileSearch;
use yew::prelude::*;

use crate::{
    components::{brand::brand, link::RouteLink, message::message},
    hooks::use_title,
    route::Route,
};

/// Renders the page.
#[component]
pub fn NotFoundPage() -> Html {
    use_title("Page not found");
    html! {
        <main class="alone">
            { brand() }
            <h1 class="visually-hidden">{ "Not found" }</h1>
            { message(LuFileSearch, "Page not found", html! { <>
                <p>{ "The URL may be wrong, or the page may have moved." }</p>
                <RouteLink class="button primary" to={Route::Dashboard}>{ "Go to dashboard" }</RouteLink>
            </> }) }
        </main>
    }
}

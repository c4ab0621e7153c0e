//! An address that is no page.

use icondata_lu::LuFileSearch;
use yew::prelude::*;

use crate::{
    components::{brand::brand, link::RouteLink, message::message},
    hooks::use_title,
    route::Route,
};

/// See the module.
#[component]
pub fn NotFoundPage() -> Html {
    use_title("Not found");
    html! {
        <main class="alone">
            { brand() }
            <h1 class="visually-hidden">{ "Not found" }</h1>
            { message(LuFileSearch, "There is no page at this address", html! { <>
                <p>{ "It may have been mistyped, or moved." }</p>
                <RouteLink class="button primary" to={Route::Dashboard}>{ "Go to the dashboard" }</RouteLink>
            </> }) }
        </main>
    }
}

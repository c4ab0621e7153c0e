//! The address: which page it shows, and how to go to another one. The browser keeps it; this tells the application when it
//! changes, by whichever way. Pages and their addresses are yew-router's; its navigator knows histories of other kinds and
//! states in them, and would be a tenth of all that is loaded.

use std::rc::Rc;

use gloo_events::EventListener;
use wasm_bindgen::JsValue;
use web_sys::{Event, History};
use yew::prelude::*;
use yew_router::Routable;

use crate::{intl, route::Route};

/// What the browser says when one goes back, and what is said here when one goes on.
const MOVED: &str = "popstate";

/// Where one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The page.
    pub route: Route,
    /// The address before the query.
    pub path: String,
    /// The query with its `?`; empty where there is none.
    pub query: String,
}

impl Location {
    fn here() -> Self {
        let address = intl::window().location();
        let path = address.pathname().unwrap_or_default();
        Self {
            route: Route::recognize(&path).unwrap_or(Route::NotFound),
            path,
            query: address.search().unwrap_or_default(),
        }
    }
}

/// Goes to `address`, a path with or without a query.
pub fn push(address: &str) {
    go(History::push_state_with_url, address);
}

/// Goes to `address`; going back leads to where one came from.
pub fn replace(address: &str) {
    go(History::replace_state_with_url, address);
}

fn go(write: fn(&History, &JsValue, &str, Option<&str>) -> Result<(), JsValue>, address: &str) {
    let window = intl::window();
    // Browsers refuse addresses of other sites, which are none of ours, and hundreds of changes a second.
    if window.history().and_then(|history| write(&history, &JsValue::NULL, "", Some(address))).is_ok()
        && let Ok(moved) = Event::new(MOVED)
    {
        drop(window.dispatch_event(&moved));
    }
}

/// Properties of [`Router`].
#[derive(Properties, PartialEq)]
pub struct RouterProps {
    /// What looks at the address.
    pub children: Html,
}

/// Draws anew, below it, what looks at the address, whenever that changes.
#[component]
pub fn Router(props: &RouterProps) -> Html {
    let location = use_state_eq(|| Rc::new(Location::here()));
    {
        let location = location.clone();
        use_effect_with((), move |()| {
            let look = move || location.set(Rc::new(Location::here()));
            // What is below was there first, and may have gone on already.
            look();
            let listener = EventListener::new(&intl::window(), MOVED, move |_| look());
            move || drop(listener)
        });
    }
    html! { <ContextProvider<Rc<Location>> context={(*location).clone()}>{ props.children.clone() }</ContextProvider<Rc<Location>>> }
}

/// Where one is.
#[hook]
pub fn use_location() -> Rc<Location> {
    use_context().unwrap_or_else(|| Rc::new(Location::here()))
}

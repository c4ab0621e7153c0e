//! What a view keeps in the address, so that it survives a reload and can be sent to somebody.

use serde::Serialize;
use shared::answer::FromAnswer;
use yew::prelude::*;
use yew_router::{AnyRoute, prelude::*};

use crate::{query, route::Route};

/// The address's query as `Q` (its default where it cannot be read), and what writes a new one.
#[hook]
pub fn use_query<Q>() -> (Q, Callback<Q>)
where
    Q: Serialize + FromAnswer + Default + 'static,
{
    let (text, write) = use_query_text();
    let set = Callback::from(move |query: Q| write.emit(query::address("", &query)));
    (query::read(&text), set)
}

/// The address's query as it stands there, and what writes another.
#[hook]
fn use_query_text() -> (String, Callback<String>) {
    let text = use_location().map(|location| location.query_str().to_owned()).unwrap_or_default();
    let (navigator, route) = (use_navigator(), use_route::<Route>());
    let write = Callback::from(move |query: String| {
        if let (Some(navigator), Some(route)) = (&navigator, &route) {
            navigator.push(&AnyRoute::new(route.to_path() + &query));
        }
    });
    (text, write)
}

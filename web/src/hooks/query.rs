//! What a view keeps in the address, so that it survives a reload and can be sent to somebody.

use serde::{Serialize, de::DeserializeOwned};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::route::Route;

/// The address's query as `Q` (its default where it cannot be read), and what writes a new one.
#[hook]
pub fn use_query<Q>() -> (Q, Callback<Q>)
where
    Q: Serialize + DeserializeOwned + Default + 'static,
{
    let query = use_location().and_then(|location| location.query::<Q>().ok()).unwrap_or_default();
    let (navigator, route) = (use_navigator(), use_route::<Route>());
    let set = Callback::from(move |query: Q| {
        if let (Some(navigator), Some(route)) = (&navigator, &route) {
            // Queries are flat structs of texts and numbers: there is nothing in them that cannot be written.
            drop(navigator.push_with_query(route, query));
        }
    });
    (query, set)
}

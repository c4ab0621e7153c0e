//! What a view keeps in the address, so that it survives a reload and can be sent to somebody.

use serde::Serialize;
use shared::answer::FromAnswer;
use yew::prelude::*;

use crate::{
    query,
    router::{self, use_location},
};

/// The address's query as `Q` (its default where it cannot be read), and what writes a new one.
#[hook]
pub fn use_query<Q>() -> (Q, Callback<Q>)
where
    Q: Serialize + FromAnswer + Default + 'static,
{
    let location = use_location();
    let read = query::read(&location.query);
    let set = Callback::from(move |query: Q| router::push(&query::address(&location.path, &query)));
    (read, set)
}

//! The chosen step in the address, so that it can be sent to somebody: `?span=ID`.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::{
    query,
    router::{self, use_location},
};

/// Milliseconds after which a choice is written: browsers refuse addresses that change with every key.
const REST: u32 = 250;

/// The span that the address names.
#[hook]
pub fn use_span_in_address() -> Option<String> {
    query::value(&use_location().query, "span")
}

/// Writes `selected` into the address, in the place of what stands there: going back leads to where one came from. Where
/// the address `named` changes by itself, `on_change` gets to know.
#[hook]
pub fn use_address(named: Option<String>, selected: Option<String>, on_change: Callback<Option<String>>) {
    let written = use_mut_ref(|| named.clone());
    let location = use_location();
    {
        let written = written.clone();
        use_effect_with(named, move |named| {
            if *written.borrow() != *named {
                written.borrow_mut().clone_from(named);
                on_change.emit(named.clone());
            }
        });
    }
    use_effect_with(selected, move |selected| {
        let changed = *written.borrow() != *selected;
        let writing = changed.then(|| {
            let span = selected.clone();
            Timeout::new(REST, move || {
                written.borrow_mut().clone_from(&span);
                let query = span.map(|span| format!("?span={}", js_sys::encode_uri_component(&span)));
                router::replace(&(location.path.clone() + &query.unwrap_or_default()));
            })
        });
        move || drop(writing)
    });
}

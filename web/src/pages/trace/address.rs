//! The chosen step in the address, so that it can be sent to somebody: `?span=ID`.

use gloo_timers::callback::Timeout;
use serde::{Deserialize, Serialize};
use yew::prelude::*;
use yew_router::hooks::{use_location, use_navigator, use_route};

use crate::route::Route;

/// Milliseconds after which a choice is written: browsers refuse addresses that change with every key.
const REST: u32 = 250;

#[derive(Serialize, Deserialize)]
struct SpanQuery {
    span: Option<String>,
}

/// The span that the address names.
#[hook]
pub fn use_span_in_address() -> Option<String> {
    use_location()?.query::<SpanQuery>().ok()?.span
}

/// Writes `selected` into the address, in the place of what stands there: going back leads to where one came from. Where
/// the address `named` changes by itself, `on_change` gets to know.
#[hook]
pub fn use_address(named: Option<String>, selected: Option<String>, on_change: Callback<Option<String>>) {
    let written = use_mut_ref(|| named.clone());
    let (navigator, route) = (use_navigator(), use_route::<Route>());
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
                if let (Some(navigator), Some(route)) = (navigator, route) {
                    drop(navigator.replace_with_query(&route, SpanQuery { span }));
                }
            })
        });
        move || drop(writing)
    });
}

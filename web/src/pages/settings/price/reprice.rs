//! Prices anew what is stored, and says how far that is.

use std::time::Duration;

use shared::{
    price::{Reprice, RepriceRequest},
    time_range::TimeRange,
    ttl,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{form_error::form_error, time::RelativeTime},
    format,
    hooks::use_poll,
    intl,
};

/// How often to ask how far it is.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// See the module.
#[component]
pub fn RepriceRow() -> Html {
    let client = use_client();
    let error = use_state(|| None::<String>);
    let under_way = use_state(|| false);
    let interval = if *under_way { UNDER_WAY } else { ttl::ALERTS };
    let poll = use_poll((), interval, |client, ()| client.reprices());
    let last = poll.data().and_then(|list| list.items.first().cloned());
    {
        let under_way = under_way.clone();
        use_effect_with(last.as_ref().is_some_and(|last| last.finished_at.is_none()), move |&is| {
            under_way.set(is);
        });
    }
    let begin = |range: TimeRange| {
        let (client, error, on_refresh) = (client.clone(), error.clone(), poll.on_refresh());
        Callback::from(move |_: MouseEvent| {
            let window = range.window(intl::now());
            let request = RepriceRequest { start: window.start, end: window.end };
            let (client, error, on_refresh) = (client.clone(), error.clone(), on_refresh.clone());
            spawn_local(async move {
                let begun = client.begin_reprice(&request).await;
                error.set(begun.err().map(|reason| reason.message()));
                on_refresh.emit(());
            });
        })
    };
    let button = |(range, text): (TimeRange, &'static str)| {
        html! { <button type="button" class="button small" onclick={begin(range)} disabled={*under_way}>{ text }</button> }
    };
    let ranges = [
        (TimeRange::Day, "last 24 hours"),
        (TimeRange::Week, "last 7 days"),
        (TimeRange::Month, "last 30 days"),
    ];
    html! {
        <div class="price-part reprice">
            <p>{ "Compute costs anew, by the prices of now, of the" }</p>
            <div class="reprice-buttons">{ for ranges.map(button) }</div>
            { form_error(error.as_deref()) }
            if let Some(last) = &last { <p class="muted" role="status">{ progress(last) }</p> }
        </div>
    }
}

fn progress(reprice: &Reprice) -> Html {
    let (seen, changed) = (format::integer(reprice.traces_seen), format::integer(reprice.traces_changed));
    match reprice.finished_at {
        None => html! { { format!("Under way: {seen} traces looked at, {changed} changed.") } },
        Some(at) => {
            html! { <>{ "Done " }<RelativeTime {at} />{ format!(": {seen} traces looked at, {changed} changed.") }</> }
        }
    }
}

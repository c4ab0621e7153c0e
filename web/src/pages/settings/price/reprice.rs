//! Recalculates the costs of stored traces, and shows the progress.

use std::time::Duration;

use shared::{
    format,
    price::{Reprice, RepriceRequest},
    time_range::TimeRange,
    ttl,
};
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{form_error::form_error, time::RelativeTime},
    hooks::{use_action, use_poll},
    intl,
};

/// The polling interval while a recalculation is in progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

/// Renders the buttons and the progress.
#[component]
pub fn RepriceRow() -> Html {
    let client = use_client();
    let in_progress = use_state(|| false);
    let interval = if *in_progress { PROGRESS_INTERVAL } else { ttl::ALERTS };
    let poll = use_poll((), interval, |client, ()| client.list_reprices());
    let (send, error) = use_action(poll.on_refresh());
    let last = poll.data().and_then(|list| list.items.first().cloned());
    {
        let in_progress = in_progress.clone();
        use_effect_with(last.as_ref().is_some_and(|last| last.finished_at.is_none()), move |&is| {
            in_progress.set(is);
        });
    }
    let start = |range: TimeRange| {
        let client = client.clone();
        send.reform(move |_: MouseEvent| {
            let window = range.window(intl::now());
            client.create_reprice(&RepriceRequest { start: window.start, end: window.end })
        })
    };
    let button = |(range, text): (TimeRange, &'static str)| {
        html! { <button type="button" class="button small" onclick={start(range)} disabled={*in_progress}>{ text }</button> }
    };
    let ranges = [
        (TimeRange::Day, "Last 24 hours"),
        (TimeRange::Week, "Last 7 days"),
        (TimeRange::Month, "Last 30 days"),
    ];
    html! {
        <div class="price-part reprice">
            <p>{ "Recalculate costs with current prices:" }</p>
            <div class="reprice-buttons">{ for ranges.map(button) }</div>
            { form_error(error.as_deref()) }
            if let Some(last) = &last { <p class="muted" role="status">{ progress(last) }</p> }
        </div>
    }
}

fn progress(reprice: &Reprice) -> Html {
    let (checked, updated) = (format::integer(reprice.traces_seen), format::integer(reprice.traces_changed));
    match reprice.finished_at {
        None => html! { { format!("In progress: {checked} traces checked, {updated} updated.") } },
        Some(at) => {
            html! { <>{ "Completed " }<RelativeTime {at} />{ format!(": {checked} traces checked, {updated} updated.") }</> }
        }
    }
}

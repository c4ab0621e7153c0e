//! Looks for the first trace, and turns to it.

use std::time::Duration;

use gloo_timers::callback::Timeout;
use icondata_lu::{LuCircleCheck, LuRadio};
use shared::{
    limit,
    trace::{Trace, TraceListQuery},
};
use yew::prelude::*;
use yew_router::prelude::*;

use super::arrival::{Arrival, Opening};
use crate::{
    components::{icon::svg_icon, link::RouteLink},
    hooks::use_poll,
    intl,
    route::Route,
};

/// How often it looks. Every look but the first after a write is answered by the API's cache.
const EVERY: Duration = Duration::from_millis(2_500);
/// How long it says that the trace is there before it turns to it, in milliseconds.
const PAUSE: u32 = 1_500;
/// How many of the newest traces it looks at.
const NEWEST: u32 = 25;

/// See the module.
#[component]
pub fn Watch() -> Html {
    // One question for as long as the page is open: whether a trace is new is told by its id.
    let query = use_memo((), |()| newest_query());
    let newest =
        use_poll((*query).clone(), EVERY, |client, query| async move { client.traces(&query).await });
    let opening = use_mut_ref(|| None::<Opening>);
    let arrival = newest.data().and_then(|page| {
        opening.borrow_mut().get_or_insert_with(|| Opening::new(&page.items)).arrival(&page.items)
    });
    let awaited = match &arrival {
        Some(Arrival::Awaited(trace)) => Some(trace.trace_id.clone()),
        _ => None,
    };
    let navigator = use_navigator();
    use_effect_with(awaited, move |awaited| {
        let turn = awaited
            .clone()
            .zip(navigator)
            .map(|(id, navigator)| Timeout::new(PAUSE, move || navigator.push(&Route::Trace { id })));
        move || drop(turn)
    });
    let link = |trace: &Trace, text: &'static str| {
        html! { <RouteLink to={Route::Trace { id: trace.trace_id.clone() }}>{ text }</RouteLink> }
    };
    html! {
        <div class="watch" role="status">
            { match &arrival {
                Some(Arrival::Awaited(trace)) => html! {
                    <p class="watch-there">{ svg_icon(LuCircleCheck) }<strong>{ "Your first trace is here." }</strong>{ link(trace, "Open it") }</p>
                },
                Some(Arrival::Another(trace)) => html! {
                    <p>{ svg_icon(LuRadio) }<span>{ "A trace of " }<span class="mono">{ trace.agent_id.clone() }</span>{ " has come in." }</span>{ link(trace, "Open it") }</p>
                },
                None => html! {
                    <p class="muted">{ svg_icon(LuRadio) }{ "Waiting. This page turns to the trace as soon as it arrives." }</p>
                },
            } }
        </div>
    }
}

/// The newest traces of the last year; a page that stays open for a day still sees them.
fn newest_query() -> TraceListQuery {
    let day = Duration::from_secs(86_400);
    let end = intl::now() + day;
    let start = end - Duration::from_secs((limit::RANGE_DAYS - 1) * 86_400);
    TraceListQuery {
        range: Some("custom".to_owned()),
        start: Some(start.to_string()),
        end: Some(end.to_string()),
        limit: Some(NEWEST),
        ..TraceListQuery::default()
    }
}

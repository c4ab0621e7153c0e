//! Looks for the first trace, and turns to it.

use std::time::Duration;

use gloo_timers::callback::Timeout;
use icondata_lu::{LuCircleCheck, LuRadio};
use shared::{limit, trace::TraceListQuery};
use yew::prelude::*;
use yew_router::hooks::use_navigator;

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

/// Looks for it, for as long as the page is open.
#[hook]
pub fn use_arrival() -> Option<Arrival> {
    // One question for as long as the page is open: whether a trace is new is told by its id.
    let query = use_mut_ref(newest_query).borrow().clone();
    let newest = use_poll(query, EVERY, |client, query| client.traces(&query));
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
        let turn = navigator
            .zip(awaited.clone())
            .map(|(navigator, id)| Timeout::new(PAUSE, move || navigator.push(&Route::Trace { id })));
        move || drop(turn)
    });
    arrival
}

/// What has come, if anything has.
pub fn watch(arrival: Option<&Arrival>) -> Html {
    let (icon, text, trace) = match arrival {
        Some(Arrival::Awaited(trace)) => (LuCircleCheck, "Your first trace is here.".to_owned(), Some(trace)),
        Some(Arrival::Another(trace)) => {
            (LuRadio, format!("A trace of {} has come in.", trace.agent_id), Some(trace))
        }
        None => (LuRadio, "Waiting. This page turns to the trace as soon as it arrives.".to_owned(), None),
    };
    html! {
        <p class={classes!("watch", matches!(arrival, Some(Arrival::Awaited(_))).then_some("watch-there"))} role="status">
            { svg_icon(icon) }
            <span>{ text }</span>
            if let Some(trace) = trace {
                <RouteLink to={Route::Trace { id: trace.trace_id.clone() }}>{ "Open it" }</RouteLink>
            }
        </p>
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

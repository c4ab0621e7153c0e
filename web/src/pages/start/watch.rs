//! Waits for the first trace and opens it.

use std::time::Duration;

use gloo_timers::callback::Timeout;
use icondata_lu::{LuCircleCheck, LuRadio};
use shared::{limit, time_range::TimeRange, trace::TraceListQuery};
use yew::prelude::*;
use yew_router::hooks::use_navigator;

use super::arrival::{Arrival, InitialTraces};
use crate::{
    components::{icon::svg_icon, link::RouteLink},
    hooks::use_poll,
    intl,
    route::Route,
};

/// The polling interval. The API responds from its cache unless new traces were written.
const INTERVAL: Duration = Duration::from_millis(2_500);
/// The delay in milliseconds between the message that the trace has arrived and opening it.
const OPEN_DELAY: u32 = 1_500;
const DAY: Duration = Duration::from_secs(86_400);
/// The number of newest traces to check.
const NEWEST_TRACES: u32 = 25;

/// Polls for new traces while the page is open. Opens the expected trace when it arrives.
#[hook]
pub fn use_arrival() -> Option<Arrival> {
    // The query never changes while the page is open: new traces are recognized by their ids. The window ends tomorrow, so
    // that it stays valid.
    let query = use_mut_ref(|| newest_traces(DAY, NEWEST_TRACES)).borrow().clone();
    let newest = use_poll(query, INTERVAL, |client, query| client.list_traces(&query));
    let initial = use_mut_ref(|| None::<InitialTraces>);
    let arrival = newest.data().and_then(|page| {
        initial.borrow_mut().get_or_insert_with(|| InitialTraces::new(&page.items)).arrival(&page.items)
    });
    let expected = match &arrival {
        Some(Arrival::Expected(trace)) => Some(trace.trace_id.clone()),
        _ => None,
    };
    let navigator = use_navigator();
    use_effect_with(expected, move |expected| {
        let timeout = navigator
            .zip(expected.clone())
            .map(|(navigator, id)| Timeout::new(OPEN_DELAY, move || navigator.push(&Route::Trace { id })));
        move || drop(timeout)
    });
    arrival
}

/// Renders whether a trace has arrived.
pub fn arrival_status(arrival: Option<&Arrival>) -> Html {
    let (icon, text, trace) = match arrival {
        Some(Arrival::Expected(trace)) => {
            (LuCircleCheck, "Your first trace has arrived.".to_owned(), Some(trace))
        }
        Some(Arrival::Other(trace)) => (LuRadio, format!("New trace from {}.", trace.agent_id), Some(trace)),
        None => (LuRadio, "Waiting for your trace. It opens as soon as it arrives.".to_owned(), None),
    };
    html! {
        <p class={classes!("watch", matches!(arrival, Some(Arrival::Expected(_))).then_some("watch-arrived"))} role="status">
            { svg_icon(icon) }
            <span>{ text }</span>
            if let Some(trace) = trace {
                <RouteLink to={Route::Trace { id: trace.trace_id.clone() }}>{ "Open trace" }</RouteLink>
            }
        </p>
    }
}

/// Returns a query for the newest traces of the last year. The window ends `margin` in the future.
pub fn newest_traces(margin: Duration, limit: u32) -> TraceListQuery {
    let end = intl::now() + margin;
    let start = end - Duration::from_secs((limit::RANGE_DAYS - 1) * 86_400);
    TraceListQuery {
        time_range: TimeRange::Custom { start, end }.to_query(),
        limit: Some(limit),
        ..TraceListQuery::default()
    }
}

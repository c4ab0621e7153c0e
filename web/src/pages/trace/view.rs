//! A loaded trace: the state of its view, and the search.

use std::{cell::RefCell, rc::Rc};

use gloo_timers::callback::Timeout;
use shared::{Timestamp, span::SpanMatches, trace::TraceDetail};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{
    address::{use_address, use_span_in_address},
    detail::{SpanPanel, TraceContent},
    header::header,
    key::use_keys,
    state::{Action, State},
    toolbar::toolbar,
    waterfall::Waterfall,
};
use crate::{auth::use_client, by_pointer::ByPointer, trace::Model};

/// The delay in milliseconds between the last input and the search request.
const SEARCH_DELAY: u32 = 250;
/// The minimum length of a query that is sent to the API: shorter ones would match almost everything.
const MIN_QUERY_CHARS: usize = 2;

/// Properties of [`TraceView`].
#[derive(Properties, PartialEq)]
pub struct TraceViewProps {
    /// The trace.
    pub detail: ByPointer<TraceDetail>,
    /// When the trace was received.
    pub updated: Option<Timestamp>,
}

/// Renders the trace: header, waterfall, and the selected span.
#[component]
pub fn TraceView(props: &TraceViewProps) -> Html {
    let detail = &props.detail;
    let model = use_memo(detail.clone(), |detail| Model::new(Rc::clone(&detail.0)));
    let named = use_span_in_address();
    let state = use_reducer(|| State::new(Rc::clone(&model), named.as_deref()));
    let on_action = state.dispatcher().to_callback();
    {
        let on_action = on_action.clone();
        use_effect_with(ByPointer(model), move |model| {
            on_action.emit(Action::Refresh(Rc::clone(&model.0)));
        });
    }
    use_address(named, state.selected_id().map(ToOwned::to_owned), on_action.reform(Action::Address));
    use_search(&detail.trace.trace_id, &state.query, &on_action);
    use_keys(&on_action);
    let recent = use_state(ByPointer::<RefCell<_>>::default);
    let model = &state.model;
    let trace_id = AttrValue::from(detail.trace.trace_id.clone());
    html! {
        <>
            { header(model) }
            if model.spans().is_empty() {
                <section class="trace-alone"><TraceContent model={Rc::clone(model)} /></section>
            } else {
                <div class="trace-body">
                    <section class="panel waterfall" aria-label="Steps">
                        { toolbar(&state, &on_action) }
                        <Waterfall state={(*state).clone()} {on_action} />
                    </section>
                    <section class="trace-detail panel" aria-label="Selected step" id="detail" tabindex="-1">
                        if let Some(index) = state.selected {
                            <SpanPanel {trace_id} model={Rc::clone(model)} {index} updated={props.updated} recent={(*recent).clone()} />
                        } else {
                            <div class="detail-body">
                                <header class="detail-head">
                                    <div class="detail-title"><h2>{ "Trace overview" }</h2><p class="muted">{ "Select a step to see its input and output." }</p></div>
                                </header>
                                <TraceContent model={Rc::clone(model)} />
                            </div>
                        }
                    </section>
                </div>
            }
        </>
    }
}

/// Searches the API for `query` after a pause in typing.
#[hook]
fn use_search(trace_id: &str, query: &str, on_action: &Callback<Action>) {
    let client = use_client();
    let (trace_id, on_action) = (trace_id.to_owned(), on_action.clone());
    use_effect_with(query.to_owned(), move |query| {
        let query = query.clone();
        let trimmed = query.trim().to_owned();
        let timeout = (!trimmed.is_empty()).then(|| {
            Timeout::new(SEARCH_DELAY, move || {
                spawn_local(async move {
                    let found = if trimmed.chars().count() < MIN_QUERY_CHARS {
                        SpanMatches::default()
                    } else {
                        // If the request fails, the matches in names remain.
                        client.search_spans(&trace_id, &trimmed).await.unwrap_or_default()
                    };
                    on_action.emit(Action::Found(query, found));
                });
            })
        });
        move || drop(timeout)
    });
}

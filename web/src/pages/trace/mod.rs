//! The page of a trace: header, waterfall, and the details of the selected span.

mod address;
mod detail;
mod header;
mod key;
mod state;
mod toolbar;
mod view;
mod waterfall;

use std::rc::Rc;

use icondata_lu::LuFileSearch;
use shared::{error::ErrorCode, ttl};
use yew::prelude::*;

use crate::{
    by_pointer::ByPointer,
    components::{
        copy_button::CopyButton,
        crumbs::crumbs,
        link::RouteLink,
        load::{skeleton_block, skeleton_lines, view},
        message::message,
        updated::Updated,
    },
    hooks::{use_poll, use_title},
    route::Route,
};
use view::TraceView;

/// Properties of [`TracePage`].
#[derive(Properties, PartialEq)]
pub struct TracePageProps {
    /// The trace's id.
    pub id: String,
}

/// Loads and renders a trace.
#[component]
pub fn TracePage(props: &TracePageProps) -> Html {
    use_title(&format!("Trace {}", props.id));
    // The trace is shared by `Rc`, so that key presses do not copy thousands of spans.
    let trace = use_poll(props.id.clone(), ttl::TRACE_DETAIL, |client, id| async move {
        client.get_trace(&id).await.map(Rc::new)
    });
    let missing = trace.data().is_none()
        && trace.error().is_some_and(|error| error.code() == Some(ErrorCode::NotFound));
    html! {
        <>
            { crumbs(html! { <RouteLink to={Route::Traces}>{ "Traces" }</RouteLink> }, "mono ellipsis", props.id.clone(), html! {
                <span class="crumb-tools">
                    <CopyButton text={props.id.clone()} name="trace ID" label="Copy ID" />
                    <Updated at={trace.updated_at()} loading={trace.is_loading()} on_refresh={trace.on_refresh()} />
                </span>
            }) }
            if missing {
                <h1 class="visually-hidden">{ "Trace" }</h1>
                <section class="panel">
                    { message(LuFileSearch, "Trace not found", html! { <>
                        <p>{ "It may not have arrived yet, or was removed by retention." }</p>
                        <RouteLink class="button" to={Route::Traces}>{ "All traces" }</RouteLink>
                    </> }) }
                </section>
            } else {
                { view(&trace, skeleton(), |detail| html! { <TraceView detail={ByPointer(Rc::clone(detail))} updated={trace.updated_at()} /> }) }
            }
        </>
    }
}

fn skeleton() -> Html {
    html! {
        <>
            <h1 class="visually-hidden">{ "Trace" }</h1>
            { skeleton_block("skeleton-kpi") }
            { skeleton_lines(10) }
        </>
    }
}

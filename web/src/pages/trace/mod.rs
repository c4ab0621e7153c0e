//! One run: its figures, its steps as a waterfall, and what each step read and wrote.

mod header;
mod waterfall;

use icondata_lu::LuFileSearch;
use shared::{error::ErrorCode, trace::TraceDetail, ttl};
use yew::prelude::*;

use crate::{
    components::{
        link::RouteLink,
        load::{skeleton_block, skeleton_lines, view},
        message::message,
        span_detail::{span_detail, trace_content},
    },
    hooks::{use_poll, use_title},
    route::Route,
};
use header::header;
use waterfall::Waterfall;

/// Properties of [`TracePage`].
#[derive(Properties, PartialEq)]
pub struct TracePageProps {
    /// The trace's id.
    pub id: String,
}

/// See the module.
#[component]
pub fn TracePage(props: &TracePageProps) -> Html {
    use_title(&format!("Trace {}", props.id));
    let trace =
        use_poll(props.id.clone(), ttl::TRACE_DETAIL, |client, id| async move { client.trace(&id).await });
    let missing = trace.data().is_none()
        && trace.error().is_some_and(|error| error.code() == Some(ErrorCode::NotFound));
    html! {
        <>
            <nav class="crumbs" aria-label="Breadcrumb">
                <RouteLink to={Route::Traces}>{ "Traces" }</RouteLink>
                <span class="muted" aria-hidden="true">{ "/" }</span>
                <span class="mono ellipsis" aria-current="page">{ props.id.clone() }</span>
            </nav>
            if missing {
                <h1 class="visually-hidden">{ "No such trace" }</h1>
                <section class="panel">
                    { message(LuFileSearch, "There is no trace by this name in your workspace", html! { <>
                        <p>{ "It may not have arrived yet, or its time is over." }</p>
                        <RouteLink class="button" to={Route::Traces}>{ "All traces" }</RouteLink>
                    </> }) }
                </section>
            } else {
                { view(&trace, skeleton(), |detail| html! { <Ready detail={detail.clone()} /> }) }
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

/// Properties of [`Ready`].
#[derive(Properties, PartialEq)]
struct ReadyProps {
    detail: TraceDetail,
}

#[component]
fn Ready(props: &ReadyProps) -> Html {
    let detail = &props.detail;
    let selected = use_state(|| None::<usize>);
    let on_select = {
        let selected = selected.clone();
        Callback::from(move |index| selected.set(index))
    };
    // A refresh may bring another list of spans.
    let span = selected.and_then(|index| detail.spans.get(index));
    html! {
        <>
            { header(&detail.trace, detail.spans.len()) }
            if detail.spans.is_empty() {
                <section class="trace-alone">{ trace_content(detail) }</section>
            } else {
                <div class="trace-body">
                    <Waterfall detail={detail.clone()} selected={span.and(*selected)} {on_select} />
                    <section class="trace-detail panel" aria-label="Selected step" aria-live="polite">
                        if let Some(span) = span {
                            <div key={span.span_id.clone()}>{ span_detail(span) }</div>
                        } else {
                            <div key="">
                                <header class="detail-head">
                                    <div class="detail-title"><h2>{ "Whole trace" }</h2><p class="muted">{ "Choose a step to see what it read and wrote." }</p></div>
                                </header>
                                { trace_content(detail) }
                            </div>
                        }
                    </section>
                </div>
            }
        </>
    }
}

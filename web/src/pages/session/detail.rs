//! The page of a session or an end user: totals, and the traces with their conversations. The traces of a session are
//! sorted oldest first, those of an end user newest first.

use icondata_lu::LuMessagesSquare;
use shared::{error::ErrorCode, format, session::SessionDetail, ttl};
use yew::prelude::*;

use super::{SessionKind, totals::totals, trace_item::trace_item};
use crate::{
    components::{
        crumbs::crumbs,
        link::RouteLink,
        load::{skeleton_block, skeleton_lines, view},
        message::message,
        updated::Updated,
    },
    hooks::{use_poll, use_title},
    route::Route,
};

/// The number of traces loaded at a time.
const PAGE_TRACES: u32 = 20;

/// Properties of [`SessionPage`].
#[derive(Properties, PartialEq)]
pub struct SessionPageProps {
    /// Whether it is a session or an end user.
    pub kind: SessionKind,
    /// The id of the session or end user.
    pub id: String,
}

/// Loads and renders a session or an end user.
#[component]
pub fn SessionPage(props: &SessionPageProps) -> Html {
    let kind = props.kind;
    use_title(&format!("{} {}", kind.title(), props.id));
    let pages = use_state(|| 1_usize);
    let session = {
        let id = props.id.clone();
        use_poll(*pages, ttl::TRACES_LIST, move |client, pages| async move {
            client.get_session(kind, &id, PAGE_TRACES, pages).await
        })
    };
    let missing = session.data().is_none()
        && session.error().is_some_and(|error| error.code() == Some(ErrorCode::NotFound));
    let on_more = {
        let pages = pages.clone();
        Callback::from(move |_: MouseEvent| pages.set(*pages + 1))
    };
    html! {
        <>
            { crumbs(html! { <RouteLink to={kind.list_route()}>{ kind.plural() }</RouteLink> }, "mono ellipsis", props.id.clone(), Html::default()) }
            if missing {
                <h1 class="visually-hidden">{ kind.title() }</h1>
                <section class="panel">{ not_found(kind) }</section>
            } else {
                <div class="page-head">
                    <div class="session-title">
                        <p class="muted">{ kind.title() }</p>
                        <h1 class="ellipsis" title={props.id.clone()}>{ props.id.clone() }</h1>
                    </div>
                    <div class="page-tools">
                        <RouteLink class="button" to={Route::Traces} query={query(kind, &props.id)}>{ "View traces" }</RouteLink>
                        <Updated at={session.updated_at()} loading={session.is_loading()} on_refresh={session.on_refresh()} />
                    </div>
                </div>
                { view(&session, skeleton(), |session| ready(kind, session, &on_more)) }
            }
        </>
    }
}

fn ready(kind: SessionKind, session: &SessionDetail, on_more: &Callback<MouseEvent>) -> Html {
    let title = match kind {
        SessionKind::Session => "Conversation",
        SessionKind::EndUser => "Traces, newest first",
    };
    let shown = format!(
        "{} of {}",
        format::integer(session.items.len() as u64),
        format::integer(session.totals.traces)
    );
    html! {
        <>
            <section class="panel session-totals" aria-label="Totals">{ totals(&session.totals) }</section>
            <section class="session" aria-label={title}>
                <header class="session-head"><h2>{ title }</h2><span class="muted">{ shown }</span></header>
                <ol class="session-traces">{ for session.items.iter().map(|item| trace_item(kind, item)) }</ol>
                if session.next_cursor.is_some() {
                    <button type="button" class="button wide" onclick={on_more.clone()}>{ "Load more" }</button>
                }
            </section>
        </>
    }
}

fn skeleton() -> Html {
    html! { <>{ skeleton_block("skeleton-kpi") }{ skeleton_lines(10) }</> }
}

fn not_found(kind: SessionKind) -> Html {
    let title = match kind {
        SessionKind::Session => "Session not found",
        SessionKind::EndUser => "End user not found",
    };
    let all = format!("All {}", kind.plural().to_ascii_lowercase());
    let next = html! {
        <>
            <p>{ "Its traces may not have arrived yet, or were removed by retention." }</p>
            <RouteLink class="button" to={kind.list_route()}>{ all }</RouteLink>
        </>
    };
    message(LuMessagesSquare, title, next)
}

/// Returns the URL query of the trace list, filtered by the session or end user, for the longest named range.
fn query(kind: SessionKind, id: &str) -> String {
    let name = match kind {
        SessionKind::Session => "session_id",
        SessionKind::EndUser => "user_id",
    };
    format!("range=30d&{name}={}", js_sys::encode_uri_component(id))
}

//! One session or user: totals, and the runs with what was said in them. A session's are read from the first on, a user's
//! from the last back.

use icondata_lu::LuMessagesSquare;
use shared::{error::ErrorCode, session::Thread, ttl};
use yew::prelude::*;

use super::{ThreadKind, run::run, totals::totals};
use crate::{
    components::{
        link::RouteLink,
        load::{skeleton_block, skeleton_lines, view},
        message::message,
        updated::Updated,
    },
    format,
    hooks::{use_poll, use_title},
    route::Route,
};

/// Runs that are asked for at a time.
const RUNS: u32 = 20;

/// Properties of [`ThreadPage`].
#[derive(Properties, PartialEq)]
pub struct ThreadPageProps {
    /// What it is.
    pub kind: ThreadKind,
    /// The session's or user's id.
    pub id: String,
}

/// See the module.
#[component]
pub fn ThreadPage(props: &ThreadPageProps) -> Html {
    let kind = props.kind;
    use_title(&format!("{} {}", kind.title(), props.id));
    let pages = use_state(|| 1_usize);
    let thread = {
        let id = props.id.clone();
        use_poll(*pages, ttl::TRACES_LIST, move |client, pages| async move {
            client.thread(kind, &id, RUNS, pages).await
        })
    };
    let missing = thread.data().is_none()
        && thread.error().is_some_and(|error| error.code() == Some(ErrorCode::NotFound));
    let on_more = {
        let pages = pages.clone();
        Callback::from(move |_: MouseEvent| pages.set(*pages + 1))
    };
    html! {
        <>
            <nav class="crumbs" aria-label="Breadcrumb">
                <RouteLink to={kind.list_route()}>{ kind.plural() }</RouteLink>
                <span class="muted" aria-hidden="true">{ "/" }</span>
                <span class="mono ellipsis" aria-current="page">{ props.id.clone() }</span>
            </nav>
            if missing {
                <h1 class="visually-hidden">{ format!("No such {}", kind.title().to_ascii_lowercase()) }</h1>
                <section class="panel">{ nothing(kind) }</section>
            } else {
                <div class="page-head">
                    <div class="thread-title">
                        <p class="muted">{ kind.title() }</p>
                        <h1 class="ellipsis" title={props.id.clone()}>{ props.id.clone() }</h1>
                    </div>
                    <div class="page-tools">
                        <RouteLink class="button" to={Route::Traces} query={query(kind, &props.id)}>{ "In the list of traces" }</RouteLink>
                        <Updated at={thread.updated_at()} loading={thread.is_loading()} on_refresh={thread.on_refresh()} />
                    </div>
                </div>
                { view(&thread, skeleton(), |thread| ready(kind, thread, &on_more)) }
            }
        </>
    }
}

fn ready(kind: ThreadKind, thread: &Thread, on_more: &Callback<MouseEvent>) -> Html {
    let title = match kind {
        ThreadKind::Session => "Conversation",
        ThreadKind::User => "Runs, newest first",
    };
    let shown = format!(
        "{} of {}",
        format::integer(thread.items.len() as u64),
        format::integer(thread.totals.traces)
    );
    html! {
        <>
            <section class="panel thread-totals" aria-label="Totals">{ totals(&thread.totals) }</section>
            <section class="thread" aria-label={title}>
                <header class="thread-head"><h2>{ title }</h2><span class="muted">{ shown }</span></header>
                <ol class="runs">{ for thread.items.iter().map(|item| run(kind, item)) }</ol>
                if thread.next_cursor.is_some() {
                    <button type="button" class="button wide" onclick={on_more.clone()}>{ "Load more" }</button>
                }
            </section>
        </>
    }
}

fn skeleton() -> Html {
    html! { <>{ skeleton_block("skeleton-kpi") }{ skeleton_lines(10) }</> }
}

fn nothing(kind: ThreadKind) -> Html {
    let title = match kind {
        ThreadKind::Session => "There is no session by this name in your workspace",
        ThreadKind::User => "There is no user by this name in your workspace",
    };
    let all = format!("All {}", kind.plural().to_ascii_lowercase());
    html! {
        { message(LuMessagesSquare, title, html! { <>
            <p>{ "Its traces may not have arrived yet, or their time is over." }</p>
            <RouteLink class="button" to={kind.list_route()}>{ all }</RouteLink>
        </> }) }
    }
}

/// The part of the trace list's address that says whose: over as long a time as has a name.
fn query(kind: ThreadKind, id: &str) -> String {
    let name = match kind {
        ThreadKind::Session => "session_id",
        ThreadKind::User => "user_id",
    };
    format!("range=30d&{name}={}", js_sys::encode_uri_component(id))
}

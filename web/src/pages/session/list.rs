//! The list of sessions or end users of a time range, most recently active first.

use icondata_lu::{LuMessagesSquare, LuUsers};
use shared::{
    format, limit,
    page::ItemList,
    session::SessionSummary,
    time_range::{TimeRange, TimeRangeQuery},
    ttl,
};
use yew::prelude::*;

use super::SessionKind;
use crate::{
    components::{
        link::RouteLink,
        load::{skeleton_lines, view},
        message::message,
        page_head::page_head,
        range_picker::RangePicker,
        table::{column_heads, table},
        time::RelativeTime,
        updated::Updated,
    },
    hooks::{use_poll, use_query, use_title},
    route::Route,
};

/// The numeric columns.
const NUMBERS: [&str; 4] = ["Traces", "Errors", "Tokens", "Cost"];

/// Properties of [`SessionListPage`].
#[derive(Properties, PartialEq)]
pub struct SessionListPageProps {
    /// Whether sessions or end users are listed.
    pub kind: SessionKind,
}

/// Loads and renders the list.
#[component]
pub fn SessionListPage(props: &SessionListPageProps) -> Html {
    let kind = props.kind;
    use_title(kind.plural());
    let (query, set_query) = use_query::<TimeRangeQuery>();
    let range = TimeRange::from_query(&query).unwrap_or_default();
    let on_range = set_query.reform(|range: TimeRange| range.to_query());
    let sessions = use_poll(range, ttl::TRACES_LIST, move |client, range| {
        client.list_sessions(kind, range, limit::PAGE_ITEMS)
    });
    let description = match kind {
        SessionKind::Session => "Conversations with your agents.",
        SessionKind::EndUser => "The people who use your agents.",
    };
    let tools = html! {
        <>
            <RangePicker {range} on_change={on_range} />
            <Updated at={sessions.updated_at()} loading={sessions.is_loading()} on_refresh={sessions.on_refresh()} />
        </>
    };
    html! {
        <>
            { page_head(kind.plural(), description, Some(tools)) }
            <section class="panel" aria-label={kind.plural()}>
                { view(&sessions, skeleton_lines(14), |list| {
                    if list.items.is_empty() { empty(kind) } else { ready(kind, list) }
                }) }
            </section>
        </>
    }
}

fn ready(kind: SessionKind, list: &ItemList<SessionSummary>) -> Html {
    let (shown, total) = (list.items.len() as u64, list.total);
    html! {
        <>
            { table("sessions", column_heads(&[kind.title(), "Last activity"], &NUMBERS), list.items.iter().map(|item| row(kind, item)).collect()) }
            if shown < total {
                <p class="sessions-more muted">{ format!("Showing the {} most recently active of {}. Choose a shorter range to see others.", format::integer(shown), format::integer(total)) }</p>
            }
        </>
    }
}

fn row(kind: SessionKind, item: &SessionSummary) -> Html {
    let totals = &item.totals;
    // The cost excludes calls without a price.
    let cost =
        format!("{}{}", format::cost(totals.cost_usd), if totals.unpriced > 0 { " (partial)" } else { "" });
    let [traces, errors, tokens] = [totals.traces, totals.errors, totals.tokens].map(format::integer);
    let numbers = [traces, errors, tokens, cost];
    html! {
        <tr key={item.id.clone()}>
            <th scope="row"><RouteLink class="stretched ellipsis mono" to={kind.route(&item.id)}>{ item.id.clone() }</RouteLink></th>
            <td class="cell-time">if let Some(at) = totals.last { <RelativeTime {at} /> }</td>
            for (name, number) in NUMBERS.into_iter().zip(numbers) { <td class={classes!("number", (name == "Errors" && totals.errors > 0).then_some("worse"))} data-label={name}>{ number }</td> }
        </tr>
    }
}

fn empty(kind: SessionKind) -> Html {
    let (icon, title) = match kind {
        SessionKind::Session => (LuMessagesSquare, "No sessions in this range"),
        SessionKind::EndUser => (LuUsers, "No end users in this range"),
    };
    let attributes = match kind {
        SessionKind::Session => html! { <>
            { "A session consists of traces with the same " }<code>{ "session.id" }</code>{ " or " }<code>{ "gen_ai.conversation.id" }</code>
            { " (OpenTelemetry), or " }<code>{ "session_id" }</code>{ " (REST)." }
        </> },
        SessionKind::EndUser => html! { <>
            { "An end user appears here when a trace has " }<code>{ "user.id" }</code>{ " (OpenTelemetry) or " }<code>{ "user_id" }</code>{ " (REST)." }
        </> },
    };
    let next = html! {
        <>
            <p>{ attributes }</p>
            <p>{ "Choose a longer range, or see " }<RouteLink to={Route::Start}>{ "Getting started" }</RouteLink>{ "." }</p>
        </>
    };
    message(icon, title, next)
}

//! The list of traces. Filters and the page are in the URL.

use icondata_lu::{LuSearch, LuX};
use shared::{
    access::Permission,
    format, limit,
    metric::Dimension,
    page::Page,
    time_range::TimeRange,
    trace::{Trace, TraceListQuery, TraceStatus},
    ttl,
};
use yew::prelude::*;

use crate::{
    components::{
        icon::svg_icon,
        link::RouteLink,
        load::{skeleton_lines, view},
        message::message,
        page_head::page_head,
        pager::pager,
        permitted::Permitted,
        range_picker::RangePicker,
        select::select,
        status::{status_badge, status_label},
        table::{column_heads, table},
        time::exact_time,
        updated::Updated,
    },
    hooks::{use_breakdown_keys, use_poll, use_query, use_title},
    route::Route,
    sort::sorted_indices,
};

/// The number of traces per page.
const PAGE_TRACES: u32 = 25;

/// Loads and renders the list.
#[component]
pub fn TracesPage() -> Html {
    use_title("Traces");
    let (query, set_query) = use_query::<TraceListQuery>();
    let range = TimeRange::from_query(&query.time_range).unwrap_or_default();
    let request = request(&query, range);
    let traces = use_poll(request, ttl::TRACES_LIST, |client, query| client.list_traces(&query));
    let agents = use_breakdown_keys(Dimension::Agent, range, ttl::HOME_KPIS, limit::PAGE_ITEMS);
    let models = use_breakdown_keys(Dimension::Model, range, ttl::HOME_KPIS, limit::PAGE_ITEMS);
    // A changed filter starts at the first page.
    let filter = |change: fn(&mut TraceListQuery, Option<String>)| {
        let query = query.clone();
        set_query.reform(move |value: String| {
            let mut changed = TraceListQuery { page: None, ..query.clone() };
            change(&mut changed, Some(value).filter(|value| !value.is_empty()));
            changed
        })
    };
    let on_range = {
        let query = query.clone();
        set_query.reform(move |range: TimeRange| TraceListQuery {
            time_range: range.to_query(),
            page: None,
            ..query.clone()
        })
    };
    let on_page = {
        let query = query.clone();
        set_query
            .reform(move |page: u32| TraceListQuery { page: (page > 1).then_some(page), ..query.clone() })
    };
    let unfiltered = TraceListQuery { time_range: query.time_range.clone(), ..TraceListQuery::default() };
    let filtered = TraceListQuery { limit: None, page: None, cursor: None, ..query.clone() } != unfiltered;
    let on_clear = set_query.reform(move |_: MouseEvent| unfiltered.clone());
    let keys = |mut keys: Vec<String>, selected: &Option<String>| {
        // The selected option is always listed, even if this range does not contain it.
        if let Some(selected) = selected.as_ref().filter(|selected| !keys.contains(selected)) {
            keys.push(selected.clone());
        }
        let sorted = sorted_indices(keys.len(), &|a, b| keys[a].cmp(&keys[b]));
        sorted.into_iter().map(|index| (keys[index].clone(), keys[index].clone())).collect::<Vec<_>>()
    };
    let statuses =
        TraceStatus::ALL.map(|status| (status.as_str().to_owned(), status_label(status).to_owned())).to_vec();
    let tools = html! {
        <>
            <RangePicker {range} on_change={on_range} />
            <Updated at={traces.updated_at()} loading={traces.is_loading()} on_refresh={traces.on_refresh()} />
        </>
    };
    html! {
        <>
            { page_head("Traces", "Each trace is one run of an agent.", Some(tools)) }
            <div class="filters" role="search" aria-label="Filter traces">
                { select("agent", "Agent", "All agents", query.agent_id.as_deref(), &keys(agents, &query.agent_id), &filter(|query, value| query.agent_id = value)) }
                { select("model", "Model", "All models", query.model.as_deref(), &keys(models, &query.model), &filter(|query, value| query.model = value)) }
                { select("status", "Status", "All statuses", query.status.map(TraceStatus::as_str), &statuses, &filter(|query, value| query.status = TraceStatus::ALL.into_iter().find(|status| Some(status.as_str()) == value.as_deref()))) }
                { chip("Session", query.session_id.as_ref(), |id| Route::Session { id }, &filter(|query, value| query.session_id = value)) }
                { chip("End user", query.user_id.as_ref(), |id| Route::User { id }, &filter(|query, value| query.user_id = value)) }
                if filtered {
                    <button type="button" class="link-button" onclick={on_clear.clone()}>{ "Clear filters" }</button>
                }
            </div>
            <section class="panel traces-panel" aria-label="Traces">
                { view(&traces, skeleton_lines(14), |page| {
                    if page.items.is_empty() { empty(page, filtered, &on_clear, &on_page) } else { list(page, &on_page) }
                }) }
            </section>
        </>
    }
}

/// Returns the query for the API.
fn request(query: &TraceListQuery, range: TimeRange) -> TraceListQuery {
    TraceListQuery { time_range: range.to_query(), limit: Some(PAGE_TRACES), cursor: None, ..query.clone() }
}

fn empty(
    page: &Page<Trace>,
    filtered: bool,
    on_clear: &Callback<MouseEvent>,
    on_page: &Callback<u32>,
) -> Html {
    if page.total > 0 {
        let onclick = on_page.reform(|_: MouseEvent| 1);
        let next = html! { <button type="button" class="button" {onclick}>{ "Go to first page" }</button> };
        return message(LuSearch, "This page does not exist", next);
    }
    if filtered {
        let next = html! {
            <>
                <p>{ "Choose a longer range, or clear the filters." }</p>
                <button type="button" class="button" onclick={on_clear.clone()}>{ "Clear filters" }</button>
            </>
        };
        return message(LuSearch, "No traces match these filters", next);
    }
    let next = html! {
        <>
            <p>{ "Choose a longer range." }</p>
            <Permitted to={Permission::Keys}><RouteLink to={Route::Start}>{ "How to send traces" }</RouteLink></Permitted>
        </>
    };
    message(LuSearch, "No traces in this range", next)
}

fn list(page: &Page<Trace>, on_page: &Callback<u32>) -> Html {
    let heads =
        column_heads(&["Time", "Agent", "Status", "Model"], &["Latency", "Tokens", "Cost", "Quality"]);
    html! {
        <>
            { table("traces", heads, page.items.iter().map(row).collect()) }
            { pager(page, on_page) }
        </>
    }
}

fn row(trace: &Trace) -> Html {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| format::NONE.to_owned());
    html! {
        <tr key={trace.trace_id.clone()}>
            <td class="cell-time">{ exact_time(trace.timestamp) }</td>
            <th scope="row" class="cell-agent">
                <RouteLink class="stretched" to={Route::Trace { id: trace.trace_id.clone() }}>{ trace.agent_id.clone() }</RouteLink>
                if let Some(error) = &trace.error { <span class="cell-error ellipsis">{ error.clone() }</span> }
            </th>
            <td class="cell-status">{ status_badge(trace.status) }</td>
            <td class="cell-model mono">{ or_none(trace.model.clone()) }</td>
            <td class="number" data-label="Latency">{ format::latency(trace.latency_ms) }</td>
            <td class="number" data-label="Tokens">{ or_none(trace.tokens_total.map(format::integer)) }</td>
            <td class="number" data-label="Cost">{ or_none(trace.cost_usd.map(format::cost)) }</td>
            <td class="number" data-label="Quality">{ or_none(trace.quality_score.map(format::score)) }</td>
        </tr>
    }
}

/// Renders a filter that was set by a link from another page, with a button that removes it.
fn chip(
    label: &'static str,
    id: Option<&String>,
    page: fn(String) -> Route,
    on_change: &Callback<String>,
) -> Html {
    let Some(id) = id else { return Html::default() };
    let onclick = on_change.reform(|_: MouseEvent| String::new());
    html! {
        <span class="chip">
            <span class="muted">{ label }</span>
            <RouteLink class="mono ellipsis" to={page(id.clone())}>{ id.clone() }</RouteLink>
            <button type="button" {onclick} aria-label={format!("Remove filter: {label} {id}")}>{ svg_icon(LuX) }</button>
        </span>
    }
}

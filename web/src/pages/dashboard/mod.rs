//! The dashboard: KPIs, charts, top agents and models, alerts, and activity.

mod charts;
mod kpi_cards;

pub use kpi_cards::kpi_cards;

use std::time::Duration;

use shared::{
    Timestamp,
    metric::Dimension,
    time_range::{TimeRange, TimeRangeQuery},
    ttl,
};
use yew::prelude::*;

use crate::{
    components::{
        activity_stream::activity_stream,
        alerts_feed::{alerts_feed, severity_counts},
        breakdown::breakdown,
        link::RouteLink,
        load::{skeleton_block, skeleton_lines, view},
        panel::panel,
        range_picker::RangePicker,
        updated::Updated,
    },
    event::on_all,
    hooks::{Account, Poll, use_poll, use_query, use_title},
    pages::start::{Start, newest_traces},
    route::{Route, query_text},
};
use charts::{ChartData, draw_charts};
use kpi_cards::kpi_skeleton;

/// The margin for a clock that is slow.
const HOUR: Duration = Duration::from_secs(3600);
/// The number of rows of a top list.
const TOP_ITEMS: u32 = 6;
/// The number of alerts shown.
const ALERTS: u32 = 20;
/// The number of activities shown.
const ACTIVITIES: u32 = 30;

/// Loads and renders the dashboard, or the onboarding in a workspace without traces.
#[component]
pub fn DashboardPage() -> Html {
    use_title("Dashboard");
    let (query, set_query) = use_query::<TimeRangeQuery>();
    let range = TimeRange::from_query(&query).unwrap_or_default();
    let on_range = set_query.reform(|range: TimeRange| range.to_query());

    let kpis = use_poll(range, ttl::HOME_KPIS, |client, range| client.get_home_kpis(range));
    let charts = use_poll(range, ttl::HOME_KPIS, ChartData::fetch);
    let agents = use_poll(range, ttl::HOME_KPIS, |client, range| {
        client.get_breakdown(Dimension::Agent, range, TOP_ITEMS)
    });
    let models = use_poll(range, ttl::HOME_KPIS, |client, range| {
        client.get_breakdown(Dimension::Model, range, TOP_ITEMS)
    });
    let alerts = use_poll((), ttl::ALERTS, |client, ()| client.list_recent_alerts(ALERTS, None));
    let activity = use_poll((), ttl::ACTIVITY, |client, ()| client.list_activity(ACTIVITIES));
    // Whether the workspace has any traces only matters if the selected range is empty.
    let is_empty = kpis.data().is_some_and(|kpis| kpis.total_requests.value == 0.0);
    let used = use_poll(is_empty, ttl::ACTIVITY, |client, is_empty| async move {
        Ok(!is_empty || client.list_traces(&newest_traces(HOUR, 1)).await?.total > 0)
    });
    let unused_now = is_empty && !used.is_outdated() && used.data().is_some_and(|used| !*used);
    // The onboarding stays until the first trace opens, even if a refresh finds the trace earlier.
    let onboarding = use_mut_ref(|| false);
    let never_used = onboarding.replace_with(|shown| *shown || unused_now) || unused_now;

    let on_refresh = on_all([
        kpis.on_refresh(),
        charts.on_refresh(),
        agents.on_refresh(),
        models.on_refresh(),
        alerts.on_refresh(),
        activity.on_refresh(),
    ]);
    let updated_at =
        oldest(&[kpis.updated_at(), charts.updated_at(), alerts.updated_at(), activity.updated_at()]);
    let loading = kpis.is_loading() || charts.is_loading() || alerts.is_loading() || activity.is_loading();
    let workspace =
        use_context::<Account>().and_then(|account| account.user.map(|user| user.workspace_name.clone()));
    let range_query = query_text(&range.to_query());
    let history = |metric| charts.data().map(|data| data.values(metric)).unwrap_or_default();

    html! {
        <>
            <div class="page-head">
                <div>
                    <h1>{ "Dashboard" }</h1>
                    <p class="muted ellipsis">{ workspace.unwrap_or_else(|| "\u{a0}".to_owned()) }</p>
                </div>
                if !never_used {
                    <div class="page-tools">
                        <RangePicker {range} on_change={on_range} />
                        <Updated at={updated_at} {loading} {on_refresh} />
                    </div>
                }
            </div>
            if never_used {
                <Start within_dashboard=true />
            } else {
                <div class="kpi-area">
                    { view(&kpis, kpi_skeleton(), |kpis| kpi_cards(kpis, history)) }
                </div>
                <div class="dashboard">
                    <div class="dashboard-charts">
                        { view(&charts, charts_skeleton(), draw_charts) }
                    </div>
                    { top_list("Top agents", Dimension::Agent, &agents, &range_query) }
                    { top_list("Top models", Dimension::Model, &models, &range_query) }
                    { panel("Alerts", "feed", html! {
                        <>
                            if let Some(list) = alerts.data() { { severity_counts(&list.items) } }
                            <RouteLink class="panel-link" to={Route::Alerts} label="All alerts">{ "All" }</RouteLink>
                        </>
                    }, html! { <>
                        { view(&alerts, skeleton_lines(6), |list| alerts_feed(&list.items)) }
                    </> }) }
                    { panel("Activity", "feed", html! {
                        <>
                            <span class="muted panel-note">{ "Last hour" }</span>
                            <RouteLink class="panel-link" to={Route::Traces} query="range=1h" label="Traces from the last hour">{ "Traces" }</RouteLink>
                        </>
                    }, html! { <>
                        { view(&activity, skeleton_lines(8), |list| activity_stream(&list.items)) }
                    </> }) }
                </div>
            }
        </>
    }
}

fn top_list(
    title: &'static str,
    by: Dimension,
    poll: &Poll<shared::page::ItemList<shared::metric::BreakdownItem>>,
    range_query: &str,
) -> Html {
    let body = view(poll, skeleton_lines(6), |list| breakdown(by, &list.items, range_query));
    panel(title, "top-list", Html::default(), body)
}

fn charts_skeleton() -> Html {
    html! { <div class="charts">for _ in 0..3 { { skeleton_block("skeleton-chart") } }</div> }
}

fn oldest(times: &[Option<Timestamp>]) -> Option<Timestamp> {
    times.iter().flatten().min().copied()
}

//! Metrics over time, and per agent or model.

use std::time::Duration;

use actix_web::web::Query;
use domain::rollup::{
    plan::Source,
    sums::{Distribution, GroupedSums},
};
use shared::{
    Timestamp, limit,
    metric::{BreakdownItem, BreakdownQuery, Dimension, Metric, Point, Series, Timeseries, TimeseriesQuery},
    page::ItemList,
    time_range::{TimeRange, TimeRangeQuery, Window},
};
use store::trace::TraceStore;
use uuid::Uuid;

use super::cached::{Cached, CachedRequest, cached, page_limit};
use crate::{cache::CacheKey, error::ApiError};

/// The possible steps of a chart, in minutes. Each divides an hour or a day, or is a number of whole days, so that every
/// bucket of a rollup is within one step.
const STEPS_MINUTES: [u64; 12] = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 7 * 1440];
/// The maximum number of points of a series: more are not distinguishable on a wide screen.
const POINTS_MAX: u128 = 60;

/// The maximum length of a window that is read from traces. Longer windows have steps of at least an hour and are read from
/// rollups.
const RAW_MAX: Duration = Duration::from_secs(6 * 3600);
/// The maximum length of a window that is read from hourly rollups. Longer windows have steps of at least a day.
const HOURLY_MAX: Duration = Duration::from_secs(14 * 86_400);

/// Gets a metric over time.
#[utoipa::path(
    get, path = "/api/v1/metrics/timeseries", operation_id = "timeseries_get", tag = "Metrics",
    params(TimeseriesQuery, TimeRangeQuery),
    responses((status = 200, description = "The series", body = Timeseries))
)]
pub async fn get_timeseries(
    request: CachedRequest,
    query: Query<TimeseriesQuery>,
) -> Result<Cached<Timeseries>, ApiError> {
    let TimeseriesQuery { metric, ref time_range, group_by } = *query;
    let range = TimeRange::from_query(time_range)?;
    let key = CacheKey::timeseries(request.workspace_id, metric, &range, group_by);
    cached(&request, key, async |app| {
        let window = range.window(app.clock.now());
        let step = step(window);
        let groups = groups(&app.traces, request.workspace_id, window, step, metric, group_by).await?;
        let series = top(groups).map(|(key, steps)| series(key, &steps, window, step, metric)).collect();
        Ok(Timeseries { metric, start: window.start, end: window.end, step_seconds: step.as_secs(), series })
    })
    .await
}

/// Gets the metrics of each agent or model, most requests first.
#[utoipa::path(
    get, path = "/api/v1/metrics/breakdown", operation_id = "breakdown_get", tag = "Metrics",
    params(BreakdownQuery, TimeRangeQuery),
    responses((status = 200, description = "The agents or models", body = ItemList<BreakdownItem>))
)]
pub async fn get_breakdown(
    request: CachedRequest,
    query: Query<BreakdownQuery>,
) -> Result<Cached<ItemList<BreakdownItem>>, ApiError> {
    let BreakdownQuery { by, ref time_range, limit } = *query;
    let range = TimeRange::from_query(time_range)?;
    let limit = page_limit(limit, limit::BREAKDOWN_DEFAULT)?;
    let key = CacheKey::breakdown(request.workspace_id, by, &range, limit);
    cached(&request, key, async |app| {
        let window = range.window(app.clock.now());
        let groups = app.traces.sums_by_group(request.workspace_id, window, None, Some(by)).await?;
        let total = groups.len() as u64;
        let mut items: Vec<_> = groups
            .into_iter()
            .filter_map(|(key, steps)| {
                steps.into_values().next().map(|distribution| item(key, &distribution))
            })
            .collect();
        items.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.key.cmp(&b.key)));
        items.truncate(limit as usize);
        Ok(ItemList { items, total })
    })
    .await
}

/// Returns the shortest step that divides the window into at most [`POINTS_MAX`] points. Long windows have steps that can be
/// read from rollups.
fn step(window: Window) -> Duration {
    let steps = STEPS_MINUTES.map(|minutes| Duration::from_secs(minutes * 60));
    let least = match window.length() {
        length if length > HOURLY_MAX => Source::Daily.bucket(),
        length if length > RAW_MAX => Source::Hourly.bucket(),
        _ => Duration::ZERO,
    };
    let fits = |step: &Duration| {
        *step >= least && window.length().as_micros().div_ceil(step.as_micros()) <= POINTS_MAX
    };
    steps.into_iter().find(fits).unwrap_or(steps[steps.len() - 1])
}

/// Reads the sums of each step and group. Reads the totals without distributions if they suffice.
async fn groups(
    traces: &TraceStore,
    workspace_id: Uuid,
    window: Window,
    step: Duration,
    metric: Metric,
    group_by: Option<Dimension>,
) -> Result<GroupedSums, ApiError> {
    let percentile = matches!(metric, Metric::P50LatencyMs | Metric::P95LatencyMs | Metric::P99LatencyMs);
    if percentile || group_by.is_some() {
        let mut groups = traces.sums_by_group(workspace_id, window, Some(step), group_by).await?;
        if group_by.is_none() {
            groups.entry(None).or_default();
        }
        return Ok(groups);
    }
    let steps = traces.sums_by_step(workspace_id, window, step).await?;
    let steps =
        steps.into_iter().map(|(start, sums)| (start, Distribution { sums, ..Distribution::default() }));
    Ok(GroupedSums::from([(None, steps.collect())]))
}

type Steps = std::collections::BTreeMap<Timestamp, Distribution>;

/// Returns the groups with the most requests.
fn top(groups: GroupedSums) -> impl Iterator<Item = (Option<String>, Steps)> {
    let requests = |steps: &Steps| steps.values().map(|step| step.sums.requests).sum::<i64>();
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, steps)| std::cmp::Reverse(requests(steps)));
    groups.into_iter().take(limit::TIMESERIES_GROUPS)
}

fn series(key: Option<String>, steps: &Steps, window: Window, step: Duration, metric: Metric) -> Series {
    let nothing = Distribution::default();
    let starts = std::iter::successors(Some(window.start.floor(step)), |&start| Some(start + step));
    let points = starts.take_while(|&start| start < window.end).map(|timestamp| Point {
        timestamp,
        value: steps.get(&timestamp).unwrap_or(&nothing).metric(metric),
    });
    Series { key, points: points.collect() }
}

fn item(key: Option<String>, distribution: &Distribution) -> BreakdownItem {
    let sums = &distribution.sums;
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    BreakdownItem {
        key,
        requests: unsigned(sums.requests),
        error_rate: sums.error_rate().unwrap_or(0.0),
        avg_latency_ms: sums.avg_latency_ms().unwrap_or(0.0),
        p95_latency_ms: distribution.latency_ms(0.95).unwrap_or(0.0),
        cost_usd: sums.cost_usd(),
        tokens_total: unsigned(sums.tokens),
        avg_quality_score: sums.avg_quality(),
    }
}

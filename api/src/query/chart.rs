//! Charts and top lists: metrics over time, and per agent or model.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Query},
};
use domain::rollup::{
    plan::Source,
    sums::{Distribution, GroupedSums},
};
use serde::Deserialize;
use shared::{
    Timestamp,
    error::ErrorBody,
    limit,
    metric::{BreakdownItem, Dimension, Metric, Point, Series, Timeseries},
    page::ItemList,
    time_range::{TimeRange, TimeRangeQuery, Window},
};
use store::trace::TraceStore;
use uuid::Uuid;

use super::{
    State,
    answer::{cached, page_limit},
};
use crate::{auth::identity::Login, cache::CacheKey, error::ApiError};

/// The steps a chart may have, in minutes: each a whole part of an hour, or whole hours that a day is a multiple of, or
/// whole days, so that no bucket of a rollup crosses a step.
const STEPS_MINUTES: [u64; 12] = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 7 * 1440];
/// Points of a line at most: what a chart on a wide screen can tell apart.
const POINTS_MAX: u128 = 60;

/// A window longer than this is not read row by row: its steps are hours at least, which the rollups have.
const RAW_MAX: Duration = Duration::from_secs(6 * 3600);
/// A window longer than this is not read by the hour: its steps are days at least.
const HOURLY_MAX: Duration = Duration::from_secs(14 * 86_400);

/// Which chart.
#[derive(Debug, Deserialize)]
pub struct TimeseriesQuery {
    metric: Metric,
    range: Option<String>,
    start: Option<String>,
    end: Option<String>,
    group_by: Option<Dimension>,
}

/// Which top list.
#[derive(Debug, Deserialize)]
pub struct BreakdownQuery {
    by: Dimension,
    range: Option<String>,
    start: Option<String>,
    end: Option<String>,
    limit: Option<u32>,
}

/// A metric over time.
#[utoipa::path(
    get, path = "/api/v1/metrics/timeseries", tag = "Metrics", security(("jwt" = [])),
    params(
        ("metric" = Metric, Query, description = "What to show"),
        ("range" = Option<String>, Query, description = "1h, 24h (default), 7d, 30d or custom"),
        ("start" = Option<String>, Query, description = "With custom: the first moment, RFC 3339"),
        ("end" = Option<String>, Query, description = "With custom: the moment after the last, RFC 3339"),
        ("group_by" = Option<Dimension>, Query, description = "A line for each of the ten with the most requests"),
    ),
    responses(
        (status = 200, description = "The lines", body = Timeseries),
        (status = 400, description = "Invalid time range, or the query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
    )
)]
pub async fn timeseries(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<TimeseriesQuery>,
) -> Result<HttpResponse, ApiError> {
    let TimeseriesQuery { metric, range, start, end, group_by } = query.into_inner();
    let range = TimeRange::from_query(&TimeRangeQuery { range, start, end })?;
    let key = CacheKey::timeseries(login.workspace_id, metric, &range, group_by);
    cached(&app, &request, key, async || {
        let window = range.window(app.clock.now());
        let step = step(window);
        let groups = groups(&app.traces, login.workspace_id, window, step, metric, group_by).await?;
        let series = top(groups).map(|(key, steps)| series(key, &steps, window, step, metric)).collect();
        Ok(Timeseries { metric, start: window.start, end: window.end, step_seconds: step.as_secs(), series })
    })
    .await
}

/// The figures of each agent or model, most requests first.
#[utoipa::path(
    get, path = "/api/v1/metrics/breakdown", tag = "Metrics", security(("jwt" = [])),
    params(
        ("by" = Dimension, Query, description = "What to split by"),
        ("range" = Option<String>, Query, description = "1h, 24h (default), 7d, 30d or custom"),
        ("start" = Option<String>, Query, description = "With custom: the first moment, RFC 3339"),
        ("end" = Option<String>, Query, description = "With custom: the moment after the last, RFC 3339"),
        ("limit" = Option<u32>, Query, description = "1–100, 10 where absent"),
    ),
    responses(
        (status = 200, description = "The agents or models", body = ItemList<BreakdownItem>),
        (status = 400, description = "Invalid time range, or the query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "The limit is out of bounds", body = ErrorBody),
    )
)]
pub async fn breakdown(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<BreakdownQuery>,
) -> Result<HttpResponse, ApiError> {
    let BreakdownQuery { by, range, start, end, limit } = query.into_inner();
    let range = TimeRange::from_query(&TimeRangeQuery { range, start, end })?;
    let limit = page_limit(limit, limit::BREAKDOWN_DEFAULT)?;
    let key = CacheKey::breakdown(login.workspace_id, by, &range, limit);
    cached(&app, &request, key, async || {
        let window = range.window(app.clock.now());
        let groups = app.traces.sums_by_group(login.workspace_id, window, None, Some(by)).await?;
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

/// The shortest step that fits the window into [`POINTS_MAX`] points and can be read from a rollup, if the window is long.
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

/// The sums behind a chart: from the narrow totals where they suffice.
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

/// The groups with the most requests.
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

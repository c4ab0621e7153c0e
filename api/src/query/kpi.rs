//! The KPIs of the dashboard.

use actix_web::web::Query;
use domain::rollup::sums::Sums;
use shared::{
    kpi::{HomeKpis, Kpi, Trend},
    time_range::{TimeRange, TimeRangeQuery},
};

use super::cached::{Cached, CachedRequest, cached};
use crate::{cache::CacheKey, error::ApiError};

/// Gets the KPIs of a window, each compared with the previous window.
#[utoipa::path(
    get, path = "/api/v1/metrics/home-kpis", operation_id = "home_kpis_get", tag = "Metrics",
    params(TimeRangeQuery),
    responses((status = 200, description = "The KPIs", body = HomeKpis))
)]
pub async fn get(request: CachedRequest, query: Query<TimeRangeQuery>) -> Result<Cached<HomeKpis>, ApiError> {
    let range = TimeRange::from_query(&query)?;
    let key = CacheKey::home_kpis(request.workspace_id, &range);
    cached(&request, key, async |app| {
        let window = range.window(app.clock.now());
        let sums = app.traces.sums(request.workspace_id, &[window, window.previous()]).await?;
        let [current, previous] = sums.as_slice() else {
            return Err(ApiError::Internal("expected the sums of two windows".into()));
        };
        Ok(kpis(&range, current, previous))
    })
    .await
}

fn kpis(range: &TimeRange, current: &Sums, previous: &Sums) -> HomeKpis {
    let kpi = |value: fn(&Sums) -> Option<f64>, trend| {
        Kpi::new(value(current).unwrap_or(0.0), value(previous).unwrap_or(0.0), range, trend)
    };
    HomeKpis {
        total_requests: kpi(|sums| Some(sums.requests as f64), Trend::Normal),
        avg_latency_ms: kpi(Sums::avg_latency_ms, Trend::Inverse),
        error_rate: kpi(Sums::error_rate, Trend::Inverse),
        total_cost_usd: kpi(|sums| Some(sums.cost_usd()), Trend::Normal),
        avg_quality_score: kpi(Sums::avg_quality, Trend::Normal),
    }
}

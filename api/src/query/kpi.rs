//! The home page's key figures.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Query},
};
use domain::rollup::sums::Sums;
use shared::{
    error::ErrorBody,
    kpi::{HomeKpis, Kpi, Trend},
    time_range::{TimeRange, TimeRangeQuery},
};

use super::{State, answer::cached};
use crate::{auth::identity::Login, cache::CacheKey, error::ApiError};

/// The five key figures of a window against the window before.
#[utoipa::path(
    get, path = "/api/v1/metrics/home-kpis", tag = "Metrics", security(("jwt" = [])),
    params(
        ("range" = Option<String>, Query, description = "1h, 24h (default), 7d, 30d or custom"),
        ("start" = Option<String>, Query, description = "With custom: the first moment, RFC 3339"),
        ("end" = Option<String>, Query, description = "With custom: the moment after the last, RFC 3339"),
    ),
    responses(
        (status = 200, description = "The key figures", body = HomeKpis),
        (status = 400, description = "Invalid time range", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 403, description = "Another workspace was named", body = ErrorBody),
    )
)]
pub async fn home(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<TimeRangeQuery>,
) -> Result<HttpResponse, ApiError> {
    let range = TimeRange::from_query(&query)?;
    let key = CacheKey::home_kpis(login.workspace_id, &range);
    cached(&app, &request, key, async || {
        let window = range.window(app.clock.now());
        let sums = app.traces.sums(login.workspace_id, &[window, window.previous()]).await?;
        let [current, previous] = sums.as_slice() else {
            return Err(ApiError::Internal("two windows have two sums".into()));
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

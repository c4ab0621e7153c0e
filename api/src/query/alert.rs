//! The newest alerts.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Query},
};
use serde::Deserialize;
use shared::{
    alert::{Alert, Severity},
    error::ErrorBody,
    limit,
    page::ItemList,
};

use super::{
    State,
    answer::{cached, page_limit},
};
use crate::{
    cache::CacheKey, error::ApiError, gateway::identity::Login, store::trace::alert::record::AlertFilter,
};

/// Which alerts.
#[derive(Debug, Deserialize)]
pub struct RecentQuery {
    limit: Option<u32>,
    severity: Option<Severity>,
}

/// The newest alerts and how many there are.
#[utoipa::path(
    get, path = "/api/v1/alerts/recent", tag = "Alerts", security(("jwt" = [])),
    params(
        ("limit" = Option<u32>, Query, description = "1–100, 10 where absent"),
        ("severity" = Option<Severity>, Query, description = "Only these"),
    ),
    responses(
        (status = 200, description = "The alerts, newest first", body = ItemList<Alert>),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "The limit is out of bounds", body = ErrorBody),
    )
)]
pub async fn recent(
    app: Data<State>,
    login: Login,
    request: HttpRequest,
    query: Query<RecentQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, limit::ALERTS_DEFAULT)?;
    let key = CacheKey::alerts(login.workspace_id, limit, query.severity);
    cached(&app, &request, key, async || {
        let filter = AlertFilter { severity: query.severity, ..AlertFilter::default() };
        Ok(app.traces.alerts(login.workspace_id, filter, 0, limit).await?)
    })
    .await
}

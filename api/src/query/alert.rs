//! Alerts: the newest, all of them by pages, one with whom it was told, and that somebody is on it.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Query},
};
use domain::{
    alert::record::{AlertFilter, DeliveriesOf},
    error::chain,
};
use serde::Deserialize;
use shared::{
    alert::{Alert, Severity},
    alert_channel::AlertDelivery,
    error::ErrorBody,
    limit,
    page::{ItemList, Page},
};
use uuid::Uuid;

use super::{
    State,
    answer::{cached, page_limit, page_number},
};
use crate::{auth::identity::Login, cache::CacheKey, error::ApiError};

const NO_ALERT: ApiError = ApiError::NotFound("There is no such alert");

/// Which alerts.
#[derive(Debug, Deserialize)]
pub struct RecentQuery {
    limit: Option<u32>,
    severity: Option<Severity>,
}

/// Which page of which alerts.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    state: Option<StateFilter>,
    severity: Option<Severity>,
    rule_id: Option<Uuid>,
    limit: Option<u32>,
    page: Option<u32>,
}

/// Where in their lives alerts are.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StateFilter {
    /// They last.
    Open,
    /// They last, and nobody said that they are on it.
    Firing,
    /// They last, and somebody is on it.
    Acknowledged,
    /// They are over.
    Resolved,
}

impl ListQuery {
    fn filter(&self) -> AlertFilter {
        let (is_open, is_acknowledged) = match self.state {
            None => (None, None),
            Some(StateFilter::Open) => (Some(true), None),
            Some(StateFilter::Firing) => (Some(true), Some(false)),
            Some(StateFilter::Acknowledged) => (Some(true), Some(true)),
            Some(StateFilter::Resolved) => (Some(false), None),
        };
        AlertFilter { is_open, is_acknowledged, severity: self.severity, rule_id: self.rule_id }
    }
}

/// The newest alerts, whether they last or are over, and how many there are.
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
        Ok(app.alerts.list_alerts(login.workspace_id, filter, 0, limit).await?)
    })
    .await
}

/// A page of alerts, newest first, as they are at this moment.
#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "Alerts", security(("jwt" = [])),
    params(
        ("state" = Option<StateFilter>, Query, description = "Only those that are there in their lives; open: firing or acknowledged"),
        ("severity" = Option<Severity>, Query, description = "Only these"),
        ("rule_id" = Option<Uuid>, Query, description = "Only those of this rule, which may be gone by now"),
        ("limit" = Option<u32>, Query, description = "1–100, 50 where absent"),
        ("page" = Option<u32>, Query, description = "From 1"),
    ),
    responses(
        (status = 200, description = "The page", body = Page<Alert>),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "A bound is not kept", body = ErrorBody),
    )
)]
pub async fn list(app: Data<State>, login: Login, query: Query<ListQuery>) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, limit::ALERTS_PAGE_DEFAULT)?;
    let (page, before) = page_number(query.page, limit)?;
    let found = app.alerts.list_alerts(login.workspace_id, query.filter(), before, limit).await?;
    Ok(HttpResponse::Ok().json(Page {
        items: found.items,
        total: found.total,
        page,
        limit,
        total_pages: found.total.div_ceil(u64::from(limit)),
        next_cursor: None,
    }))
}

/// One alert, as it is at this moment.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}", tag = "Alerts", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The alert's id")),
    responses(
        (status = 200, description = "The alert", body = Alert),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such alert", body = ErrorBody),
    )
)]
pub async fn one(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let alert = app.alerts.get_alert(login.workspace_id, *id).await?.ok_or(NO_ALERT)?;
    Ok(HttpResponse::Ok().json(alert))
}

/// Which channels were told of an alert, newest first, a hundred at most, and how many times. What came to its end is
/// remembered for 30 days.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/deliveries", tag = "Alerts", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The alert's id")),
    responses(
        (status = 200, description = "The deliveries", body = ItemList<AlertDelivery>),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such alert", body = ErrorBody),
    )
)]
pub async fn deliveries(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    app.alerts.get_alert(login.workspace_id, *id).await?.ok_or(NO_ALERT)?;
    let of = DeliveriesOf::Alert(*id);
    let deliveries = app.alerts.list_deliveries(login.workspace_id, of, limit::PAGE_ITEMS).await?;
    Ok(HttpResponse::Ok().json(deliveries))
}

/// Says that whoever is logged in is on an alert: channels are not reminded of it any more. One that somebody is on
/// already, or that is over, is answered as it is.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/acknowledge", tag = "Alerts", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The alert's id")),
    responses(
        (status = 200, description = "The alert, with who is on it and since when", body = Alert),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such alert", body = ErrorBody),
    )
)]
pub async fn acknowledge(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let acknowledged =
        app.alerts.acknowledge_alert(login.workspace_id, *id, &login.email, app.clock.now()).await?;
    let alert = acknowledged.ok_or(NO_ALERT)?;
    // Whoever pressed the button sees it at once, however lately traces came.
    if let Err(failure) = app.cache.invalidate(login.workspace_id, Duration::ZERO).await {
        tracing::debug!(error = chain(&failure), "a workspace's answers were not dropped");
    }
    Ok(HttpResponse::Ok().json(alert))
}

//! Alerts: lists, single alerts, their deliveries, and the acknowledgement.

use std::time::Duration;

use actix_web::web::{Data, Json, Path, Query};
use domain::{
    alert::record::{AlertFilter, DeliveryFilter},
    error::chain,
};
use shared::{
    alert::{Alert, AlertListQuery, AlertStateFilter, RecentAlertsQuery},
    alert_channel::AlertDelivery,
    limit,
    page::{ItemList, Page},
};
use uuid::Uuid;

use super::{
    State,
    cached::{Cached, CachedRequest, cached, numbered_page, page_limit, page_number},
};
use crate::{auth::identity::Identity, cache::CacheKey, error::ApiError};

const NOT_FOUND: ApiError = ApiError::NotFound("Alert not found");

/// Lists the newest alerts, active or resolved.
#[utoipa::path(
    get, path = "/api/v1/alerts/recent", operation_id = "recent_alert_list", tag = "Alerts",
    params(RecentAlertsQuery),
    responses((status = 200, description = "The alerts, newest first", body = ItemList<Alert>))
)]
pub async fn list_recent(
    request: CachedRequest,
    query: Query<RecentAlertsQuery>,
) -> Result<Cached<ItemList<Alert>>, ApiError> {
    let limit = page_limit(query.limit, limit::ALERTS_DEFAULT)?;
    let key = CacheKey::alerts(request.workspace_id, limit, query.severity);
    cached(&request, key, async |app| {
        let filter = AlertFilter { severity: query.severity, ..AlertFilter::default() };
        Ok(app.alerts.list_alerts(request.workspace_id, filter, 0, limit).await?)
    })
    .await
}

/// Lists a page of alerts, newest first. Not cached.
#[utoipa::path(
    get, path = "/api/v1/alerts", operation_id = "alert_list", tag = "Alerts",
    params(AlertListQuery),
    responses((status = 200, description = "The page", body = Page<Alert>))
)]
pub async fn list(
    app: Data<State>,
    identity: Identity,
    query: Query<AlertListQuery>,
) -> Result<Json<Page<Alert>>, ApiError> {
    let limit = page_limit(query.limit, limit::ALERTS_PAGE_DEFAULT)?;
    let (page, before) = page_number(query.page, limit)?;
    let _permit = app.computations.start(identity.workspace_id()).await?;
    let alerts = app.alerts.list_alerts(identity.workspace_id(), filter(&query), before, limit).await?;
    Ok(Json(numbered_page(alerts, page, limit, None)))
}

fn filter(query: &AlertListQuery) -> AlertFilter {
    let (is_open, is_acknowledged) = match query.state {
        None => (None, None),
        Some(AlertStateFilter::Open) => (Some(true), None),
        Some(AlertStateFilter::Firing) => (Some(true), Some(false)),
        Some(AlertStateFilter::Acknowledged) => (Some(true), Some(true)),
        Some(AlertStateFilter::Resolved) => (Some(false), None),
    };
    AlertFilter { is_open, is_acknowledged, severity: query.severity, rule_id: query.rule_id }
}

/// Gets an alert. Not cached.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}", operation_id = "alert_get", tag = "Alerts",
    params(("id" = Uuid, Path, description = "The id of the alert")),
    responses((status = 200, description = "The alert", body = Alert))
)]
pub async fn get(app: Data<State>, identity: Identity, id: Path<Uuid>) -> Result<Json<Alert>, ApiError> {
    app.alerts.get_alert(identity.workspace_id(), *id).await?.map(Json).ok_or(NOT_FOUND)
}

/// Lists the newest 100 deliveries of an alert to channels, newest first. Finished deliveries are deleted after 30 days.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}/deliveries", operation_id = "alert_delivery_list", tag = "Alerts",
    params(("id" = Uuid, Path, description = "The id of the alert")),
    responses((status = 200, description = "The deliveries", body = ItemList<AlertDelivery>))
)]
pub async fn list_deliveries(
    app: Data<State>,
    identity: Identity,
    id: Path<Uuid>,
) -> Result<Json<ItemList<AlertDelivery>>, ApiError> {
    app.alerts.get_alert(identity.workspace_id(), *id).await?.ok_or(NOT_FOUND)?;
    let of = DeliveryFilter::Alert(*id);
    Ok(Json(app.alerts.list_deliveries(identity.workspace_id(), of, limit::PAGE_ITEMS).await?))
}

/// Acknowledges an alert: channels receive no more reminders. An acknowledged or resolved alert is returned unchanged.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/acknowledge", operation_id = "alert_acknowledge", tag = "Alerts",
    params(("id" = Uuid, Path, description = "The id of the alert")),
    responses((status = 200, description = "The acknowledged alert", body = Alert))
)]
pub async fn acknowledge(
    app: Data<State>,
    identity: Identity,
    id: Path<Uuid>,
) -> Result<Json<Alert>, ApiError> {
    let acknowledged =
        app.alerts.acknowledge_alert(identity.workspace_id(), *id, identity.name(), app.clock.now()).await?;
    let alert = acknowledged.ok_or(NOT_FOUND)?;
    // The account that acknowledged the alert sees it in cached lists at once.
    if let Err(failure) = app.cache.invalidate(identity.workspace_id(), Duration::ZERO).await {
        tracing::debug!(error = chain(&failure), "failed to invalidate cached responses");
    }
    Ok(Json(alert))
}

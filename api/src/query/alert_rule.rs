//! Alert rules over HTTP: kept, changed, removed, and tried on what was.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    web::{Data, Json, Path},
};
use domain::alert::default::default_rules;
use shared::{
    alert_rule::{AlertPreview, AlertRule, AlertRuleRequest},
    error::{ErrorBody, FieldError},
    limit,
    page::ItemList,
};
use uuid::Uuid;

use super::{
    State,
    patch::{self, Fields},
};
use crate::{alert::preview::PreviewError, auth::identity::Login, error::ApiError};

const NO_RULE: ApiError = ApiError::NotFound("There is no such alert rule");

const BUSY: ApiError = ApiError::RateLimited {
    detail: "Too many previews are being computed: ask again in a moment",
    retry_after: Duration::from_secs(2),
};

/// Lists the workspace's rules, oldest first. A workspace begins with some.
#[utoipa::path(
    get, path = "/api/v1/alert-rules", tag = "Alert rules", security(("jwt" = [])),
    responses((status = 200, description = "The rules", body = ItemList<AlertRule>), (status = 401, body = ErrorBody))
)]
pub async fn list(app: Data<State>, login: Login) -> Result<HttpResponse, ApiError> {
    begin(&app, &login).await?;
    let items = app.alerts.list_rules(login.workspace_id).await?;
    let total = items.len() as u64;
    Ok(HttpResponse::Ok().json(ItemList { items, total }))
}

/// Keeps a new rule. It is evaluated at once, and then every 30 seconds where the server is not told otherwise. Absent
/// fields have their defaults; one threshold at least is required.
#[utoipa::path(
    post, path = "/api/v1/alert-rules", tag = "Alert rules", security(("jwt" = [])),
    request_body(content = AlertRuleRequest, example = json!({
        "name": "Support bot fails", "metric": "error_rate", "agent_id": "support-bot", "window_minutes": 15,
        "warning": 5, "critical": 20, "min_traces": 20, "for_minutes": 5, "renotify_minutes": 60
    })),
    responses(
        (status = 201, description = "The rule", body = AlertRule),
        (status = 400, description = "The body is no JSON", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "A field is wrong or unknown, or there are 1000 rules already", body = ErrorBody),
    )
)]
pub async fn keep(app: Data<State>, login: Login, body: Json<Fields>) -> Result<HttpResponse, ApiError> {
    let rule = checked(&app, &login, patch::read(body.into_inner())?, &[]).await?;
    begin(&app, &login).await?;
    let now = app.clock.now();
    let rule = AlertRule {
        id: Uuid::new_v4(),
        rule,
        created_at: now,
        updated_at: now,
        evaluated_at: None,
        open_alerts: 0,
    };
    if !app.alerts.create_rule(login.workspace_id, &rule).await? {
        let detail = format!("there are {} rules already: remove one first", limit::ALERT_RULES);
        return Err(ApiError::ValidationFailed(vec![FieldError::new("name", detail)]));
    }
    Ok(HttpResponse::Created().json(rule))
}

/// One rule.
#[utoipa::path(
    get, path = "/api/v1/alert-rules/{id}", tag = "Alert rules", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The rule's id")),
    responses(
        (status = 200, description = "The rule", body = AlertRule),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such rule", body = ErrorBody),
    )
)]
pub async fn one(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let (rule, _) = app.alerts.get_rule(login.workspace_id, *id).await?.ok_or(NO_RULE)?;
    Ok(HttpResponse::Ok().json(rule))
}

/// Changes a rule by a JSON merge patch (RFC 7396): absent fields stay as they are, `null` takes away and leaves the
/// default. Where it measures something else then (metric, filters, groups, window, baseline or side), its alerts are
/// resolved and it begins anew; with other thresholds they go on.
#[utoipa::path(
    patch, path = "/api/v1/alert-rules/{id}", tag = "Alert rules", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The rule's id")),
    request_body(content = AlertRuleRequest, example = json!({"critical": 25, "muted_until": "2026-03-01T08:00:00Z"})),
    responses(
        (status = 200, description = "The rule as it is then", body = AlertRule),
        (status = 400, description = "The body is no JSON", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such rule", body = ErrorBody),
        (status = 422, description = "A field is wrong or unknown", body = ErrorBody),
        (status = 503, description = "Others change it all the time: try again", body = ErrorBody),
    )
)]
pub async fn change(
    app: Data<State>,
    login: Login,
    id: Path<Uuid>,
    body: Json<Fields>,
) -> Result<HttpResponse, ApiError> {
    let (workspace_id, body) = (login.workspace_id, body.into_inner());
    let changed = patch::persist(async || {
        let (mut kept, version) = app.alerts.get_rule(workspace_id, *id).await?.ok_or(NO_RULE)?;
        let told = kept.rule.channel_ids.clone().unwrap_or_default();
        let rule = checked(&app, &login, patch::merge(&kept.rule, body.clone())?, &told).await?;
        let now = app.clock.now();
        if app.alerts.update_rule(workspace_id, *id, version, &rule, now).await? {
            (kept.rule, kept.updated_at) = (rule, now);
            return Ok(Some(kept));
        }
        Ok(None)
    });
    Ok(HttpResponse::Ok().json(changed.await?))
}

/// Removes a rule. Its alerts are resolved, and kept.
#[utoipa::path(
    delete, path = "/api/v1/alert-rules/{id}", tag = "Alert rules", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The rule's id")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such rule", body = ErrorBody),
    )
)]
pub async fn remove(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    if app.alerts.delete_rule(login.workspace_id, *id, app.clock.now()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(NO_RULE)
    }
}

/// What a rule would have done in the last days: what it measures at each step, and the alerts that there would have
/// been. It needs no name, and nothing is kept.
#[utoipa::path(
    post, path = "/api/v1/alert-rules/preview", tag = "Alert rules", security(("jwt" = [])),
    request_body(content = AlertRuleRequest, example = json!({
        "metric": "p95_latency_ms", "group_by": "agent", "window_minutes": 30, "baseline": "day_before", "warning": 100
    })),
    responses(
        (status = 200, description = "What there would have been", body = AlertPreview),
        (status = 400, description = "The body is no JSON", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 422, description = "A field is wrong or unknown", body = ErrorBody),
        (status = 429, description = "Others are being computed; Retry-After says when to ask again", body = ErrorBody),
    )
)]
pub async fn preview(app: Data<State>, login: Login, body: Json<Fields>) -> Result<HttpResponse, ApiError> {
    let rule: AlertRuleRequest = patch::read(body.into_inner())?;
    let mut errors = rule.validate();
    errors.retain(|error| error.field != "name");
    ApiError::check(errors)?;
    match app.previews.get(&app.traces, login.workspace_id, rule, app.clock.now()).await {
        Ok(preview) => Ok(HttpResponse::Ok().json(preview)),
        Err(PreviewError::Store(error)) => Err(error.into()),
        Err(PreviewError::Busy) => Err(BUSY),
        Err(error @ PreviewError::Unfinished(_)) => Err(ApiError::Internal(error.into())),
    }
}

/// Gives the workspace what every one begins with, if it was not given that yet.
async fn begin(app: &State, login: &Login) -> Result<(), ApiError> {
    app.alerts.create_default_rules(login.workspace_id, &default_rules(), app.clock.now()).await?;
    Ok(())
}

/// A rule as it is kept. Its channels are the workspace's own; one that is gone may be left among those that were `told`
/// before, and is dropped.
async fn checked(
    app: &State,
    login: &Login,
    mut rule: AlertRuleRequest,
    told: &[Uuid],
) -> Result<AlertRuleRequest, ApiError> {
    let mut errors = rule.validate();
    rule.name = rule.name.trim().to_owned();
    if let Some(ids) = rule.channel_ids.as_mut().filter(|ids| !ids.is_empty()) {
        let channels = app.alerts.list_channels(login.workspace_id).await?;
        let is_ours = |id: &Uuid| channels.iter().any(|channel| channel.id == *id);
        if let Some(index) = ids.iter().position(|id| !is_ours(id) && !told.contains(id)) {
            errors.push(FieldError::new(format!("channel_ids[{index}]"), "is no channel of this workspace"));
        }
        let mut seen = Vec::new();
        ids.retain(|id| {
            let is_new = !seen.contains(id);
            seen.push(*id);
            is_new && is_ours(id)
        });
    }
    ApiError::check(errors)?;
    Ok(rule)
}

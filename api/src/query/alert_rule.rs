//! Alert rules: create, get, list, update, delete and preview them.

use std::time::Duration;

use actix_web::web::{Data, Json, Path};
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
use crate::{
    alert::preview::PreviewError,
    auth::identity::Identity,
    error::ApiError,
    response::{Created, NoContent, whole_list},
};

const NOT_FOUND: ApiError = ApiError::NotFound("Alert rule not found");

const BUSY: ApiError = ApiError::RateLimited {
    detail: "Too many previews in progress; retry in a moment",
    retry_after: Duration::from_secs(2),
};

/// Lists the rules of the workspace, oldest first. A new workspace has default rules.
#[utoipa::path(
    get, path = "/api/v1/alert-rules", operation_id = "alert_rule_list", tag = "Alert rules",
    responses((status = 200, description = "The rules", body = ItemList<AlertRule>))
)]
pub async fn list(app: Data<State>, identity: Identity) -> Result<Json<ItemList<AlertRule>>, ApiError> {
    create_defaults(&app, &identity).await?;
    Ok(whole_list(app.alerts.list_rules(identity.workspace_id()).await?))
}

/// Creates a rule. It is evaluated at once, and then at the interval that the server is configured with (30 seconds by
/// default). Absent fields have their defaults; at least one threshold is required.
#[utoipa::path(
    post, path = "/api/v1/alert-rules", operation_id = "alert_rule_create", tag = "Alert rules",
    request_body(content = AlertRuleRequest, example = json!({
        "name": "Support bot fails", "metric": "error_rate", "agent_id": "support-bot", "window_minutes": 15,
        "warning": 5, "critical": 20, "min_traces": 20, "for_minutes": 5, "renotify_minutes": 60
    })),
    responses(
        (status = 201, description = "The rule", body = AlertRule),
        (status = 422, description = "Fields are invalid or unknown, or the workspace has 1000 rules", body = ErrorBody),
    )
)]
pub async fn create(
    app: Data<State>,
    identity: Identity,
    body: Json<Fields>,
) -> Result<Created<Json<AlertRule>>, ApiError> {
    let rule = checked(&app, &identity, patch::read(body.into_inner())?, &[]).await?;
    create_defaults(&app, &identity).await?;
    let now = app.clock.now();
    let rule = AlertRule {
        id: Uuid::new_v4(),
        rule,
        created_at: now,
        updated_at: now,
        evaluated_at: None,
        open_alerts: 0,
    };
    if !app.alerts.create_rule(identity.workspace_id(), &rule).await? {
        return Err(ApiError::too_many("name", limit::ALERT_RULES, "rules"));
    }
    Ok(Created::new(rule.id, Json(rule)))
}

/// Gets a rule.
#[utoipa::path(
    get, path = "/api/v1/alert-rules/{id}", operation_id = "alert_rule_get", tag = "Alert rules",
    params(("id" = Uuid, Path, description = "The id of the rule")),
    responses((status = 200, description = "The rule", body = AlertRule))
)]
pub async fn get(app: Data<State>, identity: Identity, id: Path<Uuid>) -> Result<Json<AlertRule>, ApiError> {
    let (rule, _) = app.alerts.get_rule(identity.workspace_id(), *id).await?.ok_or(NOT_FOUND)?;
    Ok(Json(rule))
}

/// Updates a rule with a JSON merge patch (RFC 7396): absent fields do not change, and `null` resets a field to its
/// default. If the metric, filters, grouping, window, baseline or side changes, the alerts of the rule are resolved. If
/// only thresholds change, they stay active.
#[utoipa::path(
    patch, path = "/api/v1/alert-rules/{id}", operation_id = "alert_rule_update", tag = "Alert rules",
    params(("id" = Uuid, Path, description = "The id of the rule")),
    request_body(content = AlertRuleRequest, example = json!({"critical": 25, "muted_until": "2026-03-01T08:00:00Z"})),
    responses(
        (status = 200, description = "The updated rule", body = AlertRule),
        (status = 422, description = "Fields are invalid or unknown", body = ErrorBody),
        (status = 503, description = "Too many concurrent updates; retry after `Retry-After`", body = ErrorBody),
    )
)]
pub async fn update(
    app: Data<State>,
    identity: Identity,
    id: Path<Uuid>,
    body: Json<Fields>,
) -> Result<Json<AlertRule>, ApiError> {
    let (workspace_id, body) = (identity.workspace_id(), body.into_inner());
    let updated = patch::retry(async || {
        let (mut stored, version) = app.alerts.get_rule(workspace_id, *id).await?.ok_or(NOT_FOUND)?;
        let current = stored.rule.channel_ids.clone().unwrap_or_default();
        let rule = checked(&app, &identity, patch::merge(&stored.rule, body.clone())?, &current).await?;
        let now = app.clock.now();
        if app.alerts.update_rule(workspace_id, *id, version, &rule, now).await? {
            (stored.rule, stored.updated_at) = (rule, now);
            return Ok(Some(stored));
        }
        Ok(None)
    });
    Ok(Json(updated.await?))
}

/// Deletes a rule. Its alerts are resolved, not deleted.
#[utoipa::path(
    delete, path = "/api/v1/alert-rules/{id}", operation_id = "alert_rule_delete", tag = "Alert rules",
    params(("id" = Uuid, Path, description = "The id of the rule")),
    responses((status = 204, description = "Deleted"))
)]
pub async fn delete(app: Data<State>, identity: Identity, id: Path<Uuid>) -> Result<NoContent, ApiError> {
    let deleted = app.alerts.delete_rule(identity.workspace_id(), *id, app.clock.now()).await?;
    if deleted { Ok(NoContent) } else { Err(NOT_FOUND) }
}

/// Evaluates a rule over recent days, and returns its values and the alerts that it would have fired. The rule needs no
/// name and is not stored.
#[utoipa::path(
    post, path = "/api/v1/alert-rules/preview", operation_id = "alert_rule_preview", tag = "Alert rules",
    request_body(content = AlertRuleRequest, example = json!({
        "metric": "p95_latency_ms", "group_by": "agent", "window_minutes": 30, "baseline": "day_before", "warning": 100
    })),
    responses(
        (status = 200, description = "The preview", body = AlertPreview),
        (status = 422, description = "Fields are invalid or unknown", body = ErrorBody),
        (
            status = 429, body = ErrorBody,
            description = "Rate limit exceeded, or too many previews in progress; retry after `Retry-After`",
        ),
    )
)]
pub async fn preview(
    app: Data<State>,
    identity: Identity,
    body: Json<Fields>,
) -> Result<Json<AlertPreview>, ApiError> {
    let rule: AlertRuleRequest = patch::read(body.into_inner())?;
    let mut errors = rule.validate();
    errors.retain(|error| error.field != "name");
    ApiError::check(errors)?;
    match app.previews.get(&app.traces, identity.workspace_id(), rule, app.clock.now()).await {
        Ok(preview) => Ok(Json(preview)),
        Err(PreviewError::Store(error)) => Err(error.into()),
        Err(PreviewError::Busy) => Err(BUSY),
        Err(error @ PreviewError::Unfinished(_)) => Err(ApiError::internal(error)),
    }
}

/// Creates the default rules of the workspace unless it had them before.
async fn create_defaults(app: &State, identity: &Identity) -> Result<(), ApiError> {
    app.alerts.create_default_rules(identity.workspace_id(), &default_rules(), app.clock.now()).await?;
    Ok(())
}

/// Validates and trims the settings of a rule. Channels must belong to the workspace. The ids of deleted channels are
/// removed if they are among the `current` channels of the rule.
async fn checked(
    app: &State,
    identity: &Identity,
    mut rule: AlertRuleRequest,
    current: &[Uuid],
) -> Result<AlertRuleRequest, ApiError> {
    let mut errors = rule.validate();
    rule.name = rule.name.trim().to_owned();
    if let Some(ids) = rule.channel_ids.as_mut().filter(|ids| !ids.is_empty()) {
        let channels = app.alerts.list_channels(identity.workspace_id()).await?;
        let exists = |id: &Uuid| channels.iter().any(|channel| channel.id == *id);
        if let Some(index) = ids.iter().position(|id| !exists(id) && !current.contains(id)) {
            errors.push(FieldError::new(
                format!("channel_ids[{index}]"),
                "must be the id of a channel of this workspace",
            ));
        }
        let mut seen = Vec::new();
        ids.retain(|id| {
            let is_new = !seen.contains(id);
            seen.push(*id);
            is_new && exists(id)
        });
    }
    ApiError::check(errors)?;
    Ok(rule)
}

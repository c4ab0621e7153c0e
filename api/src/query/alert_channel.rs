//! Alert channels: create, get, list, update, delete and test them, and list their deliveries.

use std::time::Duration;

use actix_web::web::{Data, Json, Path, Query};
use domain::alert::record::{DeliveryFilter, NewDelivery, Notification};
use shared::{
    access::Permission,
    alert_channel::{
        AlertChannel, AlertChannelFields, AlertChannelRequest, AlertDelivery, AlertEvent, ChannelKind,
        ChannelTarget, DeliveryState,
    },
    auth::check_email,
    error::{ErrorBody, FieldError},
    limit,
    page::{ItemList, LimitQuery},
};
use uuid::Uuid;

use super::{
    State, alert_recipient,
    cached::page_limit,
    patch::{self, Fields},
};
use crate::{
    auth::identity::Identity,
    error::ApiError,
    notify::{check_address, check_mailbox, signature::new_secret},
    response::{Accepted, Created, NoContent, whole_list},
};

pub(super) const NOT_FOUND: ApiError = ApiError::NotFound("Alert channel not found");

/// The `Retry-After` of a test while another one is pending.
const TEST_RETRY_AFTER: Duration = Duration::from_secs(2);
/// The `Retry-After` of a test while the workspace has too many pending deliveries.
const TOO_MANY_RETRY_AFTER: Duration = Duration::from_secs(60);
/// The maximum number of tests of a workspace per hour and process: any user can send tests to any address.
pub const TESTS_PER_HOUR: u32 = 20;

/// Lists the channels of the workspace, oldest first, each with its newest delivery.
#[utoipa::path(
    get, path = "/api/v1/alert-channels", operation_id = "alert_channel_list", tag = "Alert channels",
    responses((status = 200, description = "The channels, without their secrets", body = ItemList<AlertChannel>))
)]
pub async fn list(app: Data<State>, identity: Identity) -> Result<Json<ItemList<AlertChannel>>, ApiError> {
    let channels = app.alerts.list_channels(identity.workspace_id()).await?;
    Ok(whole_list(presented(&app, &identity, channels).await?))
}

/// Creates a channel. Recipients of e-mails who are not members of the workspace get a link by which they confirm. For a
/// webhook, only this response contains the secret that signs its messages.
#[utoipa::path(
    post, path = "/api/v1/alert-channels", operation_id = "alert_channel_create", tag = "Alert channels",
    request_body(content = AlertChannelRequest, example = json!({
        "name": "On call", "kind": "webhook", "url": "https://example.com/alerts", "min_severity": "warning"
    })),
    responses(
        (status = 201, description = "The channel", body = AlertChannel),
        (
            status = 422, body = ErrorBody,
            description = "Fields are invalid or unknown, the URL is in a private network, or the workspace has 50 channels",
        ),
    )
)]
pub async fn create(
    app: Data<State>,
    identity: Identity,
    body: Json<Fields>,
) -> Result<Created<Json<AlertChannel>>, ApiError> {
    let channel = checked(&app, patch::read(body.into_inner())?)?;
    let now = app.clock.now();
    let secret = (channel.target.kind() == ChannelKind::Webhook).then(new_secret).transpose();
    let mut channel = AlertChannel {
        id: Uuid::new_v4(),
        channel,
        created_at: now,
        updated_at: now,
        recipients: Vec::new(),
        last_delivery: None,
        secret: secret.map_err(ApiError::internal)?,
    };
    if app.alerts.create_channels(identity.workspace_id(), std::slice::from_ref(&channel)).await? == 0 {
        return Err(ApiError::too_many("name", limit::ALERT_CHANNELS, "channels"));
    }
    alert_recipient::invite(&app, &identity, &channel).await?;
    channel.recipients = alert_recipient::list(&app, identity.workspace_id(), &channel).await?;
    Ok(Created::new(channel.id, Json(channel)))
}

/// Gets a channel with its newest delivery.
#[utoipa::path(
    get, path = "/api/v1/alert-channels/{id}", operation_id = "alert_channel_get", tag = "Alert channels",
    params(("id" = Uuid, Path, description = "The id of the channel")),
    responses((status = 200, description = "The channel, without its secret", body = AlertChannel))
)]
pub async fn get(
    app: Data<State>,
    identity: Identity,
    id: Path<Uuid>,
) -> Result<Json<AlertChannel>, ApiError> {
    let (channel, _) = app.alerts.get_channel(identity.workspace_id(), *id).await?.ok_or(NOT_FOUND)?;
    one_presented(&app, &identity, channel).await
}

/// Updates a channel with a JSON merge patch (RFC 7396): absent fields do not change, and `null` resets a field to its
/// default. The kind and the secret cannot be changed. New recipients of e-mails get a link by which they confirm. Pending notifications are delivered to the new target.
#[utoipa::path(
    patch, path = "/api/v1/alert-channels/{id}", operation_id = "alert_channel_update", tag = "Alert channels",
    params(("id" = Uuid, Path, description = "The id of the channel")),
    request_body(content = AlertChannelRequest, example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The updated channel, without its secret", body = AlertChannel),
        (status = 422, description = "Fields are invalid or unknown, or the URL is in a private network", body = ErrorBody),
        (status = 503, description = "Too many concurrent updates; retry after `Retry-After`", body = ErrorBody),
    )
)]
pub async fn update(
    app: Data<State>,
    identity: Identity,
    id: Path<Uuid>,
    body: Json<Fields>,
) -> Result<Json<AlertChannel>, ApiError> {
    let (workspace_id, body) = (identity.workspace_id(), body.into_inner());
    let updated = patch::retry(async || {
        let (mut stored, version) = app.alerts.get_channel(workspace_id, *id).await?.ok_or(NOT_FOUND)?;
        let fields: AlertChannelFields = patch::merge(&stored.channel, body.clone())?;
        if fields.kind() != stored.channel.target.kind() {
            return Err(ApiError::invalid("kind", "cannot be changed; create another channel"));
        }
        let channel = checked(&app, fields)?;
        let now = app.clock.now();
        if app.alerts.update_channel(workspace_id, *id, version, &channel, now).await? {
            (stored.channel, stored.updated_at) = (channel, now);
            return Ok(Some(stored));
        }
        Ok(None)
    });
    let channel = updated.await?;
    alert_recipient::invite(&app, &identity, &channel).await?;
    one_presented(&app, &identity, channel).await
}

/// Deletes a channel with its pending and finished deliveries.
#[utoipa::path(
    delete, path = "/api/v1/alert-channels/{id}", operation_id = "alert_channel_delete", tag = "Alert channels",
    params(("id" = Uuid, Path, description = "The id of the channel")),
    responses((status = 204, description = "Deleted"))
)]
pub async fn delete(app: Data<State>, identity: Identity, id: Path<Uuid>) -> Result<NoContent, ApiError> {
    if app.alerts.delete_channel(identity.workspace_id(), *id).await? {
        Ok(NoContent)
    } else {
        Err(NOT_FOUND)
    }
}

/// Sends a test notification to a channel, even if it is disabled. Its deliveries contain the result.
#[utoipa::path(
    post, path = "/api/v1/alert-channels/{id}/test", operation_id = "alert_channel_test", tag = "Alert channels",
    params(("id" = Uuid, Path, description = "The id of the channel")),
    responses(
        (status = 202, description = "The pending delivery", body = AlertDelivery),
        (
            status = 429, body = ErrorBody,
            description = "The previous test is pending, there were 20 tests in the last hour, or the workspace has 1,000 \
                           pending deliveries; retry after `Retry-After`",
        ),
    )
)]
pub async fn test(
    app: Data<State>,
    identity: Identity,
    id: Path<Uuid>,
) -> Result<Accepted<Json<AlertDelivery>>, ApiError> {
    app.alerts.get_channel(identity.workspace_id(), *id).await?.ok_or(NOT_FOUND)?;
    let (event, at) = (AlertEvent::Test, app.clock.now());
    let of = DeliveryFilter::Channel(*id);
    let deliveries =
        app.alerts.list_deliveries(identity.workspace_id(), of, limit::DELIVERIES_DEFAULT).await?;
    let is_new = |test: &AlertDelivery| test.state == DeliveryState::Pending && test.attempts == 0;
    if deliveries.items.iter().any(|delivery| delivery.event == event && is_new(delivery)) {
        let detail = "The previous test is pending; wait for its result";
        return Err(ApiError::RateLimited { detail, retry_after: TEST_RETRY_AFTER });
    }
    let decision = app.tests.check(&identity.workspace_id());
    if !decision.allowed {
        let detail = "Too many tests in the last hour";
        return Err(ApiError::RateLimited { detail, retry_after: decision.reset });
    }
    let notification = Notification {
        workspace_id: identity.workspace_id(),
        event,
        at,
        alert: None,
        group: None,
        recipient: None,
    };
    let delivery = NewDelivery { id: Uuid::new_v4(), channel_id: *id, notification };
    create_delivery(&app, delivery).await
}

/// Creates a delivery without an alert and returns it.
pub(super) async fn create_delivery(
    app: &State,
    delivery: NewDelivery,
) -> Result<Accepted<Json<AlertDelivery>>, ApiError> {
    if !app.alerts.create_delivery(&delivery).await? {
        app.metrics.deliveries.record_dropped(1);
        let detail = "The workspace has too many pending deliveries; wait until some are finished";
        return Err(ApiError::RateLimited { detail, retry_after: TOO_MANY_RETRY_AFTER });
    }
    let Notification { event, at, .. } = delivery.notification;
    Ok(Accepted(Json(AlertDelivery {
        id: delivery.id,
        channel_id: delivery.channel_id,
        alert_id: None,
        alert_count: 0,
        event,
        state: DeliveryState::Pending,
        attempts: 0,
        created_at: at,
        next_attempt_at: Some(at),
        finished_at: None,
        status_code: None,
        error: None,
    })))
}

/// Lists the deliveries to a channel, newest first. Finished deliveries are deleted after 30 days.
#[utoipa::path(
    get, path = "/api/v1/alert-channels/{id}/deliveries", operation_id = "alert_channel_delivery_list",
    tag = "Alert channels",
    params(("id" = Uuid, Path, description = "The id of the channel"), LimitQuery),
    responses((status = 200, description = "The deliveries", body = ItemList<AlertDelivery>))
)]
pub async fn list_deliveries(
    app: Data<State>,
    identity: Identity,
    id: Path<Uuid>,
    query: Query<LimitQuery>,
) -> Result<Json<ItemList<AlertDelivery>>, ApiError> {
    let limit = page_limit(query.limit, limit::DELIVERIES_DEFAULT)?;
    app.alerts.get_channel(identity.workspace_id(), *id).await?.ok_or(NOT_FOUND)?;
    let of = DeliveryFilter::Channel(*id);
    Ok(Json(app.alerts.list_deliveries(identity.workspace_id(), of, limit).await?))
}

/// Adds the recipients and the newest deliveries, and removes the secrets.
async fn presented(
    app: &State,
    identity: &Identity,
    channels: Vec<AlertChannel>,
) -> Result<Vec<AlertChannel>, ApiError> {
    let deliveries = app.alerts.list_last_deliveries(identity.workspace_id()).await?;
    let last = |id| deliveries.iter().find(|delivery| delivery.channel_id == id).cloned();
    let known = app.alerts.list_recipients(identity.workspace_id()).await?;
    let recipients = |channel: &AlertChannel| match &channel.channel.target {
        ChannelTarget::Email { to } => alert_recipient::states(to, &known),
        ChannelTarget::Webhook { .. } | ChannelTarget::Slack { .. } => Vec::new(),
    };
    // Who knows the URL of a webhook can send messages to it.
    let hides_urls = !identity.permits(Permission::Manage);
    let present = |mut channel: AlertChannel| {
        if hides_urls {
            channel.channel.target.hide_url();
        }
        AlertChannel {
            recipients: recipients(&channel),
            last_delivery: last(channel.id),
            secret: None,
            ..channel
        }
    };
    Ok(channels.into_iter().map(present).collect())
}

async fn one_presented(
    app: &State,
    identity: &Identity,
    channel: AlertChannel,
) -> Result<Json<AlertChannel>, ApiError> {
    let channel = presented(app, identity, vec![channel]).await?.pop();
    channel.map(Json).ok_or_else(|| ApiError::Internal("expected one channel".into()))
}

/// Validates and trims the settings of a channel.
fn checked(app: &State, fields: AlertChannelFields) -> Result<AlertChannelRequest, ApiError> {
    let mut errors = fields.validate();
    let mut channel = AlertChannelRequest::from(fields);
    channel.name = channel.name.trim().to_owned();
    if let ChannelTarget::Email { to } = &mut channel.target {
        for (index, to) in to.iter_mut().enumerate() {
            *to = to.trim().to_owned();
            // Mail servers are stricter than `check_email`, which has reported its own errors already.
            let error = check_mailbox(to).err().filter(|_| check_email(to).is_ok());
            errors.extend(error.map(|detail| FieldError::new(format!("to[{index}]"), detail)));
        }
    }
    if errors.is_empty()
        && let Some(url) = channel.target.url()
    {
        let error = check_address(url, &app.private_targets).err();
        errors.extend(error.map(|detail| FieldError::new("url", detail)));
    }
    ApiError::check(errors)?;
    Ok(channel)
}

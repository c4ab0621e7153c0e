//! Alert channels over HTTP: kept, changed, removed, tried, and what they were told.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    web::{Data, Json, Path, Query},
};
use domain::alert::record::{DeliveriesOf, NewDelivery, Notification};
use serde::Deserialize;
use shared::{
    alert_channel::{
        AlertChannel, AlertChannelRequest, AlertDelivery, AlertEvent, ChannelKind, DeliveryState,
    },
    auth::check_email,
    error::{ErrorBody, FieldError},
    limit,
    page::ItemList,
};
use uuid::Uuid;

use super::{
    State,
    answer::page_limit,
    patch::{self, Fields},
};
use crate::{
    auth::identity::Login,
    error::ApiError,
    notify::{check_address, check_mailbox, signature::new_secret},
};

const NO_CHANNEL: ApiError = ApiError::NotFound("There is no such alert channel");

/// When to ask again for a test where one is to be made for the first time.
const TEST_PAUSE: Duration = Duration::from_secs(2);
/// How many tests a workspace has in an hour, in each process: they may go to anybody.
pub const TESTS_PER_HOUR: u32 = 20;

/// How many deliveries.
#[derive(Debug, Deserialize)]
pub struct DeliveriesQuery {
    limit: Option<u32>,
}

/// Lists the workspace's channels, oldest first, each with what it was told last.
#[utoipa::path(
    get, path = "/api/v1/alert-channels", tag = "Alert channels", security(("jwt" = [])),
    responses(
        (status = 200, description = "The channels, without their secrets", body = ItemList<AlertChannel>),
        (status = 401, body = ErrorBody),
    )
)]
pub async fn list(app: Data<State>, login: Login) -> Result<HttpResponse, ApiError> {
    let channels = app.alerts.list_channels(login.workspace_id).await?;
    let items = shown(&app, &login, channels).await?;
    let total = items.len() as u64;
    Ok(HttpResponse::Ok().json(ItemList { items, total }))
}

/// Keeps a new channel. For a webhook this answer is the only one that holds the secret that its messages are signed
/// with.
#[utoipa::path(
    post, path = "/api/v1/alert-channels", tag = "Alert channels", security(("jwt" = [])),
    request_body(content = AlertChannelRequest, example = json!({
        "name": "On call", "kind": "webhook", "url": "https://example.com/alerts", "min_severity": "warning"
    })),
    responses(
        (status = 201, description = "The channel", body = AlertChannel),
        (status = 400, description = "The body is no JSON", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (
            status = 422, body = ErrorBody,
            description = "A field is wrong or unknown, the URL leads into a private network, or there are 50 channels already",
        ),
    )
)]
pub async fn keep(app: Data<State>, login: Login, body: Json<Fields>) -> Result<HttpResponse, ApiError> {
    let channel = checked(&app, patch::read(body.into_inner())?)?;
    let now = app.clock.now();
    let secret = (channel.kind == ChannelKind::Webhook).then(new_secret).transpose();
    let channel = AlertChannel {
        id: Uuid::new_v4(),
        channel,
        created_at: now,
        updated_at: now,
        last_delivery: None,
        secret: secret.map_err(|error| ApiError::Internal(error.into()))?,
    };
    if app.alerts.create_channels(login.workspace_id, std::slice::from_ref(&channel)).await? == 0 {
        let detail = format!("there are {} channels already: remove one first", limit::ALERT_CHANNELS);
        return Err(ApiError::ValidationFailed(vec![FieldError::new("name", detail)]));
    }
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(channel))
}

/// One channel, with what it was told last.
#[utoipa::path(
    get, path = "/api/v1/alert-channels/{id}", tag = "Alert channels", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The channel's id")),
    responses(
        (status = 200, description = "The channel, without its secret", body = AlertChannel),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such channel", body = ErrorBody),
    )
)]
pub async fn one(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let (channel, _) = app.alerts.get_channel(login.workspace_id, *id).await?.ok_or(NO_CHANNEL)?;
    Ok(HttpResponse::Ok().json(shown(&app, &login, vec![channel]).await?.pop()))
}

/// Changes a channel by a JSON merge patch (RFC 7396): absent fields stay as they are, `null` takes away and leaves the
/// default. Its kind stays what it is, and so does its secret. What waits to be told goes to where it leads then.
#[utoipa::path(
    patch, path = "/api/v1/alert-channels/{id}", tag = "Alert channels", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The channel's id")),
    request_body(content = AlertChannelRequest, example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The channel as it is then, without its secret", body = AlertChannel),
        (status = 400, description = "The body is no JSON", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such channel", body = ErrorBody),
        (status = 422, description = "A field is wrong or unknown, or the URL leads into a private network", body = ErrorBody),
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
        let (mut kept, version) = app.alerts.get_channel(workspace_id, *id).await?.ok_or(NO_CHANNEL)?;
        let channel = patch::merge(&kept.channel, body.clone())?;
        if channel.kind != kept.channel.kind {
            let error = FieldError::new("kind", "cannot be changed: make another channel");
            return Err(ApiError::ValidationFailed(vec![error]));
        }
        let channel = checked(&app, channel)?;
        let now = app.clock.now();
        if app.alerts.update_channel(workspace_id, *id, version, &channel, now).await? {
            (kept.channel, kept.updated_at) = (channel, now);
            return Ok(Some(kept));
        }
        Ok(None)
    });
    Ok(HttpResponse::Ok().json(shown(&app, &login, vec![changed.await?]).await?.pop()))
}

/// Removes a channel, what it was told, and what it was still to be told.
#[utoipa::path(
    delete, path = "/api/v1/alert-channels/{id}", tag = "Alert channels", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The channel's id")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such channel", body = ErrorBody),
    )
)]
pub async fn remove(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    if app.alerts.delete_channel(login.workspace_id, *id).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(NO_CHANNEL)
    }
}

/// Tells a channel something that is no alert, whether it is enabled or not. What comes of it is seen in its deliveries.
#[utoipa::path(
    post, path = "/api/v1/alert-channels/{id}/test", tag = "Alert channels", security(("jwt" = [])),
    params(("id" = Uuid, Path, description = "The channel's id")),
    responses(
        (status = 202, description = "It will be told", body = AlertDelivery),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such channel", body = ErrorBody),
        (
            status = 429, body = ErrorBody,
            description = "The test before was not made yet, or there were 20 in this hour; Retry-After says when to try again",
        ),
    )
)]
pub async fn test(app: Data<State>, login: Login, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    app.alerts.get_channel(login.workspace_id, *id).await?.ok_or(NO_CHANNEL)?;
    let (event, at) = (AlertEvent::Test, app.clock.now());
    let of = DeliveriesOf::Channel(*id);
    let before = app.alerts.list_deliveries(login.workspace_id, of, limit::DELIVERIES_DEFAULT).await?.items;
    let is_new = |test: &AlertDelivery| test.state == DeliveryState::Pending && test.attempts == 0;
    if before.iter().any(|delivery| delivery.event == event && is_new(delivery)) {
        let detail = "The test before is under way: wait for what comes of it";
        return Err(ApiError::RateLimited { detail, retry_after: TEST_PAUSE });
    }
    let decision = app.tests.check(&login.workspace_id);
    if !decision.allowed {
        let detail = "There were too many tests in the last hour";
        return Err(ApiError::RateLimited { detail, retry_after: decision.reset });
    }
    let notification = Notification { workspace_id: login.workspace_id, event, at, alert: None };
    let delivery = NewDelivery { id: Uuid::new_v4(), channel_id: *id, notification };
    app.alerts.create_delivery(&delivery).await?;
    Ok(HttpResponse::Accepted().json(AlertDelivery {
        id: delivery.id,
        channel_id: *id,
        alert_id: None,
        event,
        state: DeliveryState::Pending,
        attempts: 0,
        created_at: at,
        next_attempt_at: Some(at),
        finished_at: None,
        status_code: None,
        error: None,
    }))
}

/// What a channel was told, newest first, and how many times. What came to its end is remembered for 30 days.
#[utoipa::path(
    get, path = "/api/v1/alert-channels/{id}/deliveries", tag = "Alert channels", security(("jwt" = [])),
    params(
        ("id" = Uuid, Path, description = "The channel's id"),
        ("limit" = Option<u32>, Query, description = "1–100, 50 where absent"),
    ),
    responses(
        (status = 200, description = "The deliveries", body = ItemList<AlertDelivery>),
        (status = 400, description = "The query cannot be read", body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 404, description = "This workspace has no such channel", body = ErrorBody),
        (status = 422, description = "The limit is out of bounds", body = ErrorBody),
    )
)]
pub async fn deliveries(
    app: Data<State>,
    login: Login,
    id: Path<Uuid>,
    query: Query<DeliveriesQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.limit, limit::DELIVERIES_DEFAULT)?;
    app.alerts.get_channel(login.workspace_id, *id).await?.ok_or(NO_CHANNEL)?;
    let of = DeliveriesOf::Channel(*id);
    Ok(HttpResponse::Ok().json(app.alerts.list_deliveries(login.workspace_id, of, limit).await?))
}

/// Channels as they are shown: with what they were told last, and without their secrets.
async fn shown(
    app: &State,
    login: &Login,
    channels: Vec<AlertChannel>,
) -> Result<Vec<AlertChannel>, ApiError> {
    let deliveries = app.alerts.list_last_deliveries(login.workspace_id).await?;
    let last = |id| deliveries.iter().find(|delivery| delivery.channel_id == id).cloned();
    let show =
        |channel: AlertChannel| AlertChannel { last_delivery: last(channel.id), secret: None, ..channel };
    Ok(channels.into_iter().map(show).collect())
}

/// A channel as it is kept, where all of it is right and its URL leads where it may.
fn checked(app: &State, mut channel: AlertChannelRequest) -> Result<AlertChannelRequest, ApiError> {
    let mut errors = channel.validate();
    channel.name = channel.name.trim().to_owned();
    for (index, to) in channel.to.iter_mut().enumerate() {
        *to = to.trim().to_owned();
        // What is plausible is not yet an address to a mail server.
        let refusal = check_mailbox(to).err().filter(|_| check_email(to).is_ok());
        errors.extend(refusal.map(|detail| FieldError::new(format!("to[{index}]"), detail)));
    }
    if let Some(url) = channel.url.as_deref().filter(|_| errors.is_empty()) {
        let refusal = check_address(url, app.allow_private).err();
        errors.extend(refusal.map(|detail| FieldError::new("url", detail)));
    }
    ApiError::check(errors)?;
    Ok(channel)
}

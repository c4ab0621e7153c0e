//! Recipients of e-mail channels: who they are, and the links by which they confirm.

use std::collections::BTreeSet;

use actix_web::web::{Data, Json, Path};
use domain::alert::record::{NewDelivery, Notification, Recipient, address_key};
use shared::{
    Timestamp,
    alert_channel::{
        AlertChannel, AlertDelivery, AlertEvent, AlertRecipient, ChannelTarget, ConfirmRecipientRequest,
        RecipientRequest, RecipientState,
    },
    error::ErrorBody,
};
use uuid::Uuid;

use super::{State, alert_channel};
use crate::{
    auth::{identity::Identity, key},
    error::ApiError,
    response::{Accepted, NoContent},
};

/// Sends the link to confirm to a recipient of an e-mail channel again. Earlier links become invalid.
#[utoipa::path(
    post, path = "/api/v1/alert-channels/{id}/confirmations", operation_id = "alert_channel_confirmation_create",
    tag = "Alert channels",
    params(("id" = Uuid, Path, description = "The id of the channel")),
    request_body(content = RecipientRequest, example = json!({"address": "ada@example.com"})),
    responses(
        (status = 202, description = "The pending delivery of the link", body = AlertDelivery),
        (
            status = 422, body = ErrorBody,
            description = "The address is not a recipient of the channel, or has confirmed already",
        ),
        (
            status = 429, body = ErrorBody,
            description = "There were 20 links in the last hour, or the workspace has 1,000 pending deliveries; retry \
                           after `Retry-After`",
        ),
    )
)]
pub async fn resend(
    app: Data<State>,
    identity: Identity,
    id: Path<Uuid>,
    body: Json<RecipientRequest>,
) -> Result<Accepted<Json<AlertDelivery>>, ApiError> {
    let channel = app.alerts.get_channel(identity.workspace_id(), *id).await?;
    let (channel, _) = channel.ok_or(alert_channel::NOT_FOUND)?;
    let address = address_key(&body.address);
    let recipients = list(&app, identity.workspace_id(), &channel).await?;
    match recipients.iter().find(|recipient| address_key(&recipient.address) == address) {
        None => return Err(ApiError::invalid("address", "must be a recipient of the channel")),
        Some(recipient) if recipient.state == RecipientState::Confirmed => {
            return Err(ApiError::invalid("address", "has confirmed already"));
        }
        Some(_) => {}
    }
    let decision = app.links.check(&identity.workspace_id());
    if !decision.allowed {
        let detail = "Too many links in the last hour";
        return Err(ApiError::RateLimited { detail, retry_after: decision.reset });
    }
    let now = app.clock.now();
    let pending = Recipient { address: address.clone(), created_at: now, confirmed_at: None };
    app.alerts.create_recipients(identity.workspace_id(), &[pending]).await?;
    alert_channel::create_delivery(&app, link(identity.workspace_id(), *id, address, now)).await
}

/// Confirms that a recipient wants to receive notifications, with the token of the link.
#[utoipa::path(
    post, path = "/api/v1/alert-recipients/confirm", operation_id = "alert_recipient_confirm", tag = "Alert channels",
    request_body(content = ConfirmRecipientRequest, example = json!({"token": "l2Vw…"})),
    responses(
        (status = 204, description = "Confirmed"),
        (status = 404, description = "The token is invalid, has expired or was used", body = ErrorBody),
    )
)]
pub async fn confirm(app: Data<State>, body: Json<ConfirmRecipientRequest>) -> Result<NoContent, ApiError> {
    let hash = key::hash(&body.token);
    if app.alerts.confirm_recipient(&hash, app.clock.now()).await? {
        Ok(NoContent)
    } else {
        Err(ApiError::NotFound("The link is invalid, has expired or was used already"))
    }
}

/// Returns the recipients of a channel with their states.
pub(super) async fn list(
    app: &State,
    workspace_id: Uuid,
    channel: &AlertChannel,
) -> Result<Vec<AlertRecipient>, ApiError> {
    let ChannelTarget::Email { to } = &channel.channel.target else { return Ok(Vec::new()) };
    let known = app.alerts.list_recipients(workspace_id).await?;
    Ok(states(to, &known))
}

/// Returns the states of the recipients in `to`.
pub(super) fn states(to: &[String], known: &[Recipient]) -> Vec<AlertRecipient> {
    let state = |address: &String| {
        let key = address_key(address);
        let is_confirmed =
            known.iter().any(|recipient| recipient.address == key && recipient.confirmed_at.is_some());
        let state = if is_confirmed { RecipientState::Confirmed } else { RecipientState::Pending };
        AlertRecipient { address: address.clone(), state }
    };
    to.iter().map(state).collect()
}

/// Creates the new recipients of a channel that was created or updated, and sends them links. Members of the workspace need not
/// confirm.
pub(super) async fn invite(app: &State, identity: &Identity, channel: &AlertChannel) -> Result<(), ApiError> {
    let ChannelTarget::Email { to } = &channel.channel.target else { return Ok(()) };
    let (workspace_id, now) = (identity.workspace_id(), app.clock.now());
    let known = app.alerts.list_recipients(workspace_id).await?;
    let is_new = |address: &String| known.iter().all(|recipient| recipient.address != *address);
    let addresses: BTreeSet<_> = to.iter().map(|address| address_key(address)).filter(is_new).collect();
    if addresses.is_empty() {
        return Ok(());
    }
    let (mut recipients, mut links) = (Vec::new(), Vec::new());
    for address in addresses {
        let confirmed_at = is_member(app, identity, &address).await?.then_some(now);
        if confirmed_at.is_none() {
            links.push(link(workspace_id, channel.id, address.clone(), now));
        }
        recipients.push(Recipient { address, created_at: now, confirmed_at });
    }
    app.alerts.create_recipients(workspace_id, &recipients).await?;
    let mut current = BTreeSet::new();
    for channel in app.alerts.list_channels(workspace_id).await? {
        if let ChannelTarget::Email { to } = &channel.channel.target {
            current.extend(to.iter().map(|address| address_key(address)));
        }
    }
    app.alerts.delete_pending_recipients(workspace_id, &current).await?;
    for link in links {
        if !app.alerts.create_delivery(&link).await? {
            app.metrics.deliveries.record_dropped(1);
        }
    }
    Ok(())
}

/// Returns whether an address belongs to an account of the workspace. A process without the accounts knows only the account that
/// sends the request; other members confirm by link.
async fn is_member(app: &State, identity: &Identity, address: &str) -> Result<bool, ApiError> {
    if let Identity::User(login) = identity
        && address_key(&login.email) == address
    {
        return Ok(true);
    }
    match &app.accounts {
        Some(accounts) => Ok(accounts.is_member_email(identity.workspace_id(), address).await?),
        None => Ok(false),
    }
}

/// Returns the delivery of a link to a recipient.
fn link(workspace_id: Uuid, channel_id: Uuid, address: String, at: Timestamp) -> NewDelivery {
    let recipient = Some(address);
    let event = AlertEvent::Confirmation;
    let notification = Notification { workspace_id, event, at, alert: None, group: None, recipient };
    NewDelivery { id: Uuid::new_v4(), channel_id, notification }
}

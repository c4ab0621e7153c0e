//! A channel of the list: its settings, its last delivery, its log, and a test button.

use std::time::Duration;

use serde_json::json;
use shared::{
    access::Permission,
    alert_channel::{
        AlertChannel, AlertDelivery, AlertRecipient, ChannelTarget, DeliveryState, RecipientState,
    },
    ttl,
};
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    alert::{channel_kind_label, min_severity_label},
    auth::use_client,
    components::{
        delivery::{delivery_badge, delivery_table},
        form_error::form_error,
        load::{skeleton_lines, view},
        switch::switch,
        time::RelativeTime,
    },
    event::on_toggle,
    hooks::{use_permission, use_poll, use_submission},
};

/// The polling interval while a test is pending.
const TEST_INTERVAL: Duration = Duration::from_secs(1);
/// The number of deliveries in the log.
const LOG_DELIVERIES: u32 = 20;

/// Properties of [`ChannelItem`].
#[derive(Properties, PartialEq)]
pub struct ChannelItemProps {
    /// The channel.
    pub channel: AlertChannel,
    /// Called when the channel has changed.
    pub on_change: Callback<()>,
    /// Called to delete the channel.
    pub on_delete: Callback<AlertChannel>,
}

/// Renders the channel.
#[component]
pub fn ChannelItem(props: &ChannelItemProps) -> Html {
    let client = use_client();
    let can_manage = use_permission(Permission::Manage);
    let open = use_state(|| false);
    let test = use_state(|| None::<Uuid>);
    let submission = use_submission(|error| Some(error.message()));
    let AlertChannel { id, channel, last_delivery, .. } = &props.channel;
    let id = id.to_string();
    let on_test = {
        let (client, id, submission) = (client.clone(), id.clone(), submission.clone());
        let (open, test) = (open.setter(), test.setter());
        Callback::from(move |_: MouseEvent| {
            let (open, test) = (open.clone(), test.clone());
            submission.send(client.test_alert_channel(&id), move |delivery| {
                test.set(Some(delivery.id));
                open.set(true);
            });
        })
    };
    let on_resend = {
        let (client, id, submission) = (client.clone(), id.clone(), submission.clone());
        let (open, test) = (open.setter(), test.setter());
        Callback::from(move |address: String| {
            let (open, test) = (open.clone(), test.clone());
            submission.send(client.resend_confirmation(&id, &address), move |delivery| {
                test.set(Some(delivery.id));
                open.set(true);
            });
        })
    };
    let on_switch = {
        let (id, enabled, on_change) = (id.clone(), channel.enabled, props.on_change.clone());
        let error = submission.error.setter();
        Callback::from(move |_: MouseEvent| {
            let (on_change, error) = (on_change.clone(), error.clone());
            client.update_alert_channel(&id, &json!({ "enabled": !enabled })).then(Callback::from(
                move |reason| {
                    error.set(reason);
                    on_change.emit(());
                },
            ));
        })
    };
    let on_delete = {
        let channel = props.channel.clone();
        props.on_delete.reform(move |_: MouseEvent| channel.clone())
    };
    let target = match &channel.target {
        ChannelTarget::Email { .. } => String::new(),
        ChannelTarget::Webhook { url } | ChannelTarget::Slack { url } => url.clone(),
    };
    html! {
        <li class={classes!("channel", (!channel.enabled).then_some("off"))}>
            <div class="channel-head">
                if can_manage { { switch(channel.enabled, format!("Enable {}", channel.name), on_switch) } } else { <span /> }
                <div class="rule-body">
                    <p class="alert-title">
                        { channel.name.clone() }
                        <span class="tag">{ channel_kind_label(channel.target.kind()) }</span>
                        <span class="tag">{ min_severity_label(channel.min_severity) }</span>
                    </p>
                    if target.is_empty() {
                        { for props.channel.recipients.iter().map(|one| recipient(one, can_manage.then_some(&on_resend))) }
                    } else {
                        <p class="alert-text mono">{ target }</p>
                    }
                    <p class="rule-note">{ last_delivery_note(last_delivery.as_ref()) }</p>
                </div>
                <div class="rule-actions">
                    if can_manage {
                        <button type="button" class="button small" onclick={on_test} aria-label={format!("Test {}", channel.name)}>{ "Test" }</button>
                    }
                    <button type="button" class="button small" onclick={on_toggle(&open)} aria-expanded={open.to_string()} aria-label={format!("Log of {}", channel.name)}>{ "Log" }</button>
                    if can_manage {
                        <button type="button" class="button small danger" onclick={on_delete} aria-label={format!("Delete {}", channel.name)}>{ "Delete" }</button>
                    }
                </div>
            </div>
            { form_error(submission.error.as_deref()) }
            if *open { <ChannelLog {id} test={*test} on_done={props.on_change.clone()} /> }
        </li>
    }
}

/// Renders a recipient of e-mails, and until the confirmation a button that sends the link again, if the account may do that.
fn recipient(recipient: &AlertRecipient, on_resend: Option<&Callback<String>>) -> Html {
    let address = recipient.address.clone();
    html! {
        <p class="alert-text" key={address.clone()}>
            <span class="mono">{ address.clone() }</span>
            { " " }
            if recipient.state == RecipientState::Pending {
                <span class="badge status-timeout">{ "Not confirmed" }</span>
                { " " }
                if let Some(on_resend) = on_resend {
                    <button
                        type="button"
                        class="button small"
                        aria-label={format!("Resend confirmation to {address}")}
                        onclick={on_resend.reform(move |_: MouseEvent| address.clone())}
                    >{ "Resend confirmation" }</button>
                }
            }
        </p>
    }
}

fn last_delivery_note(delivery: Option<&AlertDelivery>) -> Html {
    match delivery {
        None => html! { { "No notifications yet" } },
        Some(delivery) => html! { <>
            <RelativeTime at={delivery.finished_at.unwrap_or(delivery.created_at)} />
            { " " }
            { delivery_badge(delivery) }
        </> },
    }
}

/// Properties of [`ChannelLog`].
#[derive(Properties, PartialEq)]
struct ChannelLogProps {
    id: String,
    /// The delivery of the last test.
    test: Option<Uuid>,
    /// Called when the test is done.
    on_done: Callback<()>,
}

#[component]
fn ChannelLog(props: &ChannelLogProps) -> Html {
    let is_pending = use_state(|| true);
    let interval = if *is_pending { TEST_INTERVAL } else { ttl::ALERTS };
    let key = (props.id.clone(), props.test);
    let log = use_poll(key, interval, |client, (id, _)| client.list_channel_deliveries(&id, LOG_DELIVERIES));
    let tested = log.data().and_then(|list| {
        let is_test = |delivery: &&AlertDelivery| Some(delivery.id) == props.test;
        list.items.iter().find(is_test).cloned()
    });
    // The first failed attempt already has the reason; there is no need to wait for retries.
    let is_done = props.test.is_none()
        || tested.as_ref().is_some_and(|test| test.state != DeliveryState::Pending || test.attempts > 0);
    {
        let (is_pending, on_done) = (is_pending.clone(), props.on_done.clone());
        use_effect_with(is_done, move |&is_done| {
            is_pending.set(!is_done);
            if is_done {
                on_done.emit(());
            }
        });
    }
    html! {
        <div class="channel-log">
            if props.test.is_some() {
                <p class="channel-test" role="status">
                    { "Test: " }
                    if let Some(test) = &tested { { delivery_badge(test) } } else { { "pending" } }
                </p>
            }
            { view(&log, skeleton_lines(2), |list| html! {
                if list.items.is_empty() {
                    <p class="panel-lead muted">{ "No notifications yet" }</p>
                } else {
                    { delivery_table(&list.items, None) }
                }
            }) }
        </div>
    }
}

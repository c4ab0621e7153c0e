//! The alert channels, which receive notifications.

mod form;
mod item;

use icondata_lu::LuBell;
use shared::{alert_channel::AlertChannel, ttl};
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        confirm::{Confirmation, use_confirm},
        load::{skeleton_lines, view},
        message::message,
        panel::panel,
        permitted::Permitted,
        secret::secret_box,
    },
    hooks::use_poll,
};
use form::ChannelForm;
use item::ChannelItem;

/// Loads and renders the channels.
#[component]
pub fn ChannelPanel() -> Html {
    let client = use_client();
    let channels = use_poll((), ttl::ALERTS, |client, ()| client.list_alert_channels());
    let new_channel = use_state(|| None::<AlertChannel>);
    let (ask, dialog) = use_confirm();
    let on_created = {
        let (new_channel, on_refresh) = (new_channel.clone(), channels.on_refresh());
        Callback::from(move |channel: AlertChannel| {
            new_channel.set(Some(channel).filter(|channel| channel.secret.is_some()));
            on_refresh.emit(());
        })
    };
    let on_delete = {
        let on_done = channels.on_refresh();
        ask.reform(move |channel: AlertChannel| Confirmation {
            title: format!("Delete “{}”?", channel.channel.name),
            action: "Delete",
            text: "It stops receiving notifications; its delivery history is deleted.".to_owned(),
            on_confirm: {
                let (client, id) = (client.clone(), channel.id.to_string());
                Callback::from(move |()| client.delete_alert_channel(&id))
            },
            on_done: on_done.clone(),
        })
    };
    let on_change = channels.on_refresh();
    panel(
        "Alert channels",
        "",
        Html::default(),
        html! { <>
            <p class="panel-lead muted">{ "Channels are notified when an alert fires, escalates or is resolved." }</p>
            <Permitted><ChannelForm {on_created} /></Permitted>
            if let Some((channel, secret)) = new_channel.as_ref().and_then(|channel| Some((channel, channel.secret.as_ref()?))) {
                { secret_box(html! { <><strong>{ format!("Copy the secret of “{}” now.", channel.channel.name) }</strong>{ " It is not shown again. Webhook messages are signed with it (Standard Webhooks)." }</> }, secret, "secret") }
            }
            { view(&channels, skeleton_lines(2), |list| html! { <>
                if list.items.is_empty() {
                    { message(LuBell, "No channels", Html::default()) }
                }
                <ul class="channels">
                    for channel in &list.items {
                        <ChannelItem key={channel.id.to_string()} channel={channel.clone()} on_change={on_change.clone()} on_delete={on_delete.clone()} />
                    }
                </ul>
            </> }) }
            { dialog }
        </> },
    )
}

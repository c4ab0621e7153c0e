//! Whom alerts are told.

mod form;
mod item;

use shared::{alert_channel::AlertChannel, ttl};
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        confirm::Confirm,
        copy_button::CopyButton,
        load::{skeleton_lines, view},
        panel::panel,
    },
    hooks::use_poll,
};
use form::ChannelForm;
use item::ChannelItem;

/// See the module.
#[component]
pub fn ChannelPanel() -> Html {
    let client = use_client();
    let channels = use_poll((), ttl::ALERTS, |client, ()| client.alert_channels());
    let fresh = use_state(|| None::<AlertChannel>);
    let asked = use_state(|| None::<AlertChannel>);
    let on_created = {
        let (fresh, on_refresh) = (fresh.clone(), channels.on_refresh());
        Callback::from(move |channel: AlertChannel| {
            fresh.set(Some(channel).filter(|channel| channel.secret.is_some()));
            on_refresh.emit(());
        })
    };
    let on_remove = {
        let asked = asked.clone();
        Callback::from(move |channel| asked.set(Some(channel)))
    };
    let on_close = {
        let asked = asked.clone();
        Callback::from(move |()| asked.set(None))
    };
    let remove = |id: String| Callback::from(move |()| client.remove_alert_channel(&id));
    let on_change = channels.on_refresh();
    panel(
        "Alert channels",
        "",
        Html::default(),
        html! { <>
            <p class="panel-lead muted">{ "Who is told when an alert fires, becomes worse, lasts or is over." }</p>
            <ChannelForm {on_created} />
            if let Some((channel, secret)) = fresh.as_ref().and_then(|channel| Some((channel, channel.secret.clone()?))) {
                <div class="fresh-key" role="status">
                    <p><strong>{ format!("Copy the secret of “{}” now.", channel.channel.name) }</strong>{ " Messages are signed with it, as Standard Webhooks says. It is not shown again." }</p>
                    <div class="fresh-key-row">
                        <code class="mono">{ secret.clone() }</code>
                        <CopyButton text={secret} what="secret" />
                    </div>
                </div>
            }
            { view(&channels, skeleton_lines(2), |list| html! {
                <ul class="channels">
                    for channel in &list.items {
                        <ChannelItem key={channel.id.to_string()} channel={channel.clone()} on_change={on_change.clone()} on_remove={on_remove.clone()} />
                    }
                </ul>
            }) }
            if let Some(channel) = &*asked {
                <Confirm title={format!("Delete “{}”?", channel.channel.name)} action="Delete" act={remove(channel.id.to_string())} on_done={channels.on_refresh()} {on_close}>
                    { "It is told nothing any more, and what it was told is forgotten." }
                </Confirm>
            }
        </> },
    )
}

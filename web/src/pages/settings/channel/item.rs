//! A channel: what it is, what it was told last, and a message to try it by.

use std::time::Duration;

use serde_json::json;
use shared::{
    alert_channel::{AlertChannel, AlertDelivery, ChannelKind, DeliveryState},
    ttl,
};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    alert::{kind_label, reach_label},
    auth::use_client,
    components::{
        delivery::{delivery_table, outcome},
        form_error::form_error,
        load::{skeleton_lines, view},
        switch::switch,
        time::RelativeTime,
    },
    hooks::use_poll,
};

/// How often to ask what became of a test.
const UNDER_WAY: Duration = Duration::from_secs(1);
/// Deliveries that are shown.
const SHOWN: u32 = 20;

/// Properties of [`ChannelItem`].
#[derive(Properties, PartialEq)]
pub struct ChannelItemProps {
    /// The channel.
    pub channel: AlertChannel,
    /// Told that something about it changed.
    pub on_change: Callback<()>,
    /// Told of one that is to go.
    pub on_remove: Callback<AlertChannel>,
}

/// See the module.
#[component]
pub fn ChannelItem(props: &ChannelItemProps) -> Html {
    let client = use_client();
    let open = use_state(|| false);
    let test = use_state(|| None::<Uuid>);
    let error = use_state(|| None::<String>);
    let AlertChannel { id, channel, last_delivery, .. } = &props.channel;
    let id = id.to_string();
    let on_test = {
        let (client, id) = (client.clone(), id.clone());
        let (open, test, error) = (open.clone(), test.clone(), error.clone());
        Callback::from(move |_: MouseEvent| {
            let asked = client.test_alert_channel(&id);
            let (open, test, error) = (open.clone(), test.clone(), error.clone());
            spawn_local(async move {
                match asked.await {
                    Ok(delivery) => {
                        test.set(Some(delivery.id));
                        error.set(None);
                        open.set(true);
                    }
                    Err(reason) => error.set(Some(reason.message())),
                }
            });
        })
    };
    let on_switch = {
        let (id, enabled, on_change, error) =
            (id.clone(), channel.enabled, props.on_change.clone(), error.clone());
        Callback::from(move |_: MouseEvent| {
            let (on_change, error) = (on_change.clone(), error.clone());
            client.change_alert_channel(&id, &json!({ "enabled": !enabled })).then(Callback::from(
                move |reason| {
                    error.set(reason);
                    on_change.emit(());
                },
            ));
        })
    };
    let on_open = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let on_remove = {
        let channel = props.channel.clone();
        props.on_remove.reform(move |_: MouseEvent| channel.clone())
    };
    let target = match channel.kind {
        ChannelKind::Email => channel.to.join(", "),
        ChannelKind::Webhook | ChannelKind::Slack => channel.url.clone().unwrap_or_default(),
    };
    html! {
        <li class={classes!("channel", (!channel.enabled).then_some("off"))}>
            <div class="channel-head">
                { switch(channel.enabled, format!("Tell {}", channel.name), on_switch) }
                <div class="rule-body">
                    <p class="alert-title">
                        { channel.name.clone() }
                        <span class="tag">{ kind_label(channel.kind) }</span>
                        <span class="tag">{ reach_label(channel.min_severity) }</span>
                    </p>
                    <p class="alert-text mono">{ target }</p>
                    <p class="rule-note">{ last(last_delivery.as_ref()) }</p>
                </div>
                <div class="rule-actions">
                    <button type="button" class="button small" onclick={on_test} aria-label={format!("Test {}", channel.name)}>{ "Test" }</button>
                    <button type="button" class="button small" onclick={on_open} aria-expanded={open.to_string()} aria-label={format!("Log of {}", channel.name)}>{ "Log" }</button>
                    <button type="button" class="button small danger" onclick={on_remove} aria-label={format!("Delete {}", channel.name)}>{ "Delete" }</button>
                </div>
            </div>
            { form_error(error.as_deref()) }
            if *open { <ChannelLog {id} test={*test} on_done={props.on_change.clone()} /> }
        </li>
    }
}

fn last(delivery: Option<&AlertDelivery>) -> Html {
    match delivery {
        None => html! { { "Told nothing yet" } },
        Some(delivery) => html! { <>
            <RelativeTime at={delivery.finished_at.unwrap_or(delivery.created_at)} />
            { " " }
            { outcome(delivery) }
        </> },
    }
}

/// Properties of [`ChannelLog`].
#[derive(Properties, PartialEq)]
struct ChannelLogProps {
    id: String,
    /// A test whose outcome is waited for.
    test: Option<Uuid>,
    /// Told once that test is over.
    on_done: Callback<()>,
}

#[component]
fn ChannelLog(props: &ChannelLogProps) -> Html {
    let waiting = use_state(|| true);
    let interval = if *waiting { UNDER_WAY } else { ttl::ALERTS };
    let question = (props.id.clone(), props.test);
    let log = use_poll(question, interval, |client, (id, _)| client.channel_deliveries(&id, SHOWN));
    let tested = log.data().and_then(|list| {
        let is_test = |delivery: &&AlertDelivery| Some(delivery.id) == props.test;
        list.items.iter().find(is_test).cloned()
    });
    // Of a test that failed once it is known why; it need not be given up.
    let is_over = props.test.is_none()
        || tested.as_ref().is_some_and(|test| test.state != DeliveryState::Pending || test.attempts > 0);
    {
        let (waiting, on_done) = (waiting.clone(), props.on_done.clone());
        use_effect_with(is_over, move |&is_over| {
            waiting.set(!is_over);
            if is_over {
                on_done.emit(());
            }
        });
    }
    html! {
        <div class="channel-log">
            if props.test.is_some() {
                <p class="channel-test" role="status">
                    { "Test: " }
                    if let Some(test) = &tested { { outcome(test) } } else { { "on its way" } }
                </p>
            }
            { view(&log, skeleton_lines(2), |list| html! {
                if list.items.is_empty() {
                    <p class="panel-lead muted">{ "It was told nothing yet." }</p>
                } else {
                    { delivery_table(&list.items, None) }
                }
            }) }
        </div>
    }
}

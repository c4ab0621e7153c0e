//! The settings: account, workspace, API keys, alert channels, and model prices.

mod channel;
mod key_form;
mod key_list;
mod price;

use shared::{api_key::CreateApiKeyResponse, ttl};
use yew::prelude::*;

use crate::{
    components::{
        code_box::code_box,
        link::RouteLink,
        load::{skeleton_lines, view},
        page_head::page_head,
        panel::panel,
        secret::secret_box,
        shell::Account,
    },
    hooks::{use_poll, use_title},
    intl,
    pages::start::snippet::{NO_KEY, curl},
    route::Route,
};
use channel::ChannelPanel;
use key_form::KeyForm;
use key_list::KeyList;
use price::PricePanel;

/// Loads and renders the settings.
#[component]
pub fn SettingsPage() -> Html {
    use_title("Settings");
    let account = use_context::<Account>();
    let keys = use_poll((), ttl::ALERTS, |client, ()| client.list_api_keys());
    let new_key = use_state(|| None::<CreateApiKeyResponse>);
    let on_created = {
        let (new_key, keys) = (new_key.clone(), keys.clone());
        Callback::from(move |created| {
            new_key.set(Some(created));
            keys.refresh();
        })
    };
    let on_revoked = {
        let (new_key, keys) = (new_key.clone(), keys.clone());
        Callback::from(move |id| {
            if new_key.as_ref().is_some_and(|created| created.api_key.id == id) {
                new_key.set(None);
            }
            keys.refresh();
        })
    };
    let origin = intl::window().location().origin().unwrap_or_default();
    html! {
        <div class="settings">
            { page_head("Settings", "Account, API keys, alert channels and model prices.", None) }
            { panel("Account", "", Html::default(), html! { <>
                if let Some(account) = account {
                    { view(&account.poll, skeleton_lines(3), |user| html! {
                        <dl class="facts">
                            <div><dt>{ "Name" }</dt><dd>{ user.full_name.clone() }</dd></div>
                            <div><dt>{ "E-mail" }</dt><dd>{ user.email.clone() }</dd></div>
                            <div><dt>{ "Workspace" }</dt><dd>{ user.workspace_name.clone() }</dd></div>
                            <div><dt>{ "Workspace ID" }</dt><dd class="mono">{ user.workspace_id.to_string() }</dd></div>
                        </dl>
                    }) }
                }
            </> }) }
            { panel("API keys", "", Html::default(), html! { <>
                <p class="panel-lead muted">{ "Agents send traces with an API key. Create one key per agent, so that you can revoke it separately." }</p>
                <KeyForm {on_created} />
                if let Some(created) = &*new_key {
                    { secret_box(html! { <><strong>{ format!("Copy the key “{}” now.", created.api_key.name) }</strong>{ " It is not shown again." }</> }, &created.key, "key") }
                }
                { view(&keys, skeleton_lines(3), |list| html! { <KeyList keys={list.items.clone()} {on_revoked} /> }) }
            </> }) }
            { panel("Send a trace", "", Html::default(), html! { <>
                <p class="panel-lead muted">
                    if new_key.is_some() {
                        { "The command contains your new key." }
                    } else {
                        { "Create a key above to fill it in here." }
                    }
                    { " For OpenTelemetry, see " }<RouteLink to={Route::Start}>{ "Getting started" }</RouteLink>{ "." }
                </p>
                { code_box("Terminal", "curl command", curl(&origin, new_key.as_ref().map_or(NO_KEY, |created| &created.key))) }
            </> }) }
            <ChannelPanel />
            <PricePanel />
        </div>
    }
}

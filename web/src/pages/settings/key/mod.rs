//! API keys: the form that creates one, the new key, and the list.

mod form;
mod list;

use shared::{api_key::CreateApiKeyResponse, ttl};
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    components::{
        code_box::code_box,
        link::RouteLink,
        load::{skeleton_lines, view},
        panel::panel,
        secret::secret_box,
    },
    hooks::use_poll,
    intl,
    pages::start::snippet::{NO_KEY, curl},
    route::Route,
};
use form::KeyForm;
use list::KeyList;

/// Properties of [`Keys`].
#[derive(Properties, PartialEq)]
pub struct KeysProps {
    /// The account of the reader.
    pub user_id: Uuid,
}

/// Loads and renders the section.
#[component]
pub fn Keys(props: &KeysProps) -> Html {
    let keys = use_poll((), ttl::ALERTS, |client, ()| client.list_api_keys());
    let new_key = use_state(|| None::<CreateApiKeyResponse>);
    let on_created = {
        let (new_key, on_refresh) = (new_key.setter(), keys.on_refresh());
        Callback::from(move |created| {
            new_key.set(Some(created));
            on_refresh.emit(());
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
    let user_id = props.user_id;
    let origin = intl::window().location().origin().unwrap_or_default();
    html! {
        <>
            { panel("New API key", "", Html::default(), html! { <>
                <p class="panel-lead muted">{ "Programs authenticate with an API key. Create one key per agent, so that you can revoke it separately." }</p>
                <KeyForm {on_created} />
                if let Some(created) = &*new_key {
                    { secret_box(html! { <><strong>{ format!("Copy the key “{}” now.", created.api_key.name) }</strong>{ " It is not shown again." }</> }, &created.key, "key") }
                }
            </> }) }
            { panel("API keys", "", Html::default(), view(&keys, skeleton_lines(3), |list| html! {
                <KeyList keys={list.items.clone()} {user_id} {on_revoked} />
            })) }
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
        </>
    }
}

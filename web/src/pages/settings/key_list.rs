//! The list of API keys, with a confirmation before a key is revoked.

use icondata_lu::LuKeyRound;
use shared::api_key::ApiKey;
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        confirm::Confirm,
        message::message,
        table::{actions_head, column_heads, table},
        time::{RelativeTime, exact_time},
    },
};

/// Properties of [`KeyList`].
#[derive(Properties, PartialEq)]
pub struct KeyListProps {
    /// The keys.
    pub keys: Vec<ApiKey>,
    /// Called with the id of a revoked key.
    pub on_revoked: Callback<Uuid>,
}

/// Renders the list.
#[component]
pub fn KeyList(props: &KeyListProps) -> Html {
    let client = use_client();
    let revoking = use_state(|| None::<ApiKey>);
    let on_close = revoking.setter().to_callback().reform(|()| None);
    let revoke = |id: Uuid| {
        let client = client.clone();
        Callback::from(move |()| client.revoke_api_key(&id.to_string()))
    };
    let on_revoked = |id: Uuid| props.on_revoked.reform(move |()| id);
    if props.keys.is_empty() {
        return message(LuKeyRound, "No API keys", html! { <p>{ "Create your first key above." }</p> });
    }
    let row = |key: &ApiKey| {
        let revoked = key.clone();
        let onclick = revoking.setter().to_callback().reform(move |_: MouseEvent| Some(revoked.clone()));
        html! {
            <tr key={key.id.to_string()}>
                <th scope="row"><span class="ellipsis">{ key.name.clone() }</span></th>
                <td class="mono">{ format!("{}…", key.prefix) }</td>
                <td data-label="Created">{ exact_time(key.created_at) }</td>
                <td data-label="Last used">
                    if let Some(at) = key.last_used_at { <RelativeTime {at} /> } else { <span class="muted">{ "Never" }</span> }
                </td>
                <td class="cell-action"><button type="button" class="button small danger" {onclick} aria-label={format!("Revoke {}", key.name)}>{ "Revoke" }</button></td>
            </tr>
        }
    };
    let heads =
        html! { <>{ column_heads(&["Name", "Key", "Created", "Last used"], &[]) }{ actions_head() }</> };
    html! {
        <>
            { table("keys", heads, props.keys.iter().map(row).collect()) }
            if let Some(key) = &*revoking {
                <Confirm title={format!("Revoke “{}”?", key.name)} action="Revoke" on_confirm={revoke(key.id)} on_done={on_revoked(key.id)} {on_close}>
                    <>{ "Agents that use " }<code class="mono">{ format!("{}…", key.prefix) }</code>{ " can no longer send traces. This cannot be undone." }</>
                </Confirm>
            }
        </>
    }
}

//! The list of API keys, with a confirmation before a key is revoked.

use icondata_lu::LuKeyRound;
use shared::api_key::ApiKey;
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    account::scope_label,
    auth::use_client,
    components::{
        confirm::{Confirmation, use_confirm},
        message::message,
        table::{actions_head, column_heads, table},
        time::{RelativeTime, day},
    },
    intl,
};

/// Properties of [`KeyList`].
#[derive(Properties, PartialEq)]
pub struct KeyListProps {
    /// The keys.
    pub keys: Vec<ApiKey>,
    /// The account of the reader, whose own keys are marked.
    pub user_id: Uuid,
    /// Called with the id of a revoked key.
    pub on_revoked: Callback<Uuid>,
}

/// Renders the list.
#[component]
pub fn KeyList(props: &KeyListProps) -> Html {
    let client = use_client();
    let (ask, dialog) = use_confirm();
    if props.keys.is_empty() {
        return message(LuKeyRound, "No API keys", html! { <p>{ "Create your first key above." }</p> });
    }
    let now = intl::now();
    let row = |key: &ApiKey| {
        let revoke = {
            let (client, key, on_revoked) = (client.clone(), key.clone(), props.on_revoked.clone());
            ask.reform(move |_: MouseEvent| {
                let (client, id) = (client.clone(), key.id);
                Confirmation {
                    title: format!("Revoke “{}”?", key.name),
                    action: "Revoke",
                    text: format!("Programs that use {}… are rejected. This cannot be undone.", key.prefix),
                    on_confirm: Callback::from(move |()| client.revoke_api_key(&id.to_string())),
                    on_done: on_revoked.reform(move |()| id),
                }
            })
        };
        let is_expired = key.expires_at.is_some_and(|at| at <= now);
        html! {
            <tr key={key.id.to_string()}>
                <th scope="row"><span class="ellipsis" title={key.name.clone()}>{ key.name.clone() }</span></th>
                <td class="mono" data-label="Key">{ format!("{}…", key.prefix) }</td>
                <td class="cell-tags" data-label="Scopes">
                    <span class="tags">
                        for &scope in &key.scopes { <span class="tag">{ scope_label(scope) }</span> }
                        if let Some(limit) = key.rate_limit { <span class="tag">{ format!("{limit}/min") }</span> }
                    </span>
                </td>
                <td data-label="Created">
                    { day(key.created_at) }
                    if key.created_by == props.user_id { <span class="muted">{ " by you" }</span> }
                </td>
                <td data-label="Expires">
                    if is_expired {
                        <span class="worse">{ "Expired" }</span>
                    } else if let Some(at) = key.expires_at {
                        { day(at) }
                    } else {
                        <span class="muted">{ "Never" }</span>
                    }
                </td>
                <td data-label="Last used">
                    if let Some(at) = key.last_used_at { <RelativeTime {at} /> } else { <span class="muted">{ "Never" }</span> }
                </td>
                <td class="cell-action"><button type="button" class="button small danger" onclick={revoke} aria-label={format!("Revoke {}", key.name)}>{ "Revoke" }</button></td>
            </tr>
        }
    };
    let names = ["Name", "Key", "Scopes", "Created", "Expires", "Last used"];
    let heads = html! { <>{ column_heads(&names, &[]) }{ actions_head() }</> };
    html! {
        <>
            { table("keys", heads, props.keys.iter().map(row).collect()) }
            { dialog }
        </>
    }
}

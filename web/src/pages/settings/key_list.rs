//! The API keys that there are, and the question before one is revoked.

use icondata_lu::LuKeyRound;
use shared::api_key::ApiKey;
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        column_heads::{actions_head, column_heads},
        confirm::Confirm,
        message::message,
        time::{RelativeTime, exact_time},
    },
};

/// Properties of [`KeyList`].
#[derive(Properties, PartialEq)]
pub struct KeyListProps {
    /// The keys.
    pub keys: Vec<ApiKey>,
    /// Gets the id of a key that was revoked.
    pub on_revoked: Callback<Uuid>,
}

/// See the module.
#[component]
pub fn KeyList(props: &KeyListProps) -> Html {
    let client = use_client();
    let asked = use_state(|| None::<ApiKey>);
    let on_close = {
        let asked = asked.clone();
        Callback::from(move |()| asked.set(None))
    };
    let revoke = |id: Uuid| {
        let client = client.clone();
        Callback::from(move |()| client.revoke_api_key(&id.to_string()))
    };
    let on_revoked = |id: Uuid| props.on_revoked.reform(move |()| id);
    if props.keys.is_empty() {
        return html! {
            { message(LuKeyRound, "No keys yet", html! { <><p>{ "Create the first one above." }</p></> }) }
        };
    }
    let row = |key: &ApiKey| {
        let onclick = {
            let (asked, key) = (asked.clone(), key.clone());
            Callback::from(move |_: MouseEvent| asked.set(Some(key.clone())))
        };
        html! {
            <tr key={key.id.to_string()}>
                <th scope="row"><span class="ellipsis">{ key.name.clone() }</span></th>
                <td class="mono">{ format!("{}…", key.prefix) }</td>
                <td data-label="Created">{ exact_time(key.created_at) }</td>
                <td data-label="Last used">
                    if let Some(at) = key.last_used_at { <RelativeTime {at} /> } else { <span class="muted">{ "never" }</span> }
                </td>
                <td class="cell-action"><button type="button" class="button small danger" {onclick} aria-label={format!("Revoke {}", key.name)}>{ "Revoke" }</button></td>
            </tr>
        }
    };
    html! {
        <>
            <div class="table-scroll">
                <table class="keys">
                    <thead>
                        <tr>
                            { column_heads(&["Name", "Key", "Created", "Last used"], &[]) }
                            { actions_head() }
                        </tr>
                    </thead>
                    <tbody>{ for props.keys.iter().map(row) }</tbody>
                </table>
            </div>
            if let Some(key) = &*asked {
                <Confirm title={format!("Revoke “{}”?", key.name)} action="Revoke" act={revoke(key.id)} on_done={on_revoked(key.id)} {on_close}>
                    <>{ "Agents that use " }<code class="mono">{ format!("{}…", key.prefix) }</code>{ " can send nothing any more, at once and for good." }</>
                </Confirm>
            }
        </>
    }
}

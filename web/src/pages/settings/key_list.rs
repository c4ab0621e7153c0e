//! The API keys that there are, and the question before one is revoked.

use icondata_lu::LuKeyRound;
use shared::api_key::ApiKey;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        column_heads::{actions_head, column_heads},
        form_error::form_error,
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
    pub on_revoked: Callback<uuid::Uuid>,
}

/// See the module.
#[component]
pub fn KeyList(props: &KeyListProps) -> Html {
    let asked = use_state(|| None::<ApiKey>);
    let on_close = {
        let asked = asked.clone();
        Callback::from(move |()| asked.set(None))
    };
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
            if let Some(api_key) = &*asked {
                <RevokeDialog api_key={api_key.clone()} {on_close} on_revoked={props.on_revoked.clone()} />
            }
        </>
    }
}

/// Properties of [`RevokeDialog`].
#[derive(Properties, PartialEq)]
struct RevokeDialogProps {
    api_key: ApiKey,
    on_close: Callback<()>,
    on_revoked: Callback<uuid::Uuid>,
}

#[component]
fn RevokeDialog(props: &RevokeDialogProps) -> Html {
    let client = use_client();
    let node = use_node_ref();
    let error = use_state(|| None::<String>);
    let busy = use_state(|| false);
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                // It is in the page and not open yet: nothing to refuse.
                drop(dialog.show_modal());
            }
        });
    }
    let cancel = props.on_close.reform(|_: MouseEvent| ());
    // Escape closes it in the browser; this tells the list.
    let onclose = props.on_close.reform(|_: Event| ());
    let revoke = {
        let (id, error, busy) = (props.api_key.id, error.clone(), busy.clone());
        let (on_close, on_revoked) = (props.on_close.clone(), props.on_revoked.clone());
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            let (client, error, busy) = (client.clone(), error.clone(), busy.clone());
            let (on_close, on_revoked) = (on_close.clone(), on_revoked.clone());
            spawn_local(async move {
                match client.revoke_api_key(&id.to_string()).await {
                    Ok(()) => {
                        on_revoked.emit(id);
                        on_close.emit(());
                    }
                    Err(reason) => {
                        error.set(Some(reason.message()));
                        busy.set(false);
                    }
                }
            });
        })
    };
    html! {
        <dialog ref={node} class="dialog" aria-labelledby="revoke-title" {onclose}>
            <h2 id="revoke-title">{ format!("Revoke “{}”?", props.api_key.name) }</h2>
            <p>{ "Agents that use " }<code class="mono">{ format!("{}…", props.api_key.prefix) }</code>{ " can send nothing any more, at once and for good." }</p>
            { form_error(error.as_deref()) }
            <div class="dialog-buttons">
                <button type="button" class="button" onclick={cancel}>{ "Keep it" }</button>
                <button type="button" class="button danger solid" onclick={revoke} disabled={*busy}>{ "Revoke" }</button>
            </div>
        </dialog>
    }
}

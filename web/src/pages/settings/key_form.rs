//! The form that creates an API key.

use icondata_lu::LuPlus;
use shared::api_key::{CreateApiKeyRequest, CreateApiKeyResponse};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{field::Field, icon::svg_icon},
};

/// Properties of [`KeyForm`].
#[derive(Properties, PartialEq)]
pub struct KeyFormProps {
    /// Called with the new key.
    pub on_created: Callback<CreateApiKeyResponse>,
}

/// Renders the form.
#[component]
pub fn KeyForm(props: &KeyFormProps) -> Html {
    let client = use_client();
    let name = use_state(String::new);
    let error = use_state(|| None::<AttrValue>);
    let busy = use_state(|| false);
    let on_change = {
        let name = name.clone();
        Callback::from(move |text| name.set(text))
    };
    let onsubmit = {
        let (name, error, busy, on_created) =
            (name.clone(), error.clone(), busy.clone(), props.on_created.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let request = CreateApiKeyRequest { name: name.trim().to_owned() };
            if let Some(invalid) = request.validate().first() {
                error.set(Some(format!("The name {}", invalid.detail).into()));
                return;
            }
            busy.set(true);
            let (client, name, error, busy) = (client.clone(), name.clone(), error.clone(), busy.clone());
            let on_created = on_created.clone();
            spawn_local(async move {
                match client.create_api_key(&request).await {
                    Ok(created) => {
                        name.set(String::new());
                        error.set(None);
                        on_created.emit(created);
                    }
                    Err(reason) => error.set(Some(reason.message().into())),
                }
                busy.set(false);
            });
        })
    };
    html! {
        <form class="key-form" {onsubmit} novalidate=true>
            <Field name="key-name" label="Key name" placeholder="production" value={(*name).clone()} error={(*error).clone()} {on_change} />
            <button type="submit" class="button primary" disabled={*busy}>{ svg_icon(LuPlus) }{ "Create key" }</button>
        </form>
    }
}

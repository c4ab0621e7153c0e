//! The form that creates an API key.

use icondata_lu::LuPlus;
use shared::api_key::{CreateApiKeyRequest, CreateApiKeyResponse};
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{field::Field, icon::svg_icon},
    hooks::use_submission,
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
    let submission = use_submission(|error| Some(AttrValue::from(error.message())));
    let onsubmit = {
        let (name, submission, on_created) = (name.clone(), submission.clone(), props.on_created.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let request = CreateApiKeyRequest { name: name.trim().to_owned() };
            if let Some(invalid) = request.validate().first() {
                submission.error.set(Some(format!("The name {}", invalid.detail).into()));
                return;
            }
            let (name, on_created) = (name.setter(), on_created.clone());
            submission.send(client.create_api_key(&request), move |created| {
                name.set(String::new());
                on_created.emit(created);
            });
        })
    };
    html! {
        <form class="key-form" {onsubmit} novalidate=true>
            <Field name="key-name" label="Key name" placeholder="production" value={(*name).clone()} error={(*submission.error).clone()} on_change={name.setter()} />
            <button type="submit" class="button primary" disabled={*submission.busy}>{ svg_icon(LuPlus) }{ "Create key" }</button>
        </form>
    }
}

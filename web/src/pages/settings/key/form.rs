//! The form that creates an API key.

use std::time::Duration;

use shared::{
    access::Scope,
    api_key::{CreateApiKeyRequest, CreateApiKeyResponse},
    error::FieldError,
};
use yew::prelude::*;

use crate::{
    account::{scope_description, scope_label},
    auth::use_client,
    components::request_form::{FormField, FormValues, RequestForm, checked},
    intl,
};

/// The lifetimes of a key in days, and their labels.
const LIFETIMES: [(&str, &str); 4] =
    [("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In 1 year")];
const DAY: Duration = Duration::from_secs(86_400);

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
    let scopes = use_state(|| vec![Scope::Ingest]);
    let on_submit = {
        let (scopes, on_created) = (scopes.clone(), props.on_created.clone());
        Callback::from(move |values: FormValues| {
            let request = request(&values, (*scopes).clone())?;
            let (scopes, on_created) = (scopes.setter(), on_created.clone());
            checked(request.validate(intl::now()), || {
                client.create_api_key(&request).on_success(move |created| {
                    scopes.set(vec![Scope::Ingest]);
                    on_created.emit(created);
                })
            })
        })
    };
    let checkbox = |scope: Scope| {
        let onchange = {
            let scopes = scopes.clone();
            Callback::from(move |_: Event| scopes.set(toggled(&scopes, scope)))
        };
        html! {
            <label class="check-row">
                <input type="checkbox" checked={scopes.contains(&scope)} {onchange} />
                <span>{ scope_label(scope) }<span class="muted">{ format!(" · {}", scope_description(scope)) }</span></span>
            </label>
        }
    };
    let fields = vec![
        FormField { placeholder: "production", ..FormField::text("name", "Key name", "The name") },
        FormField {
            choices: LIFETIMES.map(|(days, label)| (days.into(), label.into())).to_vec(),
            ..FormField::text("expires_at", "Expires", "The expiry")
        },
        FormField {
            placeholder: "that of the workspace",
            ..FormField::text("rate_limit", "Requests per minute", "The limit")
        },
    ];
    html! {
        <RequestForm id="key" class="new-key-form" {fields} action="Create key" {on_submit}>
            <fieldset class="form-wide scopes">
                <legend>{ "Scopes" }</legend>
                { for Scope::ALL.map(checkbox) }
            </fieldset>
        </RequestForm>
    }
}

/// Returns `scopes` with `scope` added or removed.
fn toggled(scopes: &[Scope], scope: Scope) -> Vec<Scope> {
    Scope::ALL.into_iter().filter(|&one| scopes.contains(&one) != (one == scope)).collect()
}

/// Returns the request.
///
/// # Errors
/// Returns an error if the limit is not a number.
fn request(values: &FormValues, scopes: Vec<Scope>) -> Result<CreateApiKeyRequest, Vec<FieldError>> {
    let rate_limit = values.optional("rate_limit").map(|text| text.parse()).transpose();
    let days = values.text("expires_at").parse::<u32>().ok();
    Ok(CreateApiKeyRequest {
        name: values.text("name").trim().to_owned(),
        scopes,
        expires_at: days.map(|days| intl::now() + DAY * days),
        rate_limit: rate_limit
            .map_err(|_| vec![FieldError::new("rate_limit", "must be from 1 to 1,000,000")])?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_added_and_removed_in_a_fixed_order() {
        assert_eq!(toggled(&[Scope::Manage], Scope::Ingest), [Scope::Ingest, Scope::Manage]);
        assert_eq!(toggled(&[Scope::Ingest, Scope::Read], Scope::Ingest), [Scope::Read]);
        assert_eq!(toggled(&[Scope::Read], Scope::Read), []);
    }
}

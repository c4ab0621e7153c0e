//! The registration page.

use shared::{
    auth::{LoginRequest, RegisterRequest},
    error::{ErrorCode, FieldError},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::{ApiError, Client},
    auth::{use_auth, use_redirect_when_logged_in},
    components::{brand::brand, field::Field, form_error::form_error, link::RouteLink},
    hooks::use_title,
    intl,
    route::Route,
};

/// Renders the form that creates an account and its workspace.
#[component]
pub fn RegisterPage() -> Html {
    use_title("Create an account");
    use_redirect_when_logged_in();
    let auth = use_auth();
    let form = use_state(RegisterRequest::default);
    let confirmation = use_state(String::new);
    let fields = use_state(Vec::<FieldError>::new);
    let error = use_state(|| None::<String>);
    let busy = use_state(|| false);

    let change = |write: fn(&mut RegisterRequest, String)| {
        let form = form.clone();
        Callback::from(move |text| {
            let mut changed = (*form).clone();
            write(&mut changed, text);
            form.set(changed);
        })
    };
    let on_confirm = {
        let confirmation = confirmation.clone();
        Callback::from(move |text| confirmation.set(text))
    };
    let onsubmit = {
        let (form, confirmation, fields) = (form.clone(), confirmation.clone(), fields.clone());
        let (error, busy) = (error.clone(), busy.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let invalid = validate(&form, &confirmation);
            let is_valid = invalid.is_empty();
            fields.set(invalid);
            error.set(None);
            if !is_valid {
                return;
            }
            busy.set(true);
            let (auth, form) = (auth.clone(), form.clone());
            let (fields, error, busy) = (fields.clone(), error.clone(), busy.clone());
            spawn_local(async move {
                match register(&auth.client(), &form).await {
                    Ok(token) => auth.begin(token),
                    Err(reason) => {
                        let (field_errors, other) = split_error(&reason);
                        fields.set(field_errors);
                        error.set(other);
                        busy.set(false);
                    }
                }
            });
        })
    };
    let field_error = |name: &str, label: &str| {
        let error = fields.iter().find(|error| error.field == name)?;
        Some(AttrValue::from(format!("{label} {}", error.detail)))
    };
    let query = intl::window().location().search().unwrap_or_default().trim_start_matches('?').to_owned();
    html! {
        <main class="alone">
            { brand() }
            <div class="panel form-panel">
                <h1>{ "Create an account" }</h1>
                <p class="muted">{ "Your account includes a workspace for your agents." }</p>
                { form_error(error.as_deref()) }
                <form {onsubmit} novalidate=true>
                    <Field name="full_name" label="Your name" autocomplete="name" autofocus=true
                        value={form.full_name.clone()} error={field_error("full_name", "Your name")}
                        on_change={change(|form, text| form.full_name = text)} />
                    <Field name="email" label="E-mail" kind="email" autocomplete="username" placeholder="you@example.com"
                        value={form.email.clone()} error={field_error("email", "The e-mail")}
                        on_change={change(|form, text| form.email = text)} />
                    <Field name="workspace_name" label="Workspace name" autocomplete="organization" placeholder="Acme agents"
                        value={form.workspace_name.clone()} error={field_error("workspace_name", "The workspace name")}
                        on_change={change(|form, text| form.workspace_name = text)} />
                    <Field name="password" label="Password" kind="password" autocomplete="new-password" hint="At least 8 characters."
                        value={form.password.clone()} error={field_error("password", "The password")}
                        on_change={change(|form, text| form.password = text)} />
                    <Field name="confirmation" label="Confirm password" kind="password" autocomplete="new-password"
                        value={(*confirmation).clone()} error={field_error("confirmation", "The passwords")}
                        on_change={on_confirm} />
                    <button type="submit" class="button primary wide" disabled={*busy}>
                        { if *busy { "Creating…" } else { "Create account" } }
                    </button>
                </form>
            </div>
            <p class="muted">{ "Already have an account? " }<RouteLink to={Route::Login} {query}>{ "Log in" }</RouteLink></p>
        </main>
    }
}

fn validate(form: &RegisterRequest, confirmation: &str) -> Vec<FieldError> {
    let mut errors = form.validate();
    if form.password != confirmation {
        errors.push(FieldError::new("confirmation", "do not match"));
    }
    errors
}

async fn register(client: &Client, form: &RegisterRequest) -> Result<shared::auth::TokenResponse, ApiError> {
    client.register(form).await?;
    client.login(&LoginRequest { email: form.email.clone(), password: form.password.clone() }).await
}

/// Returns the field errors of a response, or a message if there are none.
fn split_error(reason: &ApiError) -> (Vec<FieldError>, Option<String>) {
    if reason.code() == Some(ErrorCode::EmailTaken) {
        return (vec![FieldError::new("email", "is already registered")], None);
    }
    match reason.fields() {
        [] => (Vec::new(), Some(reason.message())),
        fields => (fields.to_vec(), None),
    }
}

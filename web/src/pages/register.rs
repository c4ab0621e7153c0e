//! The registration page.

use shared::{
    auth::{LoginRequest, RegisterRequest, TokenResponse},
    error::{ErrorBody, ErrorCode, FieldError},
};
use yew::prelude::*;

use crate::{
    api::{ApiError, Client},
    auth::{use_auth, use_redirect_when_logged_in},
    components::{brand::brand, field::Field, form_error::form_error, link::RouteLink},
    event::on_edit,
    hooks::{use_submission, use_title},
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
    let submission = use_submission(ApiError::form_errors);
    let onsubmit = {
        let (form, confirmation, submission) = (form.clone(), confirmation.clone(), submission.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let invalid = validate(&form, &confirmation);
            let is_valid = invalid.is_empty();
            submission.error.set(invalid);
            if is_valid {
                let (auth, form) = (auth.clone(), (*form).clone());
                let request = register(auth.client(), form);
                submission.send(request, move |token| auth.log_in(token));
            }
        })
    };
    let error_of = |name: &str| submission.error.iter().find(|error| error.field == name);
    let field_error =
        |name: &str, label: &str| Some(AttrValue::from(format!("{label} {}", error_of(name)?.detail)));
    let query = intl::window().location().search().unwrap_or_default().trim_start_matches('?').to_owned();
    html! {
        <main class="alone">
            { brand() }
            <div class="panel form-panel">
                <h1>{ "Create an account" }</h1>
                <p class="muted">{ "Your account includes a workspace for your agents." }</p>
                { form_error(error_of("").map(|error| &*error.detail)) }
                <form {onsubmit} novalidate=true>
                    <Field name="full_name" label="Your name" autocomplete="name" autofocus=true
                        value={form.full_name.clone()} error={field_error("full_name", "Your name")}
                        on_change={on_edit(&form, |form, text| form.full_name = text)} />
                    <Field name="email" label="E-mail" kind="email" autocomplete="username" placeholder="you@example.com"
                        value={form.email.clone()} error={field_error("email", "The e-mail")}
                        on_change={on_edit(&form, |form, text| form.email = text)} />
                    <Field name="workspace_name" label="Workspace name" autocomplete="organization" placeholder="Acme agents"
                        value={form.workspace_name.clone()} error={field_error("workspace_name", "The workspace name")}
                        on_change={on_edit(&form, |form, text| form.workspace_name = text)} />
                    <Field name="password" label="Password" kind="password" autocomplete="new-password" hint="At least 8 characters."
                        value={form.password.clone()} error={field_error("password", "The password")}
                        on_change={on_edit(&form, |form, text| form.password = text)} />
                    <Field name="confirmation" label="Confirm password" kind="password" autocomplete="new-password"
                        value={(*confirmation).clone()} error={field_error("confirmation", "The passwords")}
                        on_change={confirmation.setter()} />
                    <button type="submit" class="button primary wide" disabled={*submission.busy}>
                        { if *submission.busy { "Creating…" } else { "Create account" } }
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

/// Creates the account and logs in.
async fn register(client: Client, form: RegisterRequest) -> Result<TokenResponse, ApiError> {
    client.register(&form).await.map_err(|error| match error {
        ApiError::Rejected(body) if body.code == ErrorCode::EmailTaken => {
            let fields = vec![FieldError::new("email", "is already registered")];
            ApiError::Rejected(ErrorBody { fields, ..body })
        }
        other => other,
    })?;
    client.login(&LoginRequest { email: form.email, password: form.password }).await
}

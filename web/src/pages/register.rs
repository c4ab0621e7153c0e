//! Where one makes an account and its workspace.

use shared::{
    auth::{LoginRequest, RegisterRequest},
    error::{ErrorCode, FieldError},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::{ApiError, Client},
    auth::{use_auth, use_leave_when_logged_in},
    components::{brand::brand, field::Field, form_error::form_error, link::RouteLink},
    hooks::use_title,
    intl,
    route::Route,
};

/// See the module.
#[component]
pub fn RegisterPage() -> Html {
    use_title("Create an account");
    use_leave_when_logged_in();
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
            let wrong = check(&form, &confirmation);
            let all_right = wrong.is_empty();
            fields.set(wrong);
            error.set(None);
            if !all_right {
                return;
            }
            busy.set(true);
            let (auth, form) = (auth.clone(), form.clone());
            let (fields, error, busy) = (fields.clone(), error.clone(), busy.clone());
            spawn_local(async move {
                match register(&auth.client(), &form).await {
                    Ok(token) => auth.begin(token),
                    Err(reason) => {
                        let (wrong, rest) = explain(&reason);
                        fields.set(wrong);
                        error.set(rest);
                        busy.set(false);
                    }
                }
            });
        })
    };
    let wrong = |name: &str, label: &str| {
        let error = fields.iter().find(|error| error.field == name)?;
        Some(AttrValue::from(format!("{label} {}", error.detail)))
    };
    let query = intl::window().location().search().unwrap_or_default().trim_start_matches('?').to_owned();
    html! {
        <main class="alone">
            { brand() }
            <div class="panel form-panel">
                <h1>{ "Create an account" }</h1>
                <p class="muted">{ "And the workspace that your agents will report to." }</p>
                { form_error(error.as_deref()) }
                <form {onsubmit} novalidate=true>
                    <Field name="full_name" label="Your name" autocomplete="name" autofocus=true
                        value={form.full_name.clone()} error={wrong("full_name", "Your name")}
                        on_change={change(|form, text| form.full_name = text)} />
                    <Field name="email" label="E-mail" kind="email" autocomplete="username" placeholder="you@example.com"
                        value={form.email.clone()} error={wrong("email", "The e-mail")}
                        on_change={change(|form, text| form.email = text)} />
                    <Field name="workspace_name" label="Workspace" autocomplete="organization" placeholder="Acme agents"
                        value={form.workspace_name.clone()} error={wrong("workspace_name", "The workspace's name")}
                        on_change={change(|form, text| form.workspace_name = text)} />
                    <Field name="password" label="Password" kind="password" autocomplete="new-password" hint="At least 8 characters."
                        value={form.password.clone()} error={wrong("password", "The password")}
                        on_change={change(|form, text| form.password = text)} />
                    <Field name="confirmation" label="Password, once more" kind="password" autocomplete="new-password"
                        value={(*confirmation).clone()} error={wrong("confirmation", "This")}
                        on_change={on_confirm} />
                    <button type="submit" class="button primary wide" disabled={*busy}>
                        { if *busy { "Creating…" } else { "Create account" } }
                    </button>
                </form>
            </div>
            <p class="muted">{ "Have an account? " }<RouteLink to={Route::Login} {query}>{ "Log in" }</RouteLink></p>
        </main>
    }
}

fn check(form: &RegisterRequest, confirmation: &str) -> Vec<FieldError> {
    let mut wrong = form.validate();
    if form.password != confirmation {
        wrong.push(FieldError::new("confirmation", "differs from the password above"));
    }
    wrong
}

async fn register(client: &Client, form: &RegisterRequest) -> Result<shared::auth::TokenResponse, ApiError> {
    client.register(form).await?;
    client.login(&LoginRequest { email: form.email.clone(), password: form.password.clone() }).await
}

/// The fields that the API found wrong, or else a sentence.
fn explain(reason: &ApiError) -> (Vec<FieldError>, Option<String>) {
    if reason.code() == Some(ErrorCode::EmailTaken) {
        return (vec![FieldError::new("email", "has an account already")], None);
    }
    match reason.fields() {
        [] => (Vec::new(), Some(reason.message())),
        fields => (fields.to_vec(), None),
    }
}

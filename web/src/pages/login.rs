//! The login page.

use shared::auth::LoginRequest;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    auth::{End, use_auth, use_redirect_when_logged_in},
    components::{brand::brand, field::Field, form_error::form_error, link::RouteLink},
    hooks::use_title,
    intl,
    route::Route,
};

/// Renders the login form.
#[component]
pub fn LoginPage() -> Html {
    use_title("Log in");
    use_redirect_when_logged_in();
    let auth = use_auth();
    let form = use_state(LoginRequest::default);
    let error = use_state(|| None::<String>);
    let busy = use_state(|| false);
    let change = |write: fn(&mut LoginRequest, String)| {
        let form = form.clone();
        Callback::from(move |text| {
            let mut changed = (*form).clone();
            write(&mut changed, text);
            form.set(changed);
        })
    };
    let onsubmit = {
        let (auth, form, error, busy) = (auth.clone(), form.clone(), error.clone(), busy.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if form.email.trim().is_empty() || form.password.is_empty() {
                error.set(Some("Enter your e-mail and password.".to_owned()));
                return;
            }
            busy.set(true);
            let (auth, form, error, busy) = (auth.clone(), form.clone(), error.clone(), busy.clone());
            spawn_local(async move {
                match auth.client().login(&form).await {
                    Ok(token) => auth.begin(token),
                    Err(reason) => {
                        error.set(Some(reason.message()));
                        busy.set(false);
                    }
                }
            });
        })
    };
    // The query has the page to return to after the login. The link preserves it.
    let query = intl::window().location().search().unwrap_or_default().trim_start_matches('?').to_owned();
    html! {
        <main class="alone">
            { brand() }
            <div class="panel form-panel">
                <h1>{ "Log in" }</h1>
                <p class="muted">{ "Monitor your AI agents." }</p>
                if auth.end() == End::Refused && error.is_none() {
                    <p class="form-note" role="status">{ "Your session has expired. Log in to continue." }</p>
                }
                { form_error(error.as_deref()) }
                <form {onsubmit} novalidate=true>
                    <Field
                        name="email"
                        label="E-mail"
                        kind="email"
                        autocomplete="username"
                        placeholder="you@example.com"
                        autofocus=true
                        value={form.email.clone()}
                        on_change={change(|form, text| form.email = text)}
                    />
                    <Field
                        name="password"
                        label="Password"
                        kind="password"
                        autocomplete="current-password"
                        value={form.password.clone()}
                        on_change={change(|form, text| form.password = text)}
                    />
                    <button type="submit" class="button primary wide" disabled={*busy}>
                        { if *busy { "Logging in…" } else { "Log in" } }
                    </button>
                </form>
            </div>
            <p class="muted">{ "New here? " }<RouteLink to={Route::Register} {query}>{ "Create an account" }</RouteLink></p>
        </main>
    }
}

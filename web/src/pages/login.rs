//! The login page.

use shared::auth::LoginRequest;
use yew::prelude::*;

use crate::{
    auth::{SessionEnd, use_auth, use_redirect_when_logged_in},
    components::{brand::brand, field::Field, form_error::form_error, link::RouteLink},
    event::on_edit,
    hooks::{use_submission, use_title},
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
    let submission = use_submission(|error| Some(error.message()));
    let onsubmit = {
        let (auth, form, submission) = (auth.clone(), form.clone(), submission.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if form.email.trim().is_empty() || form.password.is_empty() {
                submission.error.set(Some("Enter your e-mail and password.".to_owned()));
                return;
            }
            let auth = auth.clone();
            submission.send(auth.client().login(&form), move |token| auth.log_in(token));
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
                if auth.last_end() == SessionEnd::Rejected && submission.error.is_none() {
                    <p class="form-note" role="status">{ "Your session has expired. Log in to continue." }</p>
                }
                { form_error(submission.error.as_deref()) }
                <form {onsubmit} novalidate=true>
                    <Field
                        name="email"
                        label="E-mail"
                        kind="email"
                        autocomplete="username"
                        placeholder="you@example.com"
                        autofocus=true
                        value={form.email.clone()}
                        on_change={on_edit(&form, |form, text| form.email = text)}
                    />
                    <Field
                        name="password"
                        label="Password"
                        kind="password"
                        autocomplete="current-password"
                        value={form.password.clone()}
                        on_change={on_edit(&form, |form, text| form.password = text)}
                    />
                    <button type="submit" class="button primary wide" disabled={*submission.busy}>
                        { if *submission.busy { "Logging in…" } else { "Log in" } }
                    </button>
                </form>
            </div>
            <p class="muted">{ "New here? " }<RouteLink to={Route::Register} {query}>{ "Create an account" }</RouteLink></p>
        </main>
    }
}

//! The login page.

use shared::{
    auth::{LoginRequest, Registration, TokenResponse},
    error::FieldError,
    ttl,
};
use yew::prelude::*;

use super::oidc::{oidc_button, use_oidc_result};
use crate::{
    auth::{Auth, SessionEnd, use_auth, use_next, use_redirect_when_logged_in},
    components::{
        alone::alone,
        form_error::form_error,
        link::RouteLink,
        request_form::{FormField, FormValues, RequestForm, checked},
    },
    hooks::{use_poll, use_title},
    intl,
    route::Route,
};

/// Renders the login form.
#[component]
pub fn LoginPage() -> Html {
    use_title("Log in");
    use_redirect_when_logged_in();
    let auth = use_auth();
    let options = use_poll((), ttl::TRACE_DETAIL, |client, ()| client.get_login_options());
    let on_token = {
        let auth = auth.clone();
        Callback::from(move |token| auth.log_in(token))
    };
    // The query has the page to return to after the login. The link preserves it.
    let query = intl::window().location().search().unwrap_or_default().trim_start_matches('?').to_owned();
    let oidc_failure = use_oidc_result();
    let next = use_next();
    let loaded = options.data();
    // Until the options are loaded, the form is there, as on most servers.
    let has_password = loaded.as_ref().is_none_or(|options| options.password);
    let oidc_url = loaded.as_ref().and_then(|options| options.oidc_url.as_deref());
    let content = html! {
        <>
            <p class="muted">{ "Monitor your AI agents." }</p>
            if auth.last_end() == SessionEnd::Rejected {
                <p class="form-note" role="status">{ "Your session has expired. Log in to continue." }</p>
            }
            { form_error(oidc_failure.as_deref()) }
            if has_password {
                { login_form(&auth, None, None, on_token) }
            }
            { oidc_button(oidc_url, next.as_deref(), has_password) }
        </>
    };
    if !has_password {
        return alone("Log in".to_owned(), content, Html::default());
    }
    let below = match loaded.as_ref().map(|options| options.registration) {
        Some(Registration::Open) => html! {
            <p>{ "New here? " }<RouteLink to={Route::Register} {query}>{ "Create an account" }</RouteLink></p>
        },
        Some(Registration::Invite) => {
            html! { <p>{ "To join, ask an owner of a workspace for an invitation." }</p> }
        }
        Some(Registration::Closed) => html! { <p>{ "Registration is closed." }</p> },
        // Keeps the layout while the options are loading.
        None => html! { <p>{ "\u{a0}" }</p> },
    };
    let below =
        html! { <>{ below }<p><RouteLink to={Route::Forgot}>{ "Forgot password?" }</RouteLink></p></> };
    alone("Log in".to_owned(), content, below)
}

/// Renders the login form. The login accepts the `invitation`; a given `email` is fixed.
pub fn login_form(
    auth: &Auth,
    invitation: Option<String>,
    email: Option<String>,
    on_token: Callback<TokenResponse>,
) -> Html {
    let action = if invitation.is_some() { "Log in and join" } else { "Log in" };
    let is_fixed = email.is_some();
    let fields = vec![
        FormField { autofocus: !is_fixed, ..FormField::email(email) },
        FormField { autofocus: is_fixed, ..FormField::password("password", "Password") },
    ];
    let client = auth.client();
    let on_submit = Callback::from(move |values: FormValues| {
        let request = LoginRequest {
            email: values.text("email"),
            password: values.text("password"),
            invitation: invitation.clone(),
        };
        let mut errors = Vec::new();
        if request.email.trim().is_empty() || request.password.is_empty() {
            errors.push(FieldError::new("", "Enter your e-mail and password."));
        }
        let on_token = on_token.clone();
        checked(errors, || client.login(&request).on_success(move |token| on_token.emit(token)))
    });
    html! { <RequestForm {fields} {action} button="primary wide" {on_submit} /> }
}

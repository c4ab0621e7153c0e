//! The login page.

use shared::{
    auth::{LoginRequest, Registration, TokenResponse},
    error::FieldError,
    ttl,
};
use yew::prelude::*;

use crate::{
    auth::{Auth, SessionEnd, use_auth, use_redirect_when_logged_in},
    components::{
        alone::alone,
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
    let content = html! {
        <>
            <p class="muted">{ "Monitor your AI agents." }</p>
            if auth.last_end() == SessionEnd::Rejected {
                <p class="form-note" role="status">{ "Your session has expired. Log in to continue." }</p>
            }
            { login_form(&auth, None, None, on_token) }
        </>
    };
    let below = match options.data().map(|options| options.registration) {
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

//! The page that requests a link to reset a password.

use shared::{
    auth::{ForgotPasswordRequest, check_email},
    error::FieldError,
    ttl,
};
use yew::prelude::*;

use crate::{
    auth::use_client,
    components::{
        alone::alone,
        link::RouteLink,
        load::{skeleton_lines, view},
        request_form::{FormField, FormValues, RequestForm, checked},
    },
    hooks::{use_poll, use_title},
    route::Route,
};

/// Renders the form, or what to do on a server that sends no e-mails.
#[component]
pub fn ForgotPage() -> Html {
    use_title("Reset password");
    let client = use_client();
    let options = use_poll((), ttl::TRACE_DETAIL, |client, ()| client.get_login_options());
    let on_submit = Callback::from(move |values: FormValues| {
        let request = ForgotPasswordRequest { email: values.text("email").trim().to_owned() };
        let errors = FieldError::all([("email", check_email(&request.email))]);
        checked(errors, || client.forgot_password(&request))
    });
    let content = view(&options, skeleton_lines(4), |options| {
        if !options.email {
            return html! {
                <p class="muted">{ "This server sends no e-mails. Ask its operator for a link that resets your password." }</p>
            };
        }
        html! {
            <>
                <p class="muted">{ "Get a link to set a new password." }</p>
                <RequestForm fields={vec![FormField { autofocus: true, ..FormField::email(None) }]} action="Send link" button="primary wide"
                    done="If this e-mail has an account, the link is on its way. It is valid for an hour." {on_submit} />
            </>
        }
    });
    alone(
        "Reset password".to_owned(),
        content,
        html! { <p><RouteLink to={Route::Login}>{ "Back to log in" }</RouteLink></p> },
    )
}

//! The page that sets a new password, the target of a link from an e-mail or from the command line.

use shared::auth::ResetPasswordRequest;
use yew::prelude::*;

use crate::{
    auth::use_auth,
    components::{
        alone::alone,
        link::RouteLink,
        request_form::{FormField, FormValues, RequestForm, checked},
    },
    hooks::{use_link_token, use_title},
    route::Route,
};

/// Renders the form.
#[component]
pub fn ResetPage() -> Html {
    use_title("Set a new password");
    let auth = use_auth();
    let token = use_link_token();
    let is_done = use_state(|| false);
    let on_submit = {
        let (auth, is_done) = (auth.clone(), is_done.setter());
        Callback::from(move |values: FormValues| {
            let request = ResetPasswordRequest { token: token.clone(), password: values.text("password") };
            let errors = values.check_confirmation("password", request.validate());
            let (auth, is_done) = (auth.clone(), is_done.clone());
            checked(errors, || {
                auth.client().reset_password(&request).on_success(move |()| {
                    // The server has ended all sessions of the account.
                    auth.end_session();
                    is_done.set(true);
                })
            })
        })
    };
    let mut fields = FormField::new_password("password", "New password").to_vec();
    fields[0].autofocus = true;
    let content = html! {
        if *is_done {
            <>
                <p class="form-note" role="status">{ "Your password has been changed." }</p>
                <RouteLink class="button primary wide" to={Route::Login}>{ "Log in" }</RouteLink>
            </>
        } else {
            <>
                <p class="muted">{ "You will be logged out everywhere." }</p>
                <RequestForm {fields} action="Set password" button="primary wide" {on_submit} />
            </>
        }
    };
    alone(
        "Set a new password".to_owned(),
        content,
        html! { <p>{ "Has the link expired? " }<RouteLink to={Route::Forgot}>{ "Get a new one" }</RouteLink></p> },
    )
}

//! Login over OpenID Connect: the button, and the redirect back to the login page.

use shared::auth::{OidcError, OidcResult, OidcTokenRequest};
use yew::prelude::*;
use yew_router::hooks::use_location;

use crate::auth::use_auth;

/// Renders the button that starts a login, if the server has a provider. `next` is the page to open afterwards.
pub fn oidc_button(url: Option<&str>, next: Option<&str>, is_alternative: bool) -> Html {
    let Some(url) = url else { return Html::default() };
    let next = next.map(|next| format!("?next={}", js_sys::encode_uri_component(next)));
    let href = format!("{url}{}", next.unwrap_or_default());
    let class = if is_alternative { "button wide" } else { "button primary wide" };
    html! { <a {class} {href}>{ "Log in with single sign-on" }</a> }
}

/// Logs in with the code in the fragment of the address, and returns why the login failed.
#[hook]
pub fn use_oidc_result() -> Option<String> {
    let auth = use_auth();
    let failure = use_state(|| None);
    let result = use_location().and_then(|location| parse(location.hash()));
    {
        let failure = failure.setter();
        use_effect_with(result, move |result| match result.clone() {
            Some(OidcResult::Code(code)) => {
                let request = auth.client().create_oidc_token(&OidcTokenRequest { code });
                let request = request.on_success(move |token| auth.log_in(token));
                request.then(Callback::from(move |error| failure.set(error)));
            }
            Some(OidcResult::Error(error)) => failure.set(Some(reason(error).to_owned())),
            None => {}
        });
    }
    (*failure).clone()
}

/// Parses a fragment such as `#code=…`.
fn parse(fragment: &str) -> Option<OidcResult> {
    let (name, value) = fragment.strip_prefix('#')?.split_once('=')?;
    match name {
        "code" => Some(OidcResult::Code(value.to_owned())),
        _ => serde_json::from_value(value.into()).ok().map(OidcResult::Error),
    }
}

fn reason(error: OidcError) -> &'static str {
    match error {
        OidcError::Expired => "The login has expired. Try again.",
        OidcError::Provider => {
            "The identity provider did not confirm the login. Try again, or ask your administrator."
        }
        OidcError::NotAllowed => "You are not allowed to log in here. Ask your administrator for access.",
        OidcError::NoEmail => {
            "The identity provider did not send your e-mail address. Ask your administrator."
        }
        OidcError::EmailTaken => "An account with your e-mail address exists. Log in with its password.",
        OidcError::Disabled => "This account is disabled.",
        OidcError::NoWorkspace => "This account is a member of no workspace. Ask an owner for an invitation.",
        OidcError::RateLimited => "Too many failed logins. Try again in 15 minutes.",
        OidcError::Internal => "The server failed. Try again in a moment.",
    }
}

//! The page of an invitation, the target of its link: register, log in, or accept with the current account.

use icondata_lu::LuTriangleAlert;
use shared::{
    auth::{LoginOptions, TokenResponse, User},
    error::ErrorCode,
    invitation::{InvitationInfo, InvitationToken},
    ttl,
};
use yew::prelude::*;

use super::{login::login_form, oidc::oidc_button, register::register_form};
use crate::{
    account::{role_description, role_label},
    api::ApiError,
    auth::{Auth, use_auth, use_enter_workspace},
    components::{
        alone::alone,
        load::{skeleton_lines, view},
        message::message,
        request_form::RequestForm,
    },
    event::on_toggle,
    hooks::{use_link_token, use_poll, use_title},
};

/// Who opened the page.
#[derive(Clone, PartialEq)]
enum Visitor {
    /// The current account.
    User(User),
    /// Somebody who has to log in first, in one of these ways.
    Anonymous(LoginOptions),
}

/// Loads and renders the invitation.
#[component]
pub fn InvitationPage() -> Html {
    use_title("Invitation");
    let auth = use_auth();
    let token = use_link_token();
    let has_account = use_state(|| false);
    // The invitation, and the current account or the ways to log in.
    let key = (token.clone(), auth.is_logged_in());
    let offer = use_poll(key, ttl::TRACE_DETAIL, |client, (token, logged_in)| async move {
        let invitation = client.get_invitation(&InvitationToken { token }).await?;
        let visitor = if logged_in {
            Visitor::User(client.get_account().await?)
        } else {
            Visitor::Anonymous(client.get_login_options().await?)
        };
        Ok((invitation, visitor))
    });
    let on_token = use_enter_workspace();
    let missing = match offer.error().and_then(ApiError::code).filter(|_| offer.data().is_none()) {
        Some(ErrorCode::LinkExpired) => {
            Some(("Invitation expired", "It was used already, or is older than 7 days."))
        }
        Some(ErrorCode::NotFound) => {
            Some(("Invitation not found", "The link is incomplete, or the invitation was revoked."))
        }
        _ => None,
    };
    if let Some((title, reason)) = missing {
        let next = html! { <p>{ reason }{ " Ask an owner of the workspace for a new one." }</p> };
        return alone("Invitation".to_owned(), message(LuTriangleAlert, title, next), Html::default());
    }
    let loaded = offer.data();
    let title = loaded
        .as_ref()
        .map_or_else(|| "Invitation".to_owned(), |offer| format!("Join {}", offer.0.workspace_name));
    let is_anonymous = loaded.as_ref().is_some_and(|offer| {
        let (info, visitor) = &**offer;
        info.email.is_none() && matches!(visitor, Visitor::Anonymous(options) if options.password)
    });
    let content = view(&offer, skeleton_lines(5), |(info, visitor)| {
        let next = format!("/invitation?token={token}");
        let form = match visitor {
            Visitor::User(user) => accept_form(&auth, token, info, user, on_token),
            Visitor::Anonymous(options) => {
                let button = oidc_button(options.oidc_url.as_deref(), Some(&next), options.password);
                let form = if !options.password {
                    Html::default()
                } else if info.has_account || *has_account {
                    login_form(&auth, Some(token), info.email.clone(), on_token)
                } else {
                    register_form(&auth, Some(token), info.email.clone(), on_token)
                };
                html! { <>{ form }{ button }</> }
            }
        };
        html! {
            <>
                <p class="muted">{ "You are invited as " }<strong>{ role_label(info.role) }</strong>{ ". " }{ role_description(info.role) }</p>
                { form }
            </>
        }
    });
    let below = html! {
        if is_anonymous {
            <p>
                { if *has_account { "No account yet? " } else { "Already have an account? " } }
                <button type="button" class="link-button" onclick={on_toggle(&has_account)}>{ if *has_account { "Create an account" } else { "Log in" } }</button>
            </p>
        }
    };
    alone(title, content, below)
}

/// Renders a button that accepts the invitation with the current account, and one that logs out to use another account.
fn accept_form(
    auth: &Auth,
    token: String,
    info: &InvitationInfo,
    user: &User,
    on_token: Callback<TokenResponse>,
) -> Html {
    let other = info.email.as_ref().filter(|email| **email != user.email);
    let client = auth.client();
    let on_submit = Callback::from(move |_| {
        let on_token = on_token.clone();
        let request = client.accept_invitation(&InvitationToken { token: token.clone() });
        Ok(request.on_success(move |response| on_token.emit(response)))
    });
    let on_log_out = {
        let auth = auth.clone();
        Callback::from(move |_: MouseEvent| auth.log_out())
    };
    html! {
        <>
            <p>{ "You are logged in as " }<strong>{ user.email.clone() }</strong>{ "." }</p>
            if let Some(email) = other {
                <p class="form-note">{ format!("The invitation is for {email}.") }</p>
            } else {
                <RequestForm fields={Vec::new()} action="Accept invitation" button="primary wide" {on_submit} />
            }
            <button type="button" class="button wide" onclick={on_log_out}>{ "Use another account" }</button>
        </>
    }
}

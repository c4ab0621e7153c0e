//! The profile: name, password, and the deletion of the account.

use shared::{
    auth::{ChangePasswordRequest, DeleteAccountRequest, UpdateAccountRequest, User},
    error::FieldError,
};
use yew::prelude::*;

use crate::{
    api::ApiRequest,
    auth::use_auth,
    components::{
        confirm::{Confirmation, use_confirm},
        panel::panel,
        request_form::{FormField, FormValues, RequestForm, checked},
    },
    hooks::Account,
};

/// Properties of [`Profile`].
#[derive(Properties, PartialEq)]
pub struct ProfileProps {
    /// The account.
    pub user: User,
}

/// Renders the section.
#[component]
pub fn Profile(props: &ProfileProps) -> Html {
    let auth = use_auth();
    let on_refresh = use_context::<Account>().map(|account| account.on_refresh).unwrap_or_default();
    let (ask, dialog) = use_confirm();
    let name = FormField {
        value: props.user.full_name.clone(),
        autocomplete: "name",
        ..FormField::text("full_name", "Name", "The name")
    };
    let on_name = {
        let client = auth.client();
        Callback::from(move |values: FormValues| {
            let request = UpdateAccountRequest { full_name: Some(values.text("full_name")) };
            let on_refresh = on_refresh.clone();
            checked(request.validate(), || {
                client.update_account(&request).on_success(move |()| on_refresh.emit(()))
            })
        })
    };
    let on_password = {
        let client = auth.client();
        Callback::from(move |values: FormValues| {
            let (current_password, new_password) =
                (values.text("current_password"), values.text("new_password"));
            let request = ChangePasswordRequest { current_password, new_password };
            let errors = values.check_confirmation("new_password", request.validate());
            checked(errors, || client.update_password(&request))
        })
    };
    let has_password = props.user.has_password;
    let on_delete = Callback::from(move |values: FormValues| {
        let request = DeleteAccountRequest { password: values.text("password") };
        if has_password && request.password.is_empty() {
            return Err(vec![FieldError::new("password", "is required")]);
        }
        let auth = auth.clone();
        let on_done = {
            let auth = auth.clone();
            Callback::from(move |()| auth.end_session())
        };
        ask.emit(Confirmation {
            title: "Delete your account?".to_owned(),
            action: "Delete account",
            text: "You lose access to all workspaces. This cannot be undone.".to_owned(),
            on_confirm: Callback::from(move |()| auth.client().delete_account(&request)),
            on_done,
        });
        Ok(ApiRequest::from_future(async { Ok(()) }))
    });
    let mut passwords = vec![FormField::password("current_password", "Current password")];
    passwords.extend(FormField::new_password("new_password", "New password"));
    let confirmation =
        if has_password { vec![FormField::password("password", "Password")] } else { Vec::new() };
    html! {
        <>
            { panel("Account", "", Html::default(), html! { <>
                <dl class="facts"><div><dt>{ "E-mail" }</dt><dd>{ props.user.email.clone() }</dd></div></dl>
                <RequestForm id="profile" class="settings-form" fields={vec![name]} action="Save" done="Saved." on_submit={on_name} />
            </> }) }
            if has_password {
                { panel("Password", "", Html::default(), html! { <>
                    <p class="panel-lead muted">{ "A new password ends all your other login sessions." }</p>
                    <RequestForm id="password" class="settings-form" fields={passwords} action="Change password" done="Password changed." on_submit={on_password} />
                </> }) }
            }
            { panel("Delete account", "", Html::default(), html! { <>
                <p class="panel-lead muted">{ "Traces that you have sent stay in their workspaces." }</p>
                <RequestForm id="delete" class="settings-form" fields={confirmation} action="Delete account" button="danger" on_submit={on_delete} />
            </> }) }
            { dialog }
        </>
    }
}

//! The workspace: its name and id, a new one, and leaving it.

use shared::{
    access::Permission,
    auth::{TokenResponse, User},
    workspace::WorkspaceRequest,
};
use yew::prelude::*;

use crate::{
    account::{role_description, role_label},
    api::{ApiError, ApiRequest, Client},
    auth::{use_auth, use_enter_workspace},
    components::{
        confirm::{Confirmation, use_confirm},
        copy_button::CopyButton,
        panel::panel,
        request_form::{FormField, FormValues, RequestForm, checked},
    },
    hooks::Account,
};

/// Properties of [`WorkspaceSection`].
#[derive(Properties, PartialEq)]
pub struct WorkspaceSectionProps {
    /// The account.
    pub user: User,
}

/// Renders the section.
#[component]
pub fn WorkspaceSection(props: &WorkspaceSectionProps) -> Html {
    let auth = use_auth();
    let client = auth.client();
    let on_refresh = use_context::<Account>().map(|account| account.on_refresh).unwrap_or_default();
    let (ask, dialog) = use_confirm();
    let User { workspace_id, workspace_name, role, .. } = props.user.clone();
    let name = |value| FormField { value, ..FormField::text("name", "Name", "The name") };
    let on_enter = use_enter_workspace();
    let on_rename = {
        let client = client.clone();
        Callback::from(move |values: FormValues| {
            let request = WorkspaceRequest { name: values.text("name") };
            let on_refresh = on_refresh.clone();
            checked(request.validate(), || {
                client.update_workspace(workspace_id, &request).on_success(move |()| on_refresh.emit(()))
            })
        })
    };
    let on_create = {
        let (client, on_enter) = (client.clone(), on_enter.clone());
        Callback::from(move |values: FormValues| {
            let request = WorkspaceRequest { name: values.text("name") };
            let (client, on_enter) = (client.clone(), on_enter.clone());
            checked(request.validate(), || {
                let created = async move {
                    let workspace = client.create_workspace(&request).await?;
                    client.switch_workspace(workspace.id).await
                };
                ApiRequest::from_future(created).on_success(move |token| on_enter.emit(token))
            })
        })
    };
    let on_leave = {
        let user = props.user.clone();
        ask.reform(move |_: MouseEvent| {
            let (client, on_enter, auth) = (client.clone(), on_enter.clone(), auth.clone());
            let user = user.clone();
            Confirmation {
                title: format!("Leave “{}”?", user.workspace_name),
                action: "Leave workspace",
                text: "You need a new invitation to return. Your API keys with the scopes Read and Manage are revoked.".to_owned(),
                on_confirm: Callback::from(move |()| {
                    let (on_enter, auth) = (on_enter.clone(), auth.clone());
                    let left = ApiRequest::from_future(leave(client.clone(), user.clone()));
                    left.on_success(move |token| match token {
                        Some(token) => on_enter.emit(token),
                        None => auth.end_session(),
                    })
                }),
                on_done: Callback::noop(),
            }
        })
    };
    html! {
        <>
            { panel("Current workspace", "", Html::default(), html! { <>
                <dl class="facts">
                    if !role.permits(Permission::Administer) {
                        <div><dt>{ "Name" }</dt><dd>{ workspace_name.clone() }</dd></div>
                    }
                    <div><dt>{ "Your role" }</dt><dd>{ role_label(role) }<span class="muted">{ format!(" · {}", role_description(role)) }</span></dd></div>
                    <div><dt>{ "ID" }</dt><dd class="copied-fact"><span class="mono">{ workspace_id.to_string() }</span><CopyButton text={workspace_id.to_string()} name="workspace ID" /></dd></div>
                </dl>
                if role.permits(Permission::Administer) {
                    <RequestForm id="workspace" class="settings-form" fields={vec![name(workspace_name)]} action="Rename" done="Saved." on_submit={on_rename} />
                }
            </> }) }
            { panel("New workspace", "", Html::default(), html! { <>
                <p class="panel-lead muted">{ "Traces, alerts, members and keys of workspaces are separate. You can switch in the account menu." }</p>
                <RequestForm id="new-workspace" class="settings-form" fields={vec![name(String::new())]} action="Create workspace" on_submit={on_create} />
            </> }) }
            { panel("Leave workspace", "", html! {
                <button type="button" class="button small danger" onclick={on_leave}>{ "Leave workspace" }</button>
            }, html! {
                <p class="panel-lead muted">{ "The last owner cannot leave." }</p>
            }) }
            { dialog }
        </>
    }
}

/// Leaves the current workspace. Returns a token for another one, if there is one.
async fn leave(client: Client, user: User) -> Result<Option<TokenResponse>, ApiError> {
    let other = user.workspaces.iter().find(|workspace| workspace.id != user.workspace_id);
    // Afterwards, the current token is rejected.
    let token = match other {
        Some(other) => Some(client.switch_workspace(other.id).await?),
        None => None,
    };
    client.leave_workspace().await?;
    Ok(token)
}

//! Invitations: the form that creates one, its link, and the pending ones.

use shared::{
    access::Role,
    invitation::{CreateInvitationRequest, CreateInvitationResponse, Invitation},
    page::ItemList,
    ttl,
};
use yew::prelude::*;

use crate::{
    account::role_label,
    auth::use_client,
    components::{
        form_error::form_error,
        panel::panel,
        request_form::{FormField, FormValues, RequestForm, checked},
        secret::secret_box,
        table::{actions_head, column_heads, table},
        time::day,
    },
    hooks::{use_action, use_poll},
    intl,
};

/// The created invitation and its e-mail address.
type Created = (CreateInvitationResponse, Option<String>);

/// Loads and renders the invitations.
#[component]
pub fn Invitations() -> Html {
    let client = use_client();
    let pending = use_poll((), ttl::ALERTS, |client, ()| client.list_invitations());
    let created = use_state(|| None::<Created>);
    let on_change = {
        let (created, on_refresh) = (created.setter(), pending.on_refresh());
        Callback::from(move |new: Option<Created>| {
            created.set(new);
            on_refresh.emit(());
        })
    };
    let on_submit = {
        let (client, on_change) = (client.clone(), on_change.clone());
        Callback::from(move |values: FormValues| {
            let email = values.optional("email");
            let role = Role::parse(&values.text("role")).unwrap_or_default();
            let request = CreateInvitationRequest { role, email: email.clone() };
            let on_change = on_change.clone();
            checked(request.validate(), || {
                client.create_invitation(&request).on_success(move |new| on_change.emit(Some((new, email))))
            })
        })
    };
    // A revoked link must not be copied.
    let (send, error) = use_action(on_change.reform(|()| None));
    let revoke = move |id: String| {
        let client = client.clone();
        send.reform(move |_: MouseEvent| client.delete_invitation(&id))
    };
    let roles = [Role::Member, Role::Viewer, Role::Owner];
    let fields = vec![
        FormField {
            hint: "Only this address can accept. Empty: anyone with the link.",
            placeholder: "bob@example.com",
            kind: "email",
            ..FormField::text("email", "E-mail (optional)", "The e-mail")
        },
        FormField {
            value: Role::Member.as_str().to_owned(),
            choices: roles.map(|role| (role.as_str().into(), role_label(role).into())).to_vec(),
            ..FormField::text("role", "Role", "The role")
        },
    ];
    html! {
        <>
            { panel("Invite people", "", Html::default(), html! { <>
                <p class="panel-lead muted">{ "An invitation is a link, valid once and for 7 days." }</p>
                <RequestForm id="invite" class="invite-form" {fields} action="Create invitation" {on_submit} />
                if let Some((new, email)) = &*created { { link_box(new, email.as_deref()) } }
            </> }) }
            if let Some(list) = pending.data().filter(|list| !list.items.is_empty()) {
                { panel("Pending invitations", "", Html::default(), html! { <>
                    { form_error(error.as_deref()) }
                    { pending_table(&list, revoke) }
                </> }) }
            }
        </>
    }
}

/// Renders the link of a new invitation.
fn link_box(new: &CreateInvitationResponse, email: Option<&str>) -> Html {
    let text = match email.filter(|_| new.is_sent) {
        Some(email) => format!("The invitation was sent to {email}. You can also copy the link."),
        None => "Copy the link now and send it to the person. It is not shown again.".to_owned(),
    };
    // Without a public URL, the link is relative to this server.
    let origin = intl::window().location().origin().unwrap_or_default();
    let url = if new.url.starts_with('/') { format!("{origin}{}", new.url) } else { new.url.clone() };
    secret_box(html! { { text } }, &url, "link")
}

fn pending_table(list: &ItemList<Invitation>, revoke: impl Fn(String) -> Callback<MouseEvent>) -> Html {
    let row = |invitation: &Invitation| {
        let name = invitation.email.clone().unwrap_or_else(|| "Anyone with the link".to_owned());
        let label = format!("Revoke the invitation of {name}");
        html! {
            <tr key={invitation.id.to_string()}>
                <th scope="row"><span class="ellipsis">{ name }</span></th>
                <td data-label="Role">{ role_label(invitation.role) }</td>
                <td data-label="Expires">{ day(invitation.expires_at) }</td>
                <td class="cell-action"><button type="button" class="button small danger" onclick={revoke(invitation.id.to_string())} aria-label={label}>{ "Revoke" }</button></td>
            </tr>
        }
    };
    let heads = html! { <>{ column_heads(&["Invited", "Role", "Expires"], &[]) }{ actions_head() }</> };
    table("keys members", heads, list.items.iter().map(row).collect())
}

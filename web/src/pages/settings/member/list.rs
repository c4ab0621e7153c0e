//! The list of members, with their roles.

use shared::{access::Role, workspace::Member};
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    account::role_label,
    auth::use_client,
    components::{
        confirm::{Confirmation, use_confirm},
        form_error::form_error,
        table::{actions_head, column_heads, table},
        time::day,
    },
    event::on_select,
    hooks::use_action,
};

/// Properties of [`MemberList`].
#[derive(Properties, PartialEq)]
pub struct MemberListProps {
    /// The members.
    pub members: Vec<Member>,
    /// The account of the reader, who cannot change the own role.
    pub user_id: Uuid,
    /// Called when a member has changed.
    pub on_change: Callback<()>,
}

/// Renders the list.
#[component]
pub fn MemberList(props: &MemberListProps) -> Html {
    let client = use_client();
    let (send, error) = use_action(props.on_change.clone());
    let (ask, dialog) = use_confirm();
    let role_select = |member: &Member| {
        let (client, id) = (client.clone(), member.user_id);
        let on_role =
            send.reform(move |name: String| client.update_member(id, Role::parse(&name).unwrap_or_default()));
        html! {
            // A failed change must not leave the select at the new role: the key creates it again.
            <div key={error.clone().unwrap_or_default()} class="select">
                <select aria-label={format!("Role of {}", member.email)} onchange={on_select(&on_role)}>
                    for role in Role::ALL {
                        <option value={role.as_str()} selected={role == member.role}>{ role_label(role) }</option>
                    }
                </select>
            </div>
        }
    };
    let row = |member: &Member| {
        let is_self = member.user_id == props.user_id;
        let remove = {
            let (client, member, on_done) = (client.clone(), member.clone(), props.on_change.clone());
            ask.reform(move |_: MouseEvent| {
                let (client, id) = (client.clone(), member.user_id);
                Confirmation {
                    title: format!("Remove {}?", member.full_name),
                    action: "Remove",
                    text: format!(
                        "{} loses access to this workspace. API keys that only send traces stay valid.",
                        member.email
                    ),
                    on_confirm: Callback::from(move |()| client.delete_member(id)),
                    on_done: on_done.clone(),
                }
            })
        };
        html! {
            <tr key={member.user_id.to_string()}>
                <th scope="row">
                    <span class="ellipsis">{ member.full_name.clone() }{ if is_self { " (you)" } else { "" } }</span>
                    <span class="ellipsis muted">{ member.email.clone() }</span>
                </th>
                <td data-label="Role">
                    if is_self { { role_label(member.role) } } else { { role_select(member) } }
                </td>
                <td data-label="Joined">{ day(member.created_at) }</td>
                <td class="cell-action">
                    if !is_self {
                        <button type="button" class="button small danger" onclick={remove} aria-label={format!("Remove {}", member.email)}>{ "Remove" }</button>
                    }
                </td>
            </tr>
        }
    };
    let heads = html! { <>{ column_heads(&["Member", "Role", "Joined"], &[]) }{ actions_head() }</> };
    html! {
        <>
            { form_error(error.as_deref()) }
            { table("keys members", heads, props.members.iter().map(row).collect()) }
            { dialog }
        </>
    }
}

//! Members of the workspace, and invitations.

mod invitation;
mod list;

use shared::ttl;
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    components::{
        load::{skeleton_lines, view},
        panel::panel,
    },
    hooks::use_poll,
};
use invitation::Invitations;
use list::MemberList;

/// Properties of [`Members`].
#[derive(Properties, PartialEq)]
pub struct MembersProps {
    /// The account of the reader.
    pub user_id: Uuid,
}

/// Loads and renders the section.
#[component]
pub fn Members(props: &MembersProps) -> Html {
    let members = use_poll((), ttl::ALERTS, |client, ()| client.list_members());
    let (user_id, on_change) = (props.user_id, members.on_refresh());
    html! {
        <>
            <Invitations />
            { panel("Members", "", Html::default(), view(&members, skeleton_lines(3), |list| html! {
                <MemberList members={list.items.clone()} {user_id} {on_change} />
            })) }
        </>
    }
}

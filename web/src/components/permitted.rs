//! Hides actions that the role of the account does not permit.

use shared::access::Permission;
use yew::prelude::*;

pub use crate::hooks::Account;
use crate::hooks::use_permission;

/// Properties of [`Permitted`].
#[derive(Properties, PartialEq)]
pub struct PermittedProps {
    /// The permission that the action requires.
    #[prop_or(Permission::Manage)]
    pub to: Permission,
    /// The action.
    pub children: Html,
}

/// Renders its children if the role of the account has the permission.
#[component]
pub fn Permitted(props: &PermittedProps) -> Html {
    if use_permission(props.to) { props.children.clone() } else { Html::default() }
}

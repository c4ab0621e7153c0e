//! The account that is logged in, and what its role permits.

use std::rc::Rc;

use shared::{
    access::{Permission, Role},
    auth::User,
};
use yew::prelude::*;

use crate::api::ApiError;

/// The account that is logged in, as a context.
#[derive(Clone, PartialEq)]
pub struct Account {
    /// The account, once loaded.
    pub user: Option<Rc<User>>,
    /// The error of the last request, if it failed.
    pub error: Option<ApiError>,
    /// Loads the account again.
    pub on_refresh: Callback<()>,
}

/// Returns the role of the account in the current workspace, once loaded.
#[hook]
pub fn use_role() -> Option<Role> {
    Some(use_context::<Account>()?.user?.role)
}

/// Returns whether the role of the account has `permission`; false until the account is loaded.
#[hook]
pub fn use_permission(permission: Permission) -> bool {
    use_role().is_some_and(|role| role.permits(permission))
}

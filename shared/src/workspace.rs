//! Workspaces and their members.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, access::Role, auth::check_name, error::FieldError};

/// A workspace of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Workspace {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// The caller's role in it.
    pub role: Role,
}

/// The settings of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkspaceRequest {
    /// The name: 1 to 256 bytes without control characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
}

impl WorkspaceRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        FieldError::all([("name", check_name(&self.name))])
    }
}

/// The workspace to switch to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SwitchRequest {
    /// A workspace of the caller.
    pub workspace_id: Uuid,
}

/// A member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// The id of the account.
    pub user_id: Uuid,
    /// The e-mail address.
    pub email: String,
    /// The full name.
    pub full_name: String,
    /// The role.
    pub role: Role,
    /// When the person became a member.
    pub created_at: Timestamp,
}

/// A new role of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateMemberRequest {
    /// The role.
    pub role: Role,
}

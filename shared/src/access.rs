//! Roles of members, scopes of API keys, and what they permit. The API enforces this table, and the page hides what it
//! denies.

use serde::{Deserialize, Serialize};

/// What an operation requires of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Manage the caller's own account: any person, no API key.
    Account,
    /// Read data.
    Read,
    /// Send traces and scores.
    Send,
    /// Preview an alert rule.
    Preview,
    /// Change alert rules, channels and prices; acknowledge alerts, and test channels.
    Manage,
    /// List, create and revoke API keys: members only their own.
    Keys,
    /// Manage members, invitations and the workspace; read the audit log.
    Administer,
}

/// What a member of a workspace may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, including members and the workspace itself.
    Owner,
    /// Reads and sends data; changes alerts, channels and prices; creates API keys.
    Member,
    /// Reads data.
    #[default]
    Viewer,
}

/// What an API key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ApiKeyScope))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Send traces and scores.
    Ingest,
    /// Read data.
    Read,
    /// Read and send data; change alerts, channels and prices.
    Manage,
}

impl Role {
    /// All roles, the most powerful first.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Member, Self::Viewer];

    /// Returns the name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }

    /// Returns the role with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Returns whether members with this role have the permission.
    #[must_use]
    pub const fn permits(self, permission: Permission) -> bool {
        match permission {
            Permission::Account | Permission::Read | Permission::Preview => true,
            Permission::Send | Permission::Manage | Permission::Keys => !matches!(self, Self::Viewer),
            Permission::Administer => matches!(self, Self::Owner),
        }
    }
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Manage];

    /// Returns the name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Manage => "manage",
        }
    }

    /// Returns the scope with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// Returns whether keys with this scope have the permission.
    #[must_use]
    pub const fn permits(self, permission: Permission) -> bool {
        match permission {
            Permission::Read => matches!(self, Self::Read | Self::Manage),
            Permission::Send => matches!(self, Self::Ingest | Self::Manage),
            Permission::Preview | Permission::Manage => matches!(self, Self::Manage),
            Permission::Account | Permission::Keys | Permission::Administer => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).ok(), Some(role.as_str().into()));
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).ok(), Some(scope.as_str().into()));
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
    }
}

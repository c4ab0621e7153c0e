//! Labels of roles and scopes.

use shared::access::{Role, Scope};

/// Returns the label of a role.
#[must_use]
pub const fn role_label(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Member => "Member",
        Role::Viewer => "Viewer",
    }
}

/// Returns what a role permits.
#[must_use]
pub const fn role_description(role: Role) -> &'static str {
    match role {
        Role::Owner => "Full access, including members and the audit log.",
        Role::Member => "Reads data; manages alerts, channels, prices and own API keys.",
        Role::Viewer => "Reads data.",
    }
}

/// Returns the label of a scope.
#[must_use]
pub const fn scope_label(scope: Scope) -> &'static str {
    match scope {
        Scope::Ingest => "Ingest",
        Scope::Read => "Read",
        Scope::Manage => "Manage",
    }
}

/// Returns what a scope permits.
#[must_use]
pub const fn scope_description(scope: Scope) -> &'static str {
    match scope {
        Scope::Ingest => "Send traces and scores.",
        Scope::Read => "Read data, for scripts and Grafana.",
        Scope::Manage => "Read and send data; manage alerts, channels and prices.",
    }
}

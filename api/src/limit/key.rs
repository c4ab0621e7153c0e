//! All keys of limits in Redis.

use std::{fmt::Display, net::IpAddr};

use uuid::Uuid;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LimitKey {
    /// Requests of a workspace.
    Requests(Uuid),
    /// Failed logins of an e-mail (its hash).
    Email(u128),
    /// Failed logins from an address.
    Address(IpAddr),
    /// Registrations from an address.
    Registrations(IpAddr),
}

impl Display for LimitKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Requests(workspace_id) => write!(f, "limit:requests:{workspace_id}"),
            Self::Email(hash) => write!(f, "limit:login:email:{hash:032x}"),
            Self::Address(address) => write!(f, "limit:login:address:{address}"),
            Self::Registrations(address) => write!(f, "limit:registration:{address}"),
        }
    }
}

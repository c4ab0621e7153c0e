//! All keys of limits in Redis.

use std::{fmt::Display, net::IpAddr};

use uuid::Uuid;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LimitKey {
    /// Requests of the API keys of a workspace.
    Requests(Uuid),
    /// Requests of an API key with a limit of its own.
    Key(Uuid),
    /// Requests of a user.
    User(Uuid),
    /// Logouts, revocations and removals by a user.
    Revocations(Uuid),
    /// Failed logins of an e-mail from anywhere (its hash).
    Email(u128),
    /// Failed logins of an e-mail from one network (the hash of both).
    EmailAndNetwork(u128),
    /// E-mails to an address (its hash).
    Recipient(u128),
    /// E-mails of a workspace.
    Mails(Uuid),
    /// Failed logins from an address.
    Address(IpAddr),
    /// Registrations from an address.
    Registrations(IpAddr),
}

impl Display for LimitKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Requests(workspace_id) => write!(f, "limit:requests:{workspace_id}"),
            Self::Key(id) => write!(f, "limit:requests:key:{id}"),
            Self::User(id) => write!(f, "limit:requests:user:{id}"),
            Self::Revocations(id) => write!(f, "limit:revocations:{id}"),
            Self::Email(hash) => write!(f, "limit:login:email:{hash:032x}"),
            Self::EmailAndNetwork(hash) => write!(f, "limit:login:network:{hash:032x}"),
            Self::Recipient(hash) => write!(f, "limit:mail:to:{hash:032x}"),
            Self::Mails(workspace_id) => write!(f, "limit:mail:from:{workspace_id}"),
            Self::Address(address) => write!(f, "limit:login:address:{address}"),
            Self::Registrations(address) => write!(f, "limit:registration:{address}"),
        }
    }
}

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
    /// Failed logins from an address.
    Address(IpAddr),
    /// Registrations from an address.
    Registrations(IpAddr),
    /// E-mails of a workspace to recipients of its channels.
    EmailsOf(Uuid),
    /// E-mails to a recipient (the hash of its address).
    EmailsTo(u128),
    /// Links by which recipients of a workspace confirm.
    LinksOf(Uuid),
    /// Links by which a recipient (the hash of its address) confirms.
    LinksTo(u128),
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
            Self::Address(address) => write!(f, "limit:login:address:{address}"),
            Self::Registrations(address) => write!(f, "limit:registration:{address}"),
            Self::EmailsOf(workspace_id) => write!(f, "limit:email:workspace:{workspace_id}"),
            Self::EmailsTo(hash) => write!(f, "limit:email:recipient:{hash:032x}"),
            Self::LinksOf(workspace_id) => write!(f, "limit:link:workspace:{workspace_id}"),
            Self::LinksTo(hash) => write!(f, "limit:link:recipient:{hash:032x}"),
        }
    }
}

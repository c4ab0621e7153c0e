//! The sections of the settings, each with its own address.

use std::{fmt, str::FromStr};

use shared::access::Permission;

/// A section of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The account: name, password, deletion.
    Profile,
    /// The login sessions of the account.
    Sessions,
    /// The workspace: name, a new one, leaving it.
    Workspace,
    /// Members and invitations.
    Members,
    /// API keys.
    Keys,
    /// Alert channels.
    Channels,
    /// Model prices.
    Prices,
    /// The audit log.
    Audit,
}

impl Section {
    /// The sections of the account.
    pub const ACCOUNT: [Self; 2] = [Self::Profile, Self::Sessions];
    /// The sections of the workspace.
    pub const WORKSPACE: [Self; 6] =
        [Self::Workspace, Self::Members, Self::Keys, Self::Channels, Self::Prices, Self::Audit];

    /// Returns the name in the address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Sessions => "sessions",
            Self::Workspace => "workspace",
            Self::Members => "members",
            Self::Keys => "keys",
            Self::Channels => "channels",
            Self::Prices => "prices",
            Self::Audit => "audit",
        }
    }

    /// Returns the title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Profile => "Profile",
            Self::Sessions => "Login sessions",
            Self::Workspace => "Workspace",
            Self::Members => "Members",
            Self::Keys => "API keys",
            Self::Channels => "Alert channels",
            Self::Prices => "Model prices",
            Self::Audit => "Audit log",
        }
    }

    /// Returns the permission that the section requires.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::Profile | Self::Sessions | Self::Workspace => Permission::Account,
            Self::Channels | Self::Prices => Permission::Read,
            Self::Keys => Permission::Keys,
            Self::Members | Self::Audit => Permission::Administer,
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Section {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let mut all = Self::ACCOUNT.into_iter().chain(Self::WORKSPACE);
        all.find(|section| section.as_str() == name).ok_or(())
    }
}

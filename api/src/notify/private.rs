//! The private networks and hosts that webhooks may call (`WEBHOOK_ALLOW_PRIVATE`).

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

use super::address::{private_kind, without_translation};

/// The private targets that webhooks may call; by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivateTargets {
    all: bool,
    networks: Vec<IpNet>,
    /// In lower case, without a dot at the end.
    hosts: Vec<String>,
}

impl PrivateTargets {
    /// Returns all private targets.
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Returns why an address must not be called: what kind of private address it is.
    #[must_use]
    pub fn rejects(&self, address: IpAddr) -> Option<&'static str> {
        let plain = without_translation(address);
        let is_allowed = self.all || self.networks.iter().any(|network| network.contains(&plain));
        private_kind(address).filter(|_| !is_allowed)
    }

    /// Returns whether all addresses of a host name may be called.
    #[must_use]
    pub fn allows_host(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        self.all || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }

    /// Returns whether a name of a private network may be resolved: it may have an address in an allowed network.
    #[must_use]
    pub fn may_resolve(&self, name: &str) -> bool {
        !self.networks.is_empty() || self.allows_host(name)
    }
}

/// Parses `true`, `false`, or networks, addresses and host names, separated by commas.
impl FromStr for PrivateTargets {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "true" => return Ok(Self::all()),
            "false" => return Ok(Self::default()),
            _ => {}
        }
        let mut targets = Self::default();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if let Ok(network) = item.parse() {
                targets.networks.push(network);
            } else if let Ok(address) = item.parse::<IpAddr>() {
                targets.networks.push(address.into());
            } else if is_host_name(item) {
                targets.hosts.push(item.trim_end_matches('.').to_ascii_lowercase());
            } else {
                return Err(());
            }
        }
        Ok(targets)
    }
}

/// Returns whether a text is a host name. `yes`, `*` and names that end with a number, such as `10.0.0` or `0x7f.1`, are
/// mistakes.
fn is_host_name(text: &str) -> bool {
    let name = text.trim_end_matches('.');
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_word =
        ["yes", "no", "on", "off", "all", "none"].iter().any(|word| name.eq_ignore_ascii_case(word));
    name.split('.').all(is_label) && !last.starts_with(|char: char| char.is_ascii_digit()) && !is_word
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn rejects(targets: &PrivateTargets, address: &str) -> bool {
        targets.rejects(address.parse().unwrap()).is_some()
    }

    #[test]
    fn a_list_allows_its_networks_and_hosts_and_nothing_else() {
        let targets: PrivateTargets = "10.0.0.0/8, 192.168.1.7,fd00::/8, Hooks.Internal.".parse().unwrap();
        for allowed in
            ["10.1.2.3", "192.168.1.7", "fd00::1", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "8.8.8.8"]
        {
            assert!(!rejects(&targets, allowed), "{allowed}");
        }
        for rejected in ["127.0.0.1", "192.168.1.8", "169.254.169.254", "::1", "::ffff:127.0.0.1"] {
            assert!(rejects(&targets, rejected), "{rejected}");
        }
        assert!(targets.allows_host("hooks.internal") && targets.allows_host("HOOKS.internal."));
        assert!(!targets.allows_host("a.hooks.internal") && !targets.allows_host("localhost"));
    }

    #[test]
    fn true_and_false_allow_all_and_none() {
        for (text, allows) in [("true", true), ("TRUE", true), ("false", false), ("False", false)] {
            let targets: PrivateTargets = text.parse().unwrap();
            assert_eq!(targets.allows_host("localhost"), allows, "{text}");
            assert_eq!(!rejects(&targets, "127.0.0.1"), allows, "{text}");
        }
        for mistake in
            ["yes", "*", "10.0.0", "10.0.0.0/99", "http://hooks", "a b", "0x7f.1", "hooks,*", "none"]
        {
            assert_eq!(mistake.parse::<PrivateTargets>(), Err(()), "{mistake}");
        }
    }
}

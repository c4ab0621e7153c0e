//! What a name stands for, without addresses that must not be reached. Whoever connects does so to the addresses that were
//! looked at in here, and to no others: a name that means something else a moment later changes nothing.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{address::why_private, host::ALLOW};

/// A name that stands for private addresses alone.
#[derive(Debug, thiserror::Error)]
#[error("{name} is at {address}, {why}: {ALLOW}")]
pub(super) struct PrivateAddress {
    name: String,
    address: IpAddr,
    why: &'static str,
}

/// The system's resolver, less what it finds in private networks.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let addresses: Addrs = Box::new(reachable(name.as_str(), found, allow_private)?.into_iter());
            Ok(addresses)
        })
    }
}

fn reachable(
    name: &str,
    found: Vec<SocketAddr>,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, PrivateAddress> {
    if allow_private {
        return Ok(found);
    }
    let mut refused = None;
    let mut public = Vec::with_capacity(found.len());
    for address in found {
        match why_private(address.ip()) {
            None => public.push(address),
            Some(why) => {
                refused = Some(PrivateAddress { name: name.to_owned(), address: address.ip(), why });
            }
        }
    }
    match refused {
        Some(refused) if public.is_empty() => Err(refused),
        _ => Ok(public),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn of_a_names_addresses_only_the_public_ones_are_left() {
        let mixed = addresses(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1"]);
        let public = addresses(&["8.8.8.8", "2606:4700::1"]);
        assert_eq!(reachable("a.example", mixed.clone(), false).unwrap(), public);
        assert_eq!(reachable("a.example", mixed.clone(), true).unwrap(), mixed);
        assert_eq!(reachable("a.example", Vec::new(), false).unwrap(), []);
    }

    #[test]
    fn a_name_without_a_public_address_is_refused_with_what_it_stands_for() {
        let error = reachable("a.example", addresses(&["127.0.0.1"]), false).unwrap_err().to_string();
        assert!(error.starts_with("a.example is at 127.0.0.1, a loopback address: "), "{error}");
    }
}

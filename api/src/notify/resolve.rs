//! A DNS resolver that removes private addresses. The client connects only to addresses that were checked here, so a name
//! that resolves to another address a moment later (DNS rebinding) has no effect.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{address::private_kind, host::HINT};

/// A name resolves only to private addresses.
#[derive(Debug, thiserror::Error)]
#[error("{name} resolves to {address}, {why}; {HINT}")]
pub(super) struct PrivateAddress {
    name: String,
    address: IpAddr,
    why: &'static str,
}

/// The resolver of the system, without private addresses.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let addresses: Addrs = Box::new(allowed(name.as_str(), found, allow_private)?.into_iter());
            Ok(addresses)
        })
    }
}

fn allowed(
    name: &str,
    found: Vec<SocketAddr>,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, PrivateAddress> {
    if allow_private {
        return Ok(found);
    }
    let mut private = None;
    let mut public = Vec::with_capacity(found.len());
    for address in found {
        match private_kind(address.ip()) {
            None => public.push(address),
            Some(why) => {
                private = Some(PrivateAddress { name: name.to_owned(), address: address.ip(), why });
            }
        }
    }
    match private {
        Some(private) if public.is_empty() => Err(private),
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
    fn removes_private_addresses_of_a_name() {
        let mixed = addresses(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1"]);
        let public = addresses(&["8.8.8.8", "2606:4700::1"]);
        assert_eq!(allowed("a.example", mixed.clone(), false).unwrap(), public);
        assert_eq!(allowed("a.example", mixed.clone(), true).unwrap(), mixed);
        assert_eq!(allowed("a.example", Vec::new(), false).unwrap(), []);
    }

    #[test]
    fn rejects_a_name_without_a_public_address() {
        let error = allowed("a.example", addresses(&["127.0.0.1"]), false).unwrap_err().to_string();
        assert!(error.starts_with("a.example resolves to 127.0.0.1, a loopback address; "), "{error}");
    }
}

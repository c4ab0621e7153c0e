//! A DNS resolver that removes private addresses. The client connects only to addresses that were checked here, so a name
//! that resolves to another address a moment later (DNS rebinding) has no effect.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{host::HINT, private::PrivateTargets};

/// A name resolves only to private addresses.
#[derive(Debug, thiserror::Error)]
#[error("{name} resolves to {address}, {why}; {HINT}")]
pub(super) struct PrivateAddress {
    name: String,
    address: IpAddr,
    why: &'static str,
}

/// The resolver of the system, without private addresses that are not allowed.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) private: Arc<PrivateTargets>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private = Arc::clone(&self.private);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let addresses: Addrs = Box::new(allowed(name.as_str(), found, &private)?.into_iter());
            Ok(addresses)
        })
    }
}

fn allowed(
    name: &str,
    found: Vec<SocketAddr>,
    targets: &PrivateTargets,
) -> Result<Vec<SocketAddr>, PrivateAddress> {
    if targets.allows_host(name) {
        return Ok(found);
    }
    let mut private = None;
    let mut public = Vec::with_capacity(found.len());
    for address in found {
        match targets.rejects(address.ip()) {
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
        assert_eq!(allowed("a.example", mixed.clone(), &PrivateTargets::default()).unwrap(), public);
        assert_eq!(allowed("a.example", mixed.clone(), &PrivateTargets::all()).unwrap(), mixed);
        let targets = "10.0.0.0/8,b.example".parse().unwrap();
        let found = allowed("a.example", mixed.clone(), &targets).unwrap();
        assert_eq!(found, addresses(&["10.0.0.1", "8.8.8.8", "2606:4700::1"]));
        assert_eq!(allowed("b.example", mixed.clone(), &targets).unwrap(), mixed);
        assert_eq!(allowed("a.example", Vec::new(), &PrivateTargets::default()).unwrap(), []);
    }

    #[test]
    fn rejects_a_name_without_a_public_address() {
        let error = allowed("a.example", addresses(&["127.0.0.1"]), &PrivateTargets::default())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("a.example resolves to 127.0.0.1, a loopback address; "), "{error}");
    }
}

//! Limits the connections of one client, so that it cannot use all of them.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{gateway::address::TrustedProxies, limit::network, telemetry::log::LogThrottle};

/// Counts the open connections per address. Clones share the counts.
#[derive(Clone, Debug)]
pub(super) struct ConnectionLimit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// 0 for no limit.
    max: usize,
    exempt: TrustedProxies,
    /// Only addresses with open connections.
    open: Mutex<HashMap<IpAddr, usize>>,
    log: LogThrottle,
}

/// The address has the maximum number of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooManyConnections;

/// A counted connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    limit: ConnectionLimit,
    address: IpAddr,
}

impl ConnectionLimit {
    /// Allows `max` connections per address, and any number from trusted proxies, which connect for many clients.
    pub(super) fn new(max: usize, exempt: TrustedProxies) -> Self {
        Self(Arc::new(Inner { max, exempt, open: Mutex::default(), log: LogThrottle::default() }))
    }

    /// Counts a connection; returns `None` if it is not limited.
    pub(super) fn admit(&self, peer: SocketAddr) -> Result<Option<Permit>, TooManyConnections> {
        let address = peer.ip().to_canonical();
        if self.0.max == 0 || self.0.exempt.trusts(address) {
            return Ok(None);
        }
        let address = network(address);
        let mut open = self.open();
        let count = open.entry(address).or_default();
        if *count >= self.0.max {
            drop(open);
            let max = self.0.max;
            self.0.log.log(|| tracing::warn!(client.address = %address, max, "connection limit exceeded"));
            return Err(TooManyConnections);
        }
        *count += 1;
        drop(open);
        Ok(Some(Permit { limit: self.clone(), address }))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.limit.open().entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn admit(limit: &ConnectionLimit, address: &str) -> Result<Option<Permit>, TooManyConnections> {
        limit.admit(SocketAddr::new(address.parse().unwrap(), 1))
    }

    #[test]
    fn an_address_has_at_most_the_maximum_number_of_connections() {
        let limit = ConnectionLimit::new(2, TrustedProxies::default());
        let first = admit(&limit, "192.0.2.1").unwrap();
        let _second = admit(&limit, "::ffff:192.0.2.1").unwrap();
        assert_eq!(admit(&limit, "192.0.2.1").unwrap_err(), TooManyConnections);
        assert!(admit(&limit, "192.0.2.2").is_ok());
        drop(first);
        assert!(admit(&limit, "192.0.2.1").is_ok());
    }

    #[test]
    fn closed_connections_are_forgotten() {
        let limit = ConnectionLimit::new(2, TrustedProxies::default());
        drop((admit(&limit, "192.0.2.1"), admit(&limit, "192.0.2.1"), admit(&limit, "2001:db8::1")));
        assert!(limit.open().is_empty());
    }

    #[test]
    fn trusted_proxies_are_exempt_and_zero_is_no_limit() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        for (limit, address) in [
            (ConnectionLimit::new(1, proxies), "10.1.2.3"),
            (ConnectionLimit::new(0, TrustedProxies::default()), "192.0.2.1"),
        ] {
            let permits: Vec<_> = (0..9).map(|_| admit(&limit, address)).collect();
            assert!(permits.iter().all(|permit| matches!(permit, Ok(None))), "{permits:?}");
        }
    }
}

//! Limits of login attempts and registrations. An attempt counts from its start and is refunded unless it fails; if
//! it counted only at its end, a thousand concurrent guesses would all start within the limit.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use sha2::{Digest, Sha256};
use shared::Timestamp;
use store::account::normalize_email;

use super::{engine::Window, key::LimitKey, redis::RedisWindow, window::Decision};
use crate::{clock::Clock, redis::Redis, telemetry::metrics::Metrics};

/// The maximum number of failed logins of an e-mail from one network in [`LOGIN_WINDOW`]. Others cannot lock out the owner.
const FAILURES_PER_EMAIL_AND_NETWORK: u32 = 10;
/// The maximum number of failed logins of an e-mail from all networks in [`LOGIN_WINDOW`].
const FAILURES_PER_EMAIL: u32 = 200;
/// The maximum number of failed logins from an address in [`LOGIN_WINDOW`].
const FAILURES_PER_ADDRESS: u32 = 50;
const LOGIN_WINDOW: Duration = Duration::from_secs(15 * 60);
/// The maximum number of registrations from an address in [`REGISTRATION_WINDOW`].
const REGISTRATIONS: u32 = 20;
const REGISTRATION_WINDOW: Duration = Duration::from_secs(60 * 60);

/// Counts failed logins per e-mail and network, per e-mail and per address, and registrations per address. Clones share their counts.
#[derive(Clone, Debug)]
pub struct LoginLimit(Arc<Windows>);

#[derive(Debug)]
struct Windows {
    networks: Window,
    emails: Window,
    addresses: Window,
    registrations: Window,
}

/// A login in progress. Dropping it without an outcome (the client disconnected, the database failed) refunds it,
/// because the client did not learn whether the password was right.
#[derive(Debug)]
#[must_use = "dropping an attempt refunds it"]
pub struct Attempt {
    windows: Arc<Windows>,
    network: LimitKey,
    email: LimitKey,
    address: LimitKey,
    settled: bool,
}

impl LoginLimit {
    /// Creates limits counted in this process: in 15 minutes 10 failed logins per e-mail and network, 200 per e-mail and 50
    /// per address, and 20 registrations per address in an hour.
    #[must_use]
    pub fn memory(clock: &Clock) -> Self {
        Self::new(|limit, window| Window::memory(limit, window, clock.clone()))
    }

    /// Creates the same limits, counted in Redis for all processes; in this process while Redis is unavailable.
    #[must_use]
    pub fn redis(redis: &Redis, clock: &Clock, metrics: &Metrics) -> Self {
        Self::new(|limit, window| {
            Window::Redis(RedisWindow::new(redis.clone(), limit, window, clock.clone(), metrics.clone()))
        })
    }

    fn new(window: impl Fn(u32, Duration) -> Window) -> Self {
        Self(Arc::new(Windows {
            networks: window(FAILURES_PER_EMAIL_AND_NETWORK, LOGIN_WINDOW),
            emails: window(FAILURES_PER_EMAIL, LOGIN_WINDOW),
            addresses: window(FAILURES_PER_ADDRESS, LOGIN_WINDOW),
            registrations: window(REGISTRATIONS, REGISTRATION_WINDOW),
        }))
    }

    /// Starts a login. Call this before verifying the password. `unlocked` is when the operator last unlocked the account:
    /// earlier failures do not count.
    ///
    /// # Errors
    /// Returns how long to wait if the e-mail or the address has failed too often; the same for unknown e-mails.
    pub async fn attempt(
        &self,
        email: &str,
        unlocked: Option<Timestamp>,
        address: IpAddr,
    ) -> Result<Attempt, Duration> {
        let network = network(address);
        let unlocked = unlocked.map_or_else(String::new, |at| at.as_micros().to_string());
        let mut attempt = Attempt {
            windows: Arc::clone(&self.0),
            network: LimitKey::EmailAndNetwork(hash(&[email, &unlocked, &network.to_string()])),
            email: LimitKey::Email(hash(&[email, &unlocked])),
            address: LimitKey::Address(network),
            settled: true,
        };
        let windows = &self.0;
        pass(windows.addresses.check(&attempt.address).await)?;
        if let Err(wait) = pass(windows.networks.check(&attempt.network).await) {
            windows.addresses.refund(&attempt.address).await;
            return Err(wait);
        }
        if let Err(wait) = pass(windows.emails.check(&attempt.email).await) {
            windows.addresses.refund(&attempt.address).await;
            windows.networks.refund(&attempt.network).await;
            return Err(wait);
        }
        attempt.settled = false;
        Ok(attempt)
    }

    /// Counts a registration, whatever its outcome: registrations reveal which e-mails are taken.
    ///
    /// # Errors
    /// Returns how long to wait if the address has registered too often.
    pub async fn register(&self, address: IpAddr) -> Result<(), Duration> {
        pass(self.0.registrations.check(&LimitKey::Registrations(network(address))).await)
    }
}

impl Attempt {
    /// Records a failure: a wrong password or an unknown account.
    pub fn failed(mut self) {
        self.settled = true;
    }

    /// Records a success and clears the failures of the e-mail, but not those of the address: otherwise the owner of
    /// one account could guess the passwords of others without a limit.
    pub async fn succeeded(mut self) {
        self.settled = true;
        self.windows.networks.clear(&self.network).await;
        self.windows.emails.clear(&self.email).await;
        self.windows.addresses.refund(&self.address).await;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.settled {
            self.windows.networks.refund_detached(self.network);
            self.windows.emails.refund_detached(self.email);
            self.windows.addresses.refund_detached(self.address);
        }
    }
}

/// Hashes an e-mail and further parts, so that counts have a fixed size. The hash is the same in every process.
pub(super) fn hash(parts: &[&str]) -> u128 {
    let mut digest = Sha256::new();
    for (index, part) in parts.iter().enumerate() {
        digest.update(if index == 0 { normalize_email(part) } else { (*part).to_owned() });
        digest.update([0]);
    }
    digest.finalize().iter().take(size_of::<u128>()).fold(0, |hash, &byte| hash << 8 | u128::from(byte))
}

fn pass(decision: Decision) -> Result<(), Duration> {
    if decision.allowed { Ok(()) } else { Err(decision.reset) }
}

/// Returns the network that a customer of a provider typically owns: one IPv4 address, or a /64 of IPv6.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const ADA: &str = "ada@example.com";

    fn limit() -> (LoginLimit, Clock) {
        let clock = Clock::manual(Timestamp::EPOCH + Duration::from_secs(3600));
        (LoginLimit::memory(&clock), clock)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test]
    async fn rejects_the_eleventh_guess_at_an_email_from_a_network_in_any_spelling() {
        let (limit, clock) = limit();
        for guess in 0..10 {
            let email = if guess % 2 == 0 { ADA } else { " Ada@Example.COM" };
            limit.attempt(email, None, address(1)).await.unwrap().failed();
        }
        let wait = limit.attempt(ADA, None, address(1)).await.unwrap_err();
        assert!(limit.attempt("bob@example.com", None, address(1)).await.is_ok());
        assert!(limit.attempt(ADA, None, address(2)).await.is_ok(), "the owner elsewhere");
        clock.advance(wait);
        assert!(limit.attempt(ADA, None, address(1)).await.is_ok());
    }

    #[tokio::test]
    async fn guesses_from_many_networks_are_limited_until_the_operator_unlocks_the_account() {
        let (limit, clock) = limit();
        for guess in 0..200 {
            limit.attempt(ADA, None, address(guess)).await.unwrap().failed();
        }
        assert!(limit.attempt(ADA, None, address(250)).await.is_err());
        assert!(limit.attempt(ADA, Some(clock.now()), address(250)).await.is_ok());
    }

    #[tokio::test]
    async fn rejects_the_fifty_first_guess_from_an_address_for_any_email() {
        let (limit, _) = limit();
        for guess in 0..50 {
            limit.attempt(&format!("user{guess}@example.com"), None, address(1)).await.unwrap().failed();
        }
        assert!(limit.attempt("new@example.com", None, address(1)).await.is_err());
        assert!(limit.attempt("new@example.com", None, address(2)).await.is_ok());
    }

    #[tokio::test]
    async fn concurrent_guesses_cannot_exceed_the_limit() {
        let (limit, _) = limit();
        let mut under_way = Vec::new();
        for _ in 0..100 {
            under_way.extend(limit.attempt(ADA, None, address(1)).await);
        }
        assert_eq!(under_way.len(), 10);
        drop(under_way);
        let mut failed = 0;
        for _ in 0..100 {
            failed += usize::from(limit.attempt(ADA, None, address(1)).await.map(Attempt::failed).is_ok());
        }
        assert_eq!(failed, 10);
    }

    #[tokio::test]
    async fn a_successful_login_clears_the_email_but_not_the_address() {
        let (limit, _) = limit();
        for _ in 0..5 {
            for _ in 0..9 {
                limit.attempt(ADA, None, address(1)).await.unwrap().failed();
            }
            limit.attempt(ADA, None, address(1)).await.unwrap().succeeded().await;
        }
        for _ in 0..5 {
            limit.attempt(ADA, None, address(1)).await.unwrap().failed();
        }
        assert!(limit.attempt(ADA, None, address(1)).await.is_err(), "50 failures from this address");
        assert!(limit.attempt(ADA, None, address(2)).await.is_ok(), "5 failures of this e-mail");
    }

    #[tokio::test]
    async fn successful_logins_do_not_count() {
        let (limit, _) = limit();
        for _ in 0..1000 {
            limit.attempt(ADA, None, address(1)).await.unwrap().succeeded().await;
        }
    }

    #[tokio::test]
    async fn a_rejected_guess_does_not_count_against_the_address() {
        let (limit, _) = limit();
        for _ in 0..10 {
            limit.attempt(ADA, None, address(1)).await.unwrap().failed();
        }
        for _ in 0..100 {
            assert!(limit.attempt(ADA, None, address(1)).await.is_err());
        }
        for guess in 0..40 {
            limit.attempt(&format!("user{guess}@example.com"), None, address(1)).await.unwrap().failed();
        }
    }

    #[tokio::test]
    async fn an_ipv6_network_counts_as_one_address() {
        let (limit, _) = limit();
        let from = |host: u128| IpAddr::from(Ipv6Addr::from_bits((0x2001_0db8 << 96) | host));
        for host in 0..20 {
            limit.register(from(host)).await.unwrap();
        }
        assert!(limit.register(from(1 << 63)).await.is_err());
        assert!(limit.register(from(1 << 64)).await.is_ok());
        let mapped = |last| IpAddr::from(std::net::Ipv4Addr::new(192, 0, 2, last).to_ipv6_mapped());
        for _ in 0..20 {
            limit.register(mapped(7)).await.unwrap();
        }
        assert!(limit.register(address(7)).await.is_err());
        assert!(limit.register(mapped(8)).await.is_ok());
    }

    #[tokio::test]
    async fn rejects_the_twenty_first_registration_from_an_address() {
        let (limit, clock) = limit();
        for _ in 0..20 {
            limit.register(address(1)).await.unwrap();
        }
        let wait = limit.register(address(1)).await.unwrap_err();
        assert!(limit.register(address(2)).await.is_ok());
        clock.advance(wait);
        assert!(limit.register(address(1)).await.is_ok());
    }
}

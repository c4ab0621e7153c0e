//! How often a password may be tried and an account be made. An attempt counts from its start and is taken back when it
//! turns out not to be a failure: were it counted at its end, a thousand guesses at once would all begin within the limit.

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use super::window::{Decision, SlidingWindow};
use crate::{clock::Clock, store::account::normal_email};

/// Failed logins of one e-mail in [`LOGIN_WINDOW`].
const PER_EMAIL: u32 = 10;
/// Failed logins from one address in [`LOGIN_WINDOW`].
const PER_ADDRESS: u32 = 50;
const LOGIN_WINDOW: Duration = Duration::from_secs(15 * 60);
/// Registrations from one address in [`REGISTRATION_WINDOW`].
const REGISTRATIONS: u32 = 20;
const REGISTRATION_WINDOW: Duration = Duration::from_secs(60 * 60);

/// Counts failed logins per e-mail and per address, and registrations per address.
#[derive(Debug)]
pub struct LoginLimit {
    /// By a hash of the e-mail: what a stranger typed need not be kept, however long it is.
    emails: SlidingWindow<u64>,
    addresses: SlidingWindow<IpAddr>,
    registrations: SlidingWindow<IpAddr>,
    hasher: RandomState,
}

/// A login under way. Dropped without an outcome (the caller hung up, the database failed) it counts for nothing: nobody
/// learned whether the password was right.
#[derive(Debug)]
#[must_use = "dropping an attempt takes it back"]
pub struct Attempt<'a> {
    limit: &'a LoginLimit,
    email: u64,
    address: IpAddr,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Unknown,
    Failed,
    Succeeded,
}

impl LoginLimit {
    /// 10 failed logins of an e-mail and 50 from an address in a quarter of an hour; 20 registrations from an address in an
    /// hour.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            emails: SlidingWindow::new(PER_EMAIL, LOGIN_WINDOW, clock.clone()),
            addresses: SlidingWindow::new(PER_ADDRESS, LOGIN_WINDOW, clock.clone()),
            registrations: SlidingWindow::new(REGISTRATIONS, REGISTRATION_WINDOW, clock),
            hasher: RandomState::new(),
        }
    }

    /// Begins a login: to be called before the password is looked at.
    ///
    /// # Errors
    /// How long to wait, where the e-mail or the address has failed too often. The same for e-mails that nobody has.
    pub fn attempt(&self, email: &str, address: IpAddr) -> Result<Attempt<'_>, Duration> {
        let (email, address) = (self.hasher.hash_one(normal_email(email)), network(address));
        pass(self.addresses.check(&address))?;
        pass(self.emails.check(&email)).inspect_err(|_| self.addresses.refund(&address))?;
        Ok(Attempt { limit: self, email, address, outcome: Outcome::Unknown })
    }

    /// Counts a registration, whatever becomes of it: taken e-mails are found out this way.
    ///
    /// # Errors
    /// How long to wait, where the address has registered too often.
    pub fn register(&self, address: IpAddr) -> Result<(), Duration> {
        pass(self.registrations.check(&network(address)))
    }
}

impl Attempt<'_> {
    /// The password was wrong, or the user unknown.
    pub fn failed(mut self) {
        self.outcome = Outcome::Failed;
    }

    /// The password was right: the e-mail's failures are forgotten. The address's are not, or whoever has one account could
    /// guess at others for ever.
    pub fn succeeded(mut self) {
        self.outcome = Outcome::Succeeded;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        match self.outcome {
            Outcome::Failed => {}
            Outcome::Unknown => {
                self.limit.emails.refund(&self.email);
                self.limit.addresses.refund(&self.address);
            }
            Outcome::Succeeded => {
                self.limit.emails.clear(&self.email);
                self.limit.addresses.refund(&self.address);
            }
        }
    }
}

fn pass(decision: Decision) -> Result<(), Duration> {
    if decision.allowed { Ok(()) } else { Err(decision.reset) }
}

/// What one customer of a provider has: one IPv4 address, or a /64 of IPv6, within which changing one's address is free.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use shared::Timestamp;

    use super::*;

    const ADA: &str = "ada@example.com";

    fn limit() -> (LoginLimit, Clock) {
        let clock = Clock::manual(Timestamp::EPOCH + Duration::from_secs(3600));
        (LoginLimit::new(clock.clone()), clock)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_eleventh_guess_at_an_email_waits_from_whatever_address_and_in_whatever_spelling() {
        let (limit, clock) = limit();
        for guess in 0..10 {
            let email = if guess % 2 == 0 { ADA } else { " Ada@Example.COM" };
            limit.attempt(email, address(guess)).unwrap().failed();
        }
        let wait = limit.attempt(ADA, address(99)).unwrap_err();
        assert!(limit.attempt("bob@example.com", address(99)).is_ok());
        clock.advance(wait);
        assert!(limit.attempt(ADA, address(99)).is_ok());
    }

    #[test]
    fn the_fifty_first_guess_from_an_address_waits_whatever_the_email() {
        let (limit, _) = limit();
        for guess in 0..50 {
            limit.attempt(&format!("user{guess}@example.com"), address(1)).unwrap().failed();
        }
        assert!(limit.attempt("new@example.com", address(1)).is_err());
        assert!(limit.attempt("new@example.com", address(2)).is_ok());
    }

    #[test]
    fn guesses_at_once_cannot_begin_beyond_the_limit() {
        let (limit, _) = limit();
        let under_way: Vec<_> = (0..100).filter_map(|_| limit.attempt(ADA, address(1)).ok()).collect();
        assert_eq!(under_way.len(), 10);
        drop(under_way);
        assert_eq!(
            (0..100).filter_map(|_| limit.attempt(ADA, address(1)).ok()).map(Attempt::failed).count(),
            10
        );
    }

    #[test]
    fn a_right_password_clears_the_email_and_not_the_address() {
        let (limit, _) = limit();
        for _ in 0..5 {
            for _ in 0..9 {
                limit.attempt(ADA, address(1)).unwrap().failed();
            }
            limit.attempt(ADA, address(1)).unwrap().succeeded();
        }
        for _ in 0..5 {
            limit.attempt(ADA, address(1)).unwrap().failed();
        }
        assert!(limit.attempt(ADA, address(1)).is_err(), "50 failures from this address");
        assert!(limit.attempt(ADA, address(2)).is_ok(), "5 failures of this e-mail");
    }

    #[test]
    fn successes_never_use_the_limit_up() {
        let (limit, _) = limit();
        for _ in 0..1000 {
            limit.attempt(ADA, address(1)).unwrap().succeeded();
        }
    }

    #[test]
    fn a_refused_guess_does_not_count_against_the_address() {
        let (limit, _) = limit();
        for _ in 0..10 {
            limit.attempt(ADA, address(1)).unwrap().failed();
        }
        for _ in 0..100 {
            assert!(limit.attempt(ADA, address(1)).is_err());
        }
        for guess in 0..40 {
            limit.attempt(&format!("user{guess}@example.com"), address(1)).unwrap().failed();
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let (limit, _) = limit();
        let from = |host: u128| IpAddr::from(Ipv6Addr::from_bits((0x2001_0db8 << 96) | host));
        for host in 0..20 {
            limit.register(from(host)).unwrap();
        }
        assert!(limit.register(from(1 << 63)).is_err());
        assert!(limit.register(from(1 << 64)).is_ok());
        let mapped = |last| IpAddr::from(std::net::Ipv4Addr::new(192, 0, 2, last).to_ipv6_mapped());
        for _ in 0..20 {
            limit.register(mapped(7)).unwrap();
        }
        assert!(limit.register(address(7)).is_err());
        assert!(limit.register(mapped(8)).is_ok());
    }

    #[test]
    fn the_twenty_first_registration_from_an_address_waits() {
        let (limit, clock) = limit();
        for _ in 0..20 {
            limit.register(address(1)).unwrap();
        }
        let wait = limit.register(address(1)).unwrap_err();
        assert!(limit.register(address(2)).is_ok());
        clock.advance(wait);
        assert!(limit.register(address(1)).is_ok());
    }
}

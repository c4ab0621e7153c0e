//! The replicas of another role: used in rotation, and avoided for a moment after they were unreachable.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::http::Uri;
use shared::Timestamp;

use crate::role::Role;

/// How long an unreachable replica is avoided if there are others.
const AVOID_DURATION: Duration = Duration::from_secs(2);

/// The replicas of a role. Clones share their state.
#[derive(Clone, Debug)]
pub struct Upstream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    role: Role,
    replicas: Vec<Replica>,
    next: AtomicUsize,
}

#[derive(Debug)]
struct Replica {
    /// Scheme, host and port, without a trailing slash.
    origin: String,
    /// Microseconds since the epoch until which the replica is avoided.
    avoided_until: AtomicI64,
}

impl Upstream {
    /// Creates an upstream of the replicas of `role` at these URLs.
    #[must_use]
    pub fn new(role: Role, origins: &[Uri]) -> Self {
        let replica = |uri: &Uri| Replica {
            origin: uri.to_string().trim_end_matches('/').to_owned(),
            avoided_until: AtomicI64::new(i64::MIN),
        };
        let replicas = origins.iter().map(replica).collect();
        Self(Arc::new(Inner { role, replicas, next: AtomicUsize::new(0) }))
    }

    /// Returns the role of the replicas.
    #[must_use]
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// Returns the replicas in the order in which to try them for one request; avoided ones come last.
    #[must_use]
    pub fn rotation(&self, now: Timestamp) -> Vec<usize> {
        let count = self.0.replicas.len();
        let first = self.0.next.fetch_add(1, Ordering::Relaxed);
        let mut rotation: Vec<_> = (0..count).map(|index| first.wrapping_add(index) % count).collect();
        rotation.sort_by_key(|&index| {
            self.0.replicas[index].avoided_until.load(Ordering::Relaxed) > now.as_micros()
        });
        rotation
    }

    /// Returns the URL of a replica of [`Upstream::rotation`].
    #[must_use]
    pub fn origin(&self, replica: usize) -> &str {
        &self.0.replicas[replica].origin
    }

    /// Returns the URLs of all replicas.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.0.replicas.iter().map(|replica| replica.origin.as_str())
    }

    /// Records that a replica was unreachable.
    pub fn unreachable(&self, replica: usize, now: Timestamp) {
        self.0.replicas[replica].avoided_until.store((now + AVOID_DURATION).as_micros(), Ordering::Relaxed);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn upstream() -> Upstream {
        Upstream::new(
            Role::Query,
            &["http://a:1", "http://b:2", "http://c:3"].map(|uri| uri.parse().unwrap()),
        )
    }

    #[test]
    fn replicas_are_used_in_rotation() {
        let upstream = upstream();
        assert_eq!(upstream.rotation(Timestamp::EPOCH), [0, 1, 2]);
        assert_eq!(upstream.rotation(Timestamp::EPOCH), [1, 2, 0]);
        assert_eq!(upstream.origin(1), "http://b:2");
    }

    #[test]
    fn an_unreachable_replica_comes_last_for_a_while() {
        let upstream = upstream();
        upstream.unreachable(0, Timestamp::EPOCH);
        assert_eq!(upstream.rotation(Timestamp::EPOCH), [1, 2, 0]);
        assert_eq!(upstream.rotation(Timestamp::EPOCH)[2], 0);
        assert_eq!(upstream.rotation(Timestamp::EPOCH + AVOID_DURATION), [2, 0, 1]);
        assert_eq!(upstream.rotation(Timestamp::EPOCH + AVOID_DURATION), [0, 1, 2]);
    }
}

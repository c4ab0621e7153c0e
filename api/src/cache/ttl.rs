//! How long each kind of response is cached.

use std::{collections::HashMap, time::Duration};

use super::key::Kind;
use crate::config::CacheTtls;

/// The lifetime of each kind of response.
#[derive(Clone, Debug)]
pub struct Ttls(HashMap<Kind, Duration>);

impl Default for Ttls {
    fn default() -> Self {
        Self::from(&CacheTtls::default())
    }
}

impl From<&CacheTtls> for Ttls {
    fn from(ttls: &CacheTtls) -> Self {
        let ttl = |kind| match kind {
            Kind::HomeKpis | Kind::Charts => ttls.home_kpis,
            Kind::Alerts => ttls.alerts,
            Kind::Activity => ttls.activity,
            Kind::TracesList => ttls.traces_list,
            Kind::TraceDetail => ttls.trace_detail,
        };
        Self(Kind::ALL.into_iter().map(|kind| (kind, ttl(kind))).collect())
    }
}

impl Ttls {
    /// Sets the lifetime of a kind.
    pub fn set(&mut self, kind: Kind, ttl: Duration) {
        self.0.insert(kind, ttl);
    }

    /// Returns the lifetime of a kind.
    #[must_use]
    pub fn get(&self, kind: Kind) -> Duration {
        self.0.get(&kind).copied().unwrap_or_default()
    }
}

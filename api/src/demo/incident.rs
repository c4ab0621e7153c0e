//! Recurring incidents of providers, at fixed times of the week or day, so that the demo always shows some.

use std::sync::LazyLock;

use serde::Deserialize;
use shared::trace::TraceStatus;

use super::{data, random::Random, rhythm::Minute};

/// An incident that recurs at the same time.
#[derive(Debug, Deserialize)]
pub struct Incident {
    /// The affected provider.
    provider: String,
    /// The period in minutes: a day or a week.
    period: i64,
    /// The start in minutes after the beginning of the period.
    phase: i64,
    /// The duration in minutes.
    minutes: i64,
    /// The share of failing runs.
    pub failures: f64,
    /// The factor by which calls are slower.
    pub slowdown: f64,
    /// The error messages of the provider.
    errors: Vec<String>,
}

/// What fails in the demo.
#[derive(Default, Deserialize)]
struct Failures {
    incidents: Vec<Incident>,
    /// Error messages outside of incidents.
    everyday: Vec<String>,
}

static FAILURES: LazyLock<Failures> = LazyLock::new(|| data::read(include_str!("incidents.json")));

impl Incident {
    /// Returns whether the incident is active at `minute`.
    fn covers(&self, minute: Minute) -> bool {
        let since = (minute.0 - Minute::EPOCH_MONDAY - self.phase).rem_euclid(self.period);
        since < self.minutes
    }

    /// Draws an error message of the incident.
    pub fn error(&self, random: &mut Random) -> String {
        random.pick(&self.errors).cloned().unwrap_or_default()
    }
}

/// Returns the incident of `provider` at `minute`.
pub fn of(provider: &str, minute: Minute) -> Option<&'static Incident> {
    FAILURES.incidents.iter().find(|incident| incident.provider == provider && incident.covers(minute))
}

/// Draws an error message outside of incidents.
pub fn everyday_error(random: &mut Random) -> String {
    random.pick(&FAILURES.everyday).cloned().unwrap_or_default()
}

/// Returns the status of a failed run; slowness appears as timeouts.
pub fn failure_status(slowdown: f64, random: &mut Random) -> TraceStatus {
    let timeouts = if slowdown > 2.0 { 0.35 } else { 0.15 };
    if random.chance(timeouts) { TraceStatus::Timeout } else { TraceStatus::Error }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use shared::Timestamp;

    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_weekly_incident_is_on_tuesday_from_14_00_to_15_30() {
        let openai = |text| of("openai", Minute::of(moment(text))).is_some();
        assert!(!openai("2025-10-21T13:59:59Z"));
        assert!(openai("2025-10-21T14:00:00Z"));
        assert!(openai("2025-10-21T15:29:59Z"));
        assert!(!openai("2025-10-21T15:30:00Z"));
        assert!(!openai("2025-10-22T14:30:00Z"));
        assert!(of("google", Minute::of(moment("2025-10-21T14:30:00Z"))).is_none());
    }
}

//! Recurring incidents of providers, at fixed times of the week or day, so that the demo always shows some.

use shared::trace::TraceStatus;

use super::{
    random::Random,
    rhythm::{DAY, Minute, WEEK},
};

/// An incident that recurs at the same time.
#[derive(Debug)]
pub struct Incident {
    /// The affected provider.
    pub provider: &'static str,
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
    errors: &'static [&'static str],
}

/// All incidents.
pub const INCIDENTS: [Incident; 2] = [
    Incident {
        provider: "openai",
        period: WEEK,
        phase: DAY + 14 * 60,
        minutes: 90,
        failures: 0.28,
        slowdown: 4.0,
        errors: &[
            "503 Service Unavailable: The server is currently overloaded with other requests. Please try again later.",
            "500 Internal Server Error: The server had an error while processing your request.",
            "502 Bad Gateway: upstream connect error or disconnect/reset before headers",
        ],
    },
    Incident {
        provider: "anthropic",
        period: DAY,
        phase: 16 * 60 + 10,
        minutes: 40,
        failures: 0.25,
        slowdown: 1.8,
        errors: &[
            "529 overloaded_error: Overloaded",
            "429 rate_limit_error: This request would exceed your organization's rate limit of 400,000 input tokens per minute.",
        ],
    },
];

/// Error messages outside of incidents.
const EVERYDAY: [&str; 4] = [
    "429 Too Many Requests: Rate limit reached for requests per minute. Please try again in 2s.",
    "Connection reset by peer while reading the response body",
    "The model's answer is not valid JSON: expected `,` or `}` at line 14 column 3",
    "context_length_exceeded: the request has 131,204 tokens, the model takes 128,000",
];

impl Incident {
    /// Returns whether the incident is active at `minute`.
    pub const fn covers(&self, minute: Minute) -> bool {
        let since = (minute.0 - Minute::EPOCH_MONDAY - self.phase).rem_euclid(self.period);
        since < self.minutes
    }

    /// Draws an error message of the incident.
    pub fn error(&self, random: &mut Random) -> &'static str {
        random.pick(self.errors).copied().unwrap_or_default()
    }
}

/// Returns the incident of `provider` at `minute`.
pub fn of(provider: &str, minute: Minute) -> Option<&'static Incident> {
    INCIDENTS.iter().find(|incident| incident.provider == provider && incident.covers(minute))
}

/// Draws an error message outside of incidents.
pub fn everyday_error(random: &mut Random) -> &'static str {
    random.pick(&EVERYDAY).copied().unwrap_or_default()
}

/// Returns the status of a failed run; slowness appears as timeouts.
pub fn bad_end(slowdown: f64, random: &mut Random) -> TraceStatus {
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

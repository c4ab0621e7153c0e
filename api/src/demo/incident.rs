//! When a provider has a bad time: at fixed phases of the week and the day, so that there is always one to look at.

use shared::{Timestamp, trace::TraceStatus};

use super::{
    random::Random,
    rhythm::{DAY, Minute, WEEK},
};

/// A provider's bad time, coming back at the same phase.
#[derive(Debug)]
pub struct Incident {
    /// Whose calls suffer.
    pub provider: &'static str,
    /// How the people who see it call the provider.
    pub provider_title: &'static str,
    /// Minutes from one to the next: a day or a week.
    period: i64,
    /// Minutes from the period's beginning.
    phase: i64,
    /// Minutes that it lasts.
    minutes: i64,
    /// How many runs end badly.
    pub failures: f64,
    /// How many times slower the calls are.
    pub slowdown: f64,
    /// Why they fail, in the provider's words.
    errors: &'static [&'static str],
}

/// All of them.
pub const INCIDENTS: [Incident; 2] = [
    Incident {
        provider: "openai",
        provider_title: "OpenAI",
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
        provider_title: "Anthropic",
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

/// What goes wrong on a normal day.
const EVERYDAY: [&str; 4] = [
    "429 Too Many Requests: Rate limit reached for requests per minute. Please try again in 2s.",
    "Connection reset by peer while reading the response body",
    "The model's answer is not valid JSON: expected `,` or `}` at line 14 column 3",
    "context_length_exceeded: the request has 131,204 tokens, the model takes 128,000",
];

impl Incident {
    /// Whether it is on at `minute`.
    pub const fn covers(&self, minute: Minute) -> bool {
        let since = (minute.0 - Minute::EPOCH_MONDAY - self.phase).rem_euclid(self.period);
        since < self.minutes
    }

    /// The beginnings in `[from, to)`, in order.
    pub fn starts(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Minute> {
        let origin = Minute::EPOCH_MONDAY + self.phase;
        let first = (Minute::of(from).0 - origin).div_euclid(self.period) * self.period + origin;
        let step = usize::try_from(self.period).unwrap_or(usize::MAX);
        (first..=Minute::of(to).0)
            .step_by(step)
            .map(Minute)
            .filter(move |start| (from..to).contains(&start.start()))
    }

    /// Whether it comes every week; every day otherwise.
    pub const fn is_weekly(&self) -> bool {
        self.period == WEEK
    }

    /// Why a call failed during it.
    pub fn error(&self, random: &mut Random) -> &'static str {
        random.pick(self.errors).copied().unwrap_or_default()
    }
}

/// The incident that `provider` has at `minute`.
pub fn of(provider: &str, minute: Minute) -> Option<&'static Incident> {
    INCIDENTS.iter().find(|incident| incident.provider == provider && incident.covers(minute))
}

/// Why a call failed when nothing special was on.
pub fn everyday_error(random: &mut Random) -> &'static str {
    random.pick(&EVERYDAY).copied().unwrap_or_default()
}

/// How a run ends that ends badly: slowness shows as time-outs.
pub fn bad_end(slowdown: f64, random: &mut Random) -> TraceStatus {
    let timeouts = if slowdown > 2.0 { 0.35 } else { 0.15 };
    if random.chance(timeouts) { TraceStatus::Timeout } else { TraceStatus::Error }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
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

    #[test]
    fn starts_are_found_wherever_the_window_is_cut() {
        let (from, to) = (moment("2025-10-01T00:00:00Z"), moment("2025-10-31T00:00:00Z"));
        let cut = moment("2025-10-21T14:00:00Z");
        for incident in &INCIDENTS {
            let all: Vec<_> = incident.starts(from, to).collect();
            assert_eq!(all.len(), if incident.is_weekly() { 4 } else { 30 });
            let halves: Vec<_> = incident.starts(from, cut).chain(incident.starts(cut, to)).collect();
            assert_eq!(all, halves);
            assert!(all.iter().all(|&start| incident.covers(start) && !incident.covers(Minute(start.0 - 1))));
        }
    }
}

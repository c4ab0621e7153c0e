//! The alerts that the demo's incidents would have raised, with the numbers of the runs that they are about.

use std::time::Duration;

use shared::{Timestamp, alert::Severity, trace::TraceStatus};

use super::{
    incident::{INCIDENTS, Incident},
    rhythm::{DAY, Minute},
    run::Run,
    runs_between,
};

const HALF_HOUR: Duration = Duration::from_secs(30 * 60);
const HOUR: Duration = Duration::from_secs(3_600);
const ONE_DAY: Duration = Duration::from_secs(86_400);
/// How long after an incident's start its errors are noticed: as many minutes as it looks back on.
const ERRORS_NOTICED: Duration = Duration::from_secs(30 * 60);
/// How long after a weekly incident's start its slowness is noticed.
const LATENCY_NOTICED: Duration = Duration::from_secs(45 * 60);
/// The job whose nightly outcome is reported, and the hours in which it runs.
const NIGHTLY_AGENT: &str = "invoice-extractor";
const NIGHT_HOURS: (u32, u32) = (0, 5);
/// Dollars that a day may cost, and the hour at which that is looked at.
const DAILY_BUDGET: f64 = 30.0;
const BUDGET_HOUR: u32 = 18;

/// An alert of the demo.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoAlert {
    /// A short headline.
    pub title: String,
    /// A sentence with the numbers.
    pub description: String,
    /// How bad it is.
    pub severity: Severity,
    /// Percent for errors and budgets, milliseconds for latency.
    pub metric_value: Option<f64>,
    /// When it fired; what it speaks about lies before.
    pub created_at: Timestamp,
}

/// The alerts that fire in `[from, to)`, in the order of time.
#[must_use]
pub fn alerts_between(seed: u64, from: Timestamp, to: Timestamp) -> Vec<DemoAlert> {
    // Counting runs is work: only what fires in the window is looked at.
    let fires = |at: Timestamp| (from..to).contains(&at).then_some(at);
    let mut alerts = Vec::new();
    for incident in &INCIDENTS {
        for start in incident.starts(from - ONE_DAY, to).map(Minute::start) {
            alerts.extend(fires(start + ERRORS_NOTICED).and_then(|at| errors(seed, incident, at)));
            alerts.extend(fires(start + LATENCY_NOTICED).and_then(|at| latency(seed, incident, at)));
        }
    }
    let mut midnight = Minute(Minute::of(from).0.div_euclid(DAY) * DAY).start();
    while midnight < to {
        alerts.extend(fires(midnight + BUDGET_HOUR * HOUR).and_then(|at| cost(seed, midnight, at)));
        alerts.extend(fires(midnight + NIGHT_HOURS.1 * HOUR).and_then(|at| nightly_job(seed, midnight, at)));
        midnight = midnight + ONE_DAY;
    }
    alerts.sort_by_key(|alert| alert.created_at);
    alerts
}

/// What is counted of runs.
#[derive(Default)]
struct Tally {
    runs: u32,
    failed: u32,
    latency: f64,
    cost: u64,
}

impl Tally {
    #[expect(clippy::cast_precision_loss, reason = "minutes in microseconds")]
    fn of(runs: impl Iterator<Item = Run>) -> Self {
        runs.fold(Self::default(), |sum, run| Self {
            runs: sum.runs + 1,
            failed: sum.failed + u32::from(run.status != TraceStatus::Success),
            latency: sum.latency + run.latency as f64 / 1e3,
            cost: sum.cost + run.cost,
        })
    }

    fn of_provider(seed: u64, provider: &str, from: Timestamp, to: Timestamp) -> Self {
        Self::of(runs_between(seed, from, to).filter(|run| run.conversation.model.provider == provider))
    }

    fn error_rate(&self) -> f64 {
        100.0 * f64::from(self.failed) / f64::from(self.runs.max(1))
    }

    fn mean_latency(&self) -> f64 {
        self.latency / f64::from(self.runs.max(1))
    }

    #[expect(clippy::cast_precision_loss, reason = "dollars in nano-dollars")]
    fn dollars(&self) -> f64 {
        self.cost as f64 / 1e9
    }
}

fn errors(seed: u64, incident: &Incident, at: Timestamp) -> Option<DemoAlert> {
    let tally = Tally::of_provider(seed, incident.provider, at - ERRORS_NOTICED, at);
    // One failed run is bad luck.
    if tally.failed < 2 {
        return None;
    }
    let rate = tenth(tally.error_rate());
    let Tally { runs, failed, .. } = tally;
    Some(DemoAlert {
        title: format!("Error rate of {} calls at {rate} %", incident.provider_title),
        description: format!(
            "{failed} of {runs} runs on {} models failed in the last {} minutes; 5 % is the threshold.",
            incident.provider_title,
            ERRORS_NOTICED.as_secs() / 60,
        ),
        severity: if incident.is_weekly() { Severity::Critical } else { Severity::Warning },
        metric_value: Some(rate),
        created_at: at,
    })
}

fn latency(seed: u64, incident: &Incident, at: Timestamp) -> Option<DemoAlert> {
    if !incident.is_weekly() {
        return None;
    }
    let now = Tally::of_provider(seed, incident.provider, at - HALF_HOUR, at);
    let yesterday = Tally::of_provider(seed, incident.provider, at - HALF_HOUR - ONE_DAY, at - ONE_DAY);
    if now.runs == 0 || yesterday.runs == 0 {
        return None;
    }
    let (mean, before) = (now.mean_latency().round(), yesterday.mean_latency().round());
    Some(DemoAlert {
        title: format!(
            "{} answers {:.1} times slower than yesterday",
            incident.provider_title,
            mean / before.max(1.0)
        ),
        description: format!(
            "Mean latency was {mean} ms over {} runs of the last 30 minutes, and {before} ms at the same time yesterday.",
            now.runs,
        ),
        severity: Severity::Critical,
        metric_value: Some(mean),
        created_at: at,
    })
}

/// In the evening: what the day has cost so far, where that is most of its budget.
fn cost(seed: u64, midnight: Timestamp, at: Timestamp) -> Option<DemoAlert> {
    let spent = Tally::of(runs_between(seed, midnight, at)).dollars();
    let percent = (100.0 * spent / DAILY_BUDGET).round();
    (percent >= 80.0).then(|| DemoAlert {
        title: format!("{percent} % of the daily budget is spent"),
        description: format!(
            "Runs since midnight have cost ${spent:.2}; the budget is ${DAILY_BUDGET:.2} a day."
        ),
        severity: if percent > 100.0 { Severity::Warning } else { Severity::Info },
        metric_value: Some(percent),
        created_at: at,
    })
}

/// In the morning: what the nightly job could not read.
fn nightly_job(seed: u64, midnight: Timestamp, at: Timestamp) -> Option<DemoAlert> {
    let runs = runs_between(seed, midnight + NIGHT_HOURS.0 * HOUR, at);
    let tally = Tally::of(runs.filter(|run| run.conversation.agent.id == NIGHTLY_AGENT));
    let Tally { runs, failed, .. } = tally;
    let rate = tenth(tally.error_rate());
    (failed > 0).then(|| DemoAlert {
        title: format!("{NIGHTLY_AGENT}: {failed} of {runs} documents failed"),
        description: format!(
            "{rate} % of last night's runs ended in an error or a time-out and need a second look."
        ),
        severity: if rate >= 5.0 { Severity::Warning } else { Severity::Info },
        metric_value: Some(rate),
        created_at: at,
    })
}

/// To one decimal.
fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const SEED: u64 = 1;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn thirty_days_have_one_to_three_alerts_a_day_and_every_severity() {
        let (from, to) = (moment("2025-10-01T00:00:00Z"), moment("2025-10-31T00:00:00Z"));
        let alerts = alerts_between(SEED, from, to);
        assert!((30..=90).contains(&alerts.len()), "{}", alerts.len());
        assert!(Severity::ALL.iter().all(|&severity| alerts.iter().any(|alert| alert.severity == severity)));
        assert!(alerts.is_sorted_by_key(|alert| alert.created_at));
    }

    #[test]
    fn alerts_are_the_same_wherever_the_window_is_cut() {
        let (from, to) = (moment("2025-10-20T10:00:00Z"), moment("2025-10-22T20:00:00Z"));
        let whole = alerts_between(SEED, from, to);
        // The moment at which one fires belongs to what follows.
        let cut = whole[whole.len() / 2].created_at;
        let halves: Vec<_> =
            alerts_between(SEED, from, cut).into_iter().chain(alerts_between(SEED, cut, to)).collect();
        assert_eq!(whole, halves);
    }

    #[test]
    fn an_alerts_error_rate_is_that_of_the_traces() {
        let start = moment("2025-10-21T14:00:00Z");
        let alerts = alerts_between(SEED, start, start + HOUR);
        let alert = alerts.iter().find(|alert| alert.severity == Severity::Critical).unwrap();
        let traces: Vec<_> = super::super::traces_between(SEED, start, alert.created_at)
            .filter(|trace| trace.model_provider.as_deref() == Some("openai"))
            .collect();
        let failed = traces.iter().filter(|trace| trace.status != TraceStatus::Success).count();
        assert!(
            alert.description.starts_with(&format!("{failed} of {} runs", traces.len())),
            "{}",
            alert.description
        );
        assert!(alert.metric_value.unwrap() > 10.0, "{:?}", alert.metric_value);
    }
}

//! Rules: what a workspace watches, and when that becomes an alert.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    alert::Severity,
    auth::check_name,
    error::FieldError,
    format::Unit,
    limit,
    metric::{Dimension, Metric, Point},
};

/// What a rule measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertMetric {
    /// Traces.
    Requests,
    /// Percent of the traces that ended in an error or a timeout.
    #[default]
    ErrorRate,
    /// Mean latency in milliseconds.
    AvgLatencyMs,
    /// Median latency in milliseconds, within 2 %.
    P50LatencyMs,
    /// 95th percentile of the latency in milliseconds, within 2 %.
    P95LatencyMs,
    /// 99th percentile of the latency in milliseconds, within 2 %.
    P99LatencyMs,
    /// US dollars.
    CostUsd,
    /// Tokens, in and out.
    Tokens,
    /// Mean quality score of the traces that have one.
    QualityScore,
    /// Minutes since the newest trace of the window started. The window says how far back an agent must have reported to be missed.
    NoData,
}

impl AlertMetric {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Requests,
        Self::ErrorRate,
        Self::AvgLatencyMs,
        Self::P50LatencyMs,
        Self::P95LatencyMs,
        Self::P99LatencyMs,
        Self::CostUsd,
        Self::Tokens,
        Self::QualityScore,
        Self::NoData,
    ];

    /// The metric of charts; nothing for the absence of data.
    #[must_use]
    pub const fn metric(self) -> Option<Metric> {
        Some(match self {
            Self::Requests => Metric::Requests,
            Self::ErrorRate => Metric::ErrorRate,
            Self::AvgLatencyMs => Metric::AvgLatencyMs,
            Self::P50LatencyMs => Metric::P50LatencyMs,
            Self::P95LatencyMs => Metric::P95LatencyMs,
            Self::P99LatencyMs => Metric::P99LatencyMs,
            Self::CostUsd => Metric::CostUsd,
            Self::Tokens => Metric::Tokens,
            Self::QualityScore => Metric::QualityScore,
            Self::NoData => return None,
        })
    }

    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.metric() {
            Some(metric) => metric.as_str(),
            None => "no_data",
        }
    }

    /// Returns the unit of the values of this metric, or of their changes.
    #[must_use]
    pub const fn unit(self, is_change: bool) -> Unit {
        match self {
            _ if is_change => Unit::Change,
            Self::Requests | Self::Tokens => Unit::Count,
            Self::ErrorRate => Unit::Percent,
            Self::AvgLatencyMs | Self::P50LatencyMs | Self::P95LatencyMs | Self::P99LatencyMs => {
                Unit::Latency
            }
            Self::CostUsd => Unit::Cost,
            Self::QualityScore => Unit::Score,
            Self::NoData => Unit::Minutes,
        }
    }

    /// The largest threshold that a value can cross; none where there is no such bound.
    #[must_use]
    pub const fn highest(self) -> Option<f64> {
        match self {
            Self::ErrorRate | Self::QualityScore => Some(100.0),
            _ => None,
        }
    }
}

/// What a value is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// Nothing: the thresholds are in the metric's unit.
    #[default]
    None,
    /// The window of the same length just before. As with all that follow, thresholds are changes in percent.
    PreviousWindow,
    /// The same window a day before.
    DayBefore,
    /// The same window a week before.
    WeekBefore,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::PreviousWindow, Self::DayBefore, Self::WeekBefore];

    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PreviousWindow => "previous_window",
            Self::DayBefore => "day_before",
            Self::WeekBefore => "week_before",
        }
    }
}

/// Which side of a threshold is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The value is at the threshold or above.
    #[default]
    Above,
    /// The value is at the threshold or below.
    Below,
}

/// What a rule says. Absent fields have their defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AlertRuleRequest {
    /// What it is called: the headline of its alerts.
    pub name: String,
    /// What is measured.
    pub metric: AlertMetric,
    /// Only traces of this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Only traces of this model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Each agent or model by itself, with an alert of its own; all together where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<Dimension>,
    /// Minutes back from now over which is measured: a multiple of 5, up to 7 days.
    pub window_minutes: u32,
    /// What the value is compared with.
    pub baseline: Baseline,
    /// Which side of a threshold is wrong.
    pub side: Side,
    /// The threshold of an alert that is worth knowing of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<f64>,
    /// The threshold of a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<f64>,
    /// The threshold of a critical alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical: Option<f64>,
    /// With fewer traces in the window, and in the earlier one where there is a baseline, nothing is measured.
    pub min_traces: u32,
    /// Percent of a threshold by which the value must come back before the alert is over.
    pub hysteresis_percent: u32,
    /// Minutes for which the value must be wrong without a break before the alert fires.
    pub for_minutes: u32,
    /// Minutes after which channels are told again while an alert lasts that nobody acknowledged; never where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renotify_minutes: Option<u32>,
    /// Whether it is evaluated.
    pub enabled: bool,
    /// Until when channels are told nothing of it. Its alerts are kept all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Timestamp>,
    /// The channels that are told; all of the workspace where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_ids: Option<Vec<Uuid>>,
}

impl Default for AlertRuleRequest {
    fn default() -> Self {
        Self {
            name: String::new(),
            metric: AlertMetric::default(),
            agent_id: None,
            model: None,
            group_by: None,
            window_minutes: 30,
            baseline: Baseline::default(),
            side: Side::default(),
            info: None,
            warning: None,
            critical: None,
            min_traces: 0,
            hysteresis_percent: 10,
            for_minutes: 0,
            renotify_minutes: None,
            enabled: true,
            muted_until: None,
            channel_ids: None,
        }
    }
}

impl AlertRuleRequest {
    /// The threshold of a severity.
    #[must_use]
    pub const fn threshold(&self, severity: Severity) -> Option<f64> {
        match severity {
            Severity::Info => self.info,
            Severity::Warning => self.warning,
            Severity::Critical => self.critical,
        }
    }

    /// Whether the thresholds are changes in percent.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.baseline != Baseline::None
    }

    /// Every field that is wrong.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut check = |field: &str, is_right: bool, detail: &str| {
            if !is_right {
                wrong.push(FieldError::new(field, detail));
            }
        };
        let names = [
            ("name", Some(&self.name)),
            ("agent_id", self.agent_id.as_ref()),
            ("model", self.model.as_ref()),
        ];
        for (field, name) in names {
            let checked = name.map_or(Ok(()), |name| check_name(name));
            check(field, checked.is_ok(), checked.err().unwrap_or_default());
        }
        let is_split = match self.group_by {
            None => false,
            Some(Dimension::Agent) => self.agent_id.is_some(),
            Some(Dimension::Model) => self.model.is_some(),
        };
        check("group_by", !is_split, "is of no use where there is only one");
        let window = (limit::ALERT_WINDOW_STEP..=limit::ALERT_WINDOW_MINUTES).contains(&self.window_minutes)
            && self.window_minutes.is_multiple_of(limit::ALERT_WINDOW_STEP);
        check("window_minutes", window, "must be a multiple of 5 from 5 to 10080");
        check("hysteresis_percent", self.hysteresis_percent <= 90, "must be from 0 to 90");
        check("for_minutes", self.for_minutes <= 1440, "must be from 0 to 1440");
        check(
            "renotify_minutes",
            self.renotify_minutes.is_none_or(|minutes| (5..=10_080).contains(&minutes)),
            "must be from 5 to 10080",
        );
        check("min_traces", self.min_traces <= 1_000_000, "must be from 0 to 1000000");
        let counts_itself = self.metric == AlertMetric::Requests && !self.is_change();
        check(
            "min_traces",
            !counts_itself || self.min_traces == 0,
            "must be 0 where requests themselves are measured",
        );
        let channels = self.channel_ids.as_ref().map_or(0, Vec::len);
        check("channel_ids", channels <= limit::ALERT_CHANNELS, "has more than a workspace may have");
        let is_silence = self.metric == AlertMetric::NoData;
        check(
            "baseline",
            !is_silence || !self.is_change(),
            "must be none where the absence of data is measured",
        );
        check(
            "side",
            !is_silence || self.side == Side::Above,
            "must be above where the absence of data is measured",
        );
        self.check_thresholds(&mut wrong);
        wrong
    }

    fn check_thresholds(&self, wrong: &mut Vec<FieldError>) {
        let given: Vec<_> = Severity::ALL
            .into_iter()
            .filter_map(|severity| Some((severity.as_str(), self.threshold(severity)?)))
            .collect();
        if given.is_empty() {
            return wrong.push(FieldError::new("warning", "one threshold at least is required"));
        }
        let (least, most) = self.bounds();
        for &(field, threshold) in &given {
            if !(least..=most).contains(&threshold) {
                wrong.push(FieldError::new(field, format!("must be from {least} to {most}")));
            }
        }
        let (lowest, highest) = self.extent();
        for &(field, threshold) in &given {
            let is_always = match self.side {
                Side::Above => threshold == lowest,
                Side::Below => threshold == highest,
            };
            if is_always {
                wrong.push(FieldError::new(field, "is crossed by every value there can be"));
            }
        }
        for pair in given.windows(2) {
            let ((milder, low), (field, high)) = (pair[0], pair[1]);
            let (is_worse, word) = match self.side {
                Side::Above => (high > low, "above"),
                Side::Below => (high < low, "below"),
            };
            if !is_worse {
                wrong.push(FieldError::new(field, format!("must be {word} the threshold for {milder}")));
            }
        }
    }

    /// The least and the greatest value that there can be; infinite where there is no such bound.
    #[must_use]
    pub fn extent(&self) -> (f64, f64) {
        if self.is_change() {
            return (-100.0, f64::INFINITY);
        }
        (0.0, self.metric.highest().unwrap_or(f64::INFINITY))
    }

    /// What a threshold may be.
    fn bounds(&self) -> (f64, f64) {
        match self.metric {
            _ if self.is_change() => (-100.0, 10_000.0),
            // A longer silence than the window cannot be seen in it.
            AlertMetric::NoData => (1.0, f64::from(self.window_minutes.max(2) - 1)),
            metric => (0.0, metric.highest().unwrap_or(1e12)),
        }
    }
}

/// A rule that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertRule {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    #[serde(flatten)]
    pub rule: AlertRuleRequest,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last evaluated; absent where never.
    pub evaluated_at: Option<Timestamp>,
    /// How many alerts of it last now.
    pub open_alerts: u64,
}

/// What a rule would have done in the last days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertPreview {
    /// When it is evaluated first.
    pub start: Timestamp,
    /// When it is evaluated last.
    pub end: Timestamp,
    /// Seconds from one evaluation to the next. In life there are more of them.
    pub step_seconds: u64,
    /// A line for all together or one for each group: those with alerts first, then those with the most traces; ten at most.
    pub series: Vec<AlertPreviewSeries>,
    /// How many groups there are, shown or not.
    pub groups: u64,
    /// How many alerts there would have been, in all groups.
    pub alerts: u64,
}

/// One group of a preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertPreviewSeries {
    /// The agent or model; absent for all together, and for traces that name no model.
    pub key: Option<String>,
    /// What is compared with the thresholds at each evaluation: the value, or its change in percent.
    pub points: Vec<Point>,
    /// The alerts that there would have been, in order.
    pub alerts: Vec<AlertPreviewSpan>,
}

/// An alert that there would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertPreviewSpan {
    /// How bad it would have been at its worst.
    pub severity: Severity,
    /// When it would have fired.
    pub start: Timestamp,
    /// When it would have been over; absent where it lasts.
    pub end: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> AlertRuleRequest {
        AlertRuleRequest { name: "errors".to_owned(), warning: Some(5.0), ..AlertRuleRequest::default() }
    }

    /// The fields that are wrong once `change` was made to a rule in which nothing is.
    fn wrong(change: impl FnOnce(&mut AlertRuleRequest)) -> Vec<String> {
        let mut rule = rule();
        change(&mut rule);
        rule.validate().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn what_bounds_allow_is_right_up_to_the_bound_and_wrong_beyond() {
        assert_eq!(wrong(|_| {}), [""; 0]);
        type Set = fn(&mut AlertRuleRequest, u32);
        let bounds: [(&str, Set, &[u32], &[u32]); 5] = [
            ("window_minutes", |rule, n| rule.window_minutes = n, &[5, 30, 10_080], &[0, 1, 6, 10_085]),
            ("hysteresis_percent", |rule, n| rule.hysteresis_percent = n, &[0, 90], &[91, u32::MAX]),
            ("for_minutes", |rule, n| rule.for_minutes = n, &[0, 1440], &[1441]),
            ("renotify_minutes", |rule, n| rule.renotify_minutes = Some(n), &[5, 10_080], &[0, 4, 10_081]),
            ("min_traces", |rule, n| rule.min_traces = n, &[0, 1_000_000], &[1_000_001]),
        ];
        for (field, set, right, beyond) in bounds {
            for &number in right {
                assert_eq!(wrong(|rule| set(rule, number)), [""; 0], "{field} {number}");
            }
            for &number in beyond {
                assert_eq!(wrong(|rule| set(rule, number)), [field], "{field} {number}");
            }
        }
        let channels = |count| wrong(|rule| rule.channel_ids = Some(vec![Uuid::nil(); count]));
        assert_eq!(channels(limit::ALERT_CHANNELS), [""; 0]);
        assert_eq!(channels(limit::ALERT_CHANNELS + 1), ["channel_ids"]);
    }

    #[test]
    fn names_are_such_as_traces_have() {
        for name in ["", " ", "a\0b"] {
            assert_eq!(wrong(|rule| rule.name = name.to_owned()), ["name"], "{name:?}");
            assert_eq!(wrong(|rule| rule.agent_id = Some(name.to_owned())), ["agent_id"], "{name:?}");
            assert_eq!(wrong(|rule| rule.model = Some(name.to_owned())), ["model"], "{name:?}");
        }
    }

    #[test]
    fn a_rule_of_one_agent_is_not_split_by_agents() {
        let split = |by, agent: Option<&str>, model: Option<&str>| {
            wrong(|rule| {
                rule.group_by = Some(by);
                (rule.agent_id, rule.model) = (agent.map(str::to_owned), model.map(str::to_owned));
            })
        };
        assert_eq!(split(Dimension::Agent, Some("a"), None), ["group_by"]);
        assert_eq!(split(Dimension::Model, None, Some("m")), ["group_by"]);
        assert_eq!(split(Dimension::Model, Some("a"), None), [""; 0]);
        assert_eq!(split(Dimension::Agent, None, Some("m")), [""; 0]);
    }

    #[test]
    fn a_rule_has_a_threshold_and_the_worse_lies_beyond_the_milder() {
        let levels = |side, [info, warning, critical]: [Option<f64>; 3]| {
            wrong(|rule| {
                rule.side = side;
                (rule.info, rule.warning, rule.critical) = (info, warning, critical);
            })
        };
        let (above, below) = (Side::Above, Side::Below);
        assert_eq!(levels(above, [None; 3]), ["warning"]);
        for one in 0..3 {
            let mut thresholds = [None; 3];
            thresholds[one] = Some(50.0);
            assert_eq!(levels(above, thresholds), [""; 0]);
        }
        assert_eq!(levels(above, [Some(1.0), Some(2.0), Some(3.0)]), [""; 0]);
        assert_eq!(levels(below, [Some(3.0), Some(2.0), Some(1.0)]), [""; 0]);
        assert_eq!(levels(above, [Some(3.0), None, Some(3.0)]), ["critical"]);
        assert_eq!(levels(above, [Some(3.0), Some(2.0), Some(1.0)]), ["warning", "critical"]);
        assert_eq!(levels(below, [Some(1.0), Some(2.0), None]), ["warning"]);
    }

    #[test]
    fn a_threshold_is_one_that_the_metric_can_reach() {
        let of = |metric, baseline, threshold| {
            wrong(|rule| {
                (rule.metric, rule.baseline, rule.warning) = (metric, baseline, Some(threshold));
                // At its lowest a value is below what is above all others.
                rule.side = if threshold <= 0.0 { Side::Below } else { Side::Above };
            })
        };
        for (metric, most) in [
            (AlertMetric::ErrorRate, 100.0),
            (AlertMetric::QualityScore, 100.0),
            (AlertMetric::CostUsd, 1e12),
            (AlertMetric::Tokens, 1e12),
        ] {
            assert_eq!(of(metric, Baseline::None, 0.0), [""; 0], "{metric:?}");
            assert_eq!(of(metric, Baseline::None, most), [""; 0], "{metric:?}");
            for beyond in [-0.001, most * 1.001, f64::NAN, f64::INFINITY] {
                assert_eq!(of(metric, Baseline::None, beyond), ["warning"], "{metric:?} {beyond}");
            }
            assert_eq!(of(metric, Baseline::DayBefore, -100.0), [""; 0], "{metric:?}");
            assert_eq!(of(metric, Baseline::WeekBefore, 10_000.0), [""; 0], "{metric:?}");
            assert_eq!(of(metric, Baseline::PreviousWindow, 10_000.5), ["warning"], "{metric:?}");
            assert_eq!(of(metric, Baseline::PreviousWindow, -100.5), ["warning"], "{metric:?}");
        }
    }

    #[test]
    fn a_threshold_that_every_value_crosses_is_refused() {
        let of = |metric, baseline, side, threshold| {
            wrong(|rule| {
                (rule.metric, rule.baseline, rule.side, rule.warning) =
                    (metric, baseline, side, Some(threshold));
            })
        };
        let (above, below) = (Side::Above, Side::Below);
        assert_eq!(of(AlertMetric::ErrorRate, Baseline::None, above, 0.0), ["warning"]);
        assert_eq!(of(AlertMetric::CostUsd, Baseline::None, above, 0.0), ["warning"]);
        assert_eq!(of(AlertMetric::QualityScore, Baseline::None, below, 100.0), ["warning"]);
        assert_eq!(of(AlertMetric::CostUsd, Baseline::DayBefore, above, -100.0), ["warning"]);
        assert_eq!(of(AlertMetric::QualityScore, Baseline::None, below, 99.9), [""; 0]);
        assert_eq!(of(AlertMetric::Requests, Baseline::None, below, 0.0), [""; 0]);
    }

    #[test]
    fn silence_is_measured_in_minutes_of_its_window_and_compared_with_nothing() {
        let silence = |change: fn(&mut AlertRuleRequest)| {
            wrong(|rule| {
                (rule.metric, rule.window_minutes) = (AlertMetric::NoData, 60);
                change(rule);
            })
        };
        assert_eq!(silence(|rule| rule.warning = Some(59.0)), [""; 0]);
        assert_eq!(silence(|rule| rule.warning = Some(60.0)), ["warning"]);
        assert_eq!(silence(|rule| rule.warning = Some(0.5)), ["warning"]);
        assert_eq!(silence(|rule| rule.side = Side::Below), ["side"]);
        assert_eq!(silence(|rule| rule.baseline = Baseline::DayBefore), ["baseline"]);
    }

    #[test]
    fn requests_need_no_least_number_of_requests_unless_they_are_compared() {
        let of = |baseline| {
            wrong(|rule| {
                (rule.metric, rule.baseline, rule.min_traces) = (AlertMetric::Requests, baseline, 20);
            })
        };
        assert_eq!(of(Baseline::None), ["min_traces"]);
        assert_eq!(of(Baseline::DayBefore), [""; 0]);
    }
}

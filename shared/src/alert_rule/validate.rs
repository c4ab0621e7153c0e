//! The validation of a rule.

use super::{AlertMetric, AlertRuleRequest, Side};
use crate::{
    alert::Severity,
    auth::check_name,
    error::{FieldError, check},
    limit,
};

impl AlertRuleRequest {
    /// Returns an error for every invalid field.
    #[must_use]
    pub fn validate(&self) -> Vec<FieldError> {
        let has_one_group =
            self.group_by.is_some_and(|by| by.select(self.agent_id.is_some(), self.model.is_some()));
        let window = limit::ALERT_WINDOW_STEP..=limit::ALERT_WINDOW_MINUTES;
        let is_window = window.contains(&self.window_minutes)
            && self.window_minutes.is_multiple_of(limit::ALERT_WINDOW_STEP);
        let is_renotify = self.renotify_minutes.is_none_or(|minutes| (5..=10_080).contains(&minutes));
        let counts_traces = self.metric == AlertMetric::Requests && !self.is_change();
        let is_possible_minimum = !counts_traces || self.min_traces == 0;
        let channels = self.channel_ids.as_ref().map_or(0, Vec::len);
        let has_data = self.metric != AlertMetric::NoData;
        let mut errors = FieldError::all([
            ("name", check_name(&self.name)),
            ("agent_id", self.agent_id.as_deref().map_or(Ok(()), check_name)),
            ("model", self.model.as_deref().map_or(Ok(()), check_name)),
            ("group_by", check(!has_one_group, "must be absent if the rule filters by the same dimension")),
            ("window_minutes", check(is_window, "must be a multiple of 5 from 5 to 10080")),
            ("hysteresis_percent", check(self.hysteresis_percent <= 90, "must be from 0 to 90")),
            ("for_minutes", check(self.for_minutes <= 1440, "must be from 0 to 1440")),
            ("renotify_minutes", check(is_renotify, "must be from 5 to 10080")),
            ("min_traces", check(self.min_traces <= 1_000_000, "must be from 0 to 1000000")),
            (
                "min_traces",
                check(is_possible_minimum, "must be 0 for the metric requests without a baseline"),
            ),
            ("channel_ids", check(channels <= limit::ALERT_CHANNELS, "must have at most 50 items")),
            ("baseline", check(has_data || !self.is_change(), "must be none for the metric no_data")),
            ("side", check(has_data || self.side == Side::Above, "must be above for the metric no_data")),
        ]);
        self.check_thresholds(&mut errors);
        errors
    }

    fn check_thresholds(&self, errors: &mut Vec<FieldError>) {
        let given: Vec<_> = Severity::ALL
            .into_iter()
            .filter_map(|severity| Some((severity.as_str(), self.threshold(severity)?)))
            .collect();
        if given.is_empty() {
            return errors.push(FieldError::new("warning", "at least one threshold is required"));
        }
        let (min, max) = self.bounds();
        for &(field, threshold) in &given {
            if !(min..=max).contains(&threshold) {
                errors.push(FieldError::new(field, format!("must be from {min} to {max}")));
            }
        }
        let (lowest, highest) = self.extent();
        for &(field, threshold) in &given {
            let is_always_crossed = match self.side {
                Side::Above => threshold == lowest,
                Side::Below => threshold == highest,
            };
            if is_always_crossed {
                errors.push(FieldError::new(field, "must not be crossed by every possible value"));
            }
        }
        for pair in given.windows(2) {
            let ((lower, low), (field, high)) = (pair[0], pair[1]);
            let (is_beyond, word) = match self.side {
                Side::Above => (high > low, "above"),
                Side::Below => (high < low, "below"),
            };
            if !is_beyond {
                errors.push(FieldError::new(field, format!("must be {word} the threshold for {lower}")));
            }
        }
    }

    /// Returns the range of valid thresholds.
    fn bounds(&self) -> (f64, f64) {
        match self.metric {
            _ if self.is_change() => (-100.0, 10_000.0),
            // A gap that is longer than the window is not visible in it.
            AlertMetric::NoData => (1.0, f64::from(self.window_minutes.max(2) - 1)),
            metric => (0.0, metric.highest().unwrap_or(1e12)),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{alert_rule::Baseline, metric::Dimension};

    fn rule() -> AlertRuleRequest {
        AlertRuleRequest { name: "errors".to_owned(), warning: Some(5.0), ..AlertRuleRequest::default() }
    }

    /// Returns the invalid fields of a valid rule after `change`.
    fn invalid(change: impl FnOnce(&mut AlertRuleRequest)) -> Vec<String> {
        let mut rule = rule();
        change(&mut rule);
        rule.validate().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn numbers_are_valid_up_to_their_bounds() {
        assert_eq!(invalid(|_| {}), [""; 0]);
        type Set = fn(&mut AlertRuleRequest, u32);
        let bounds: [(&str, Set, &[u32], &[u32]); 5] = [
            ("window_minutes", |rule, n| rule.window_minutes = n, &[5, 30, 10_080], &[0, 1, 6, 10_085]),
            ("hysteresis_percent", |rule, n| rule.hysteresis_percent = n, &[0, 90], &[91, u32::MAX]),
            ("for_minutes", |rule, n| rule.for_minutes = n, &[0, 1440], &[1441]),
            ("renotify_minutes", |rule, n| rule.renotify_minutes = Some(n), &[5, 10_080], &[0, 4, 10_081]),
            ("min_traces", |rule, n| rule.min_traces = n, &[0, 1_000_000], &[1_000_001]),
        ];
        for (field, set, valid, beyond) in bounds {
            for &number in valid {
                assert_eq!(invalid(|rule| set(rule, number)), [""; 0], "{field} {number}");
            }
            for &number in beyond {
                assert_eq!(invalid(|rule| set(rule, number)), [field], "{field} {number}");
            }
        }
        let channels = |count| invalid(|rule| rule.channel_ids = Some(vec![Uuid::nil(); count]));
        assert_eq!(channels(limit::ALERT_CHANNELS), [""; 0]);
        assert_eq!(channels(limit::ALERT_CHANNELS + 1), ["channel_ids"]);
    }

    #[test]
    fn names_are_checked_like_those_of_traces() {
        for name in ["", " ", "a\0b"] {
            assert_eq!(invalid(|rule| rule.name = name.to_owned()), ["name"], "{name:?}");
            assert_eq!(invalid(|rule| rule.agent_id = Some(name.to_owned())), ["agent_id"], "{name:?}");
            assert_eq!(invalid(|rule| rule.model = Some(name.to_owned())), ["model"], "{name:?}");
        }
    }

    #[test]
    fn a_rule_with_an_agent_cannot_be_grouped_by_agent() {
        let split = |by, agent: Option<&str>, model: Option<&str>| {
            invalid(|rule| {
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
    fn a_rule_needs_thresholds_in_the_order_of_severity() {
        let levels = |side, [info, warning, critical]: [Option<f64>; 3]| {
            invalid(|rule| {
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
    fn a_threshold_must_be_a_possible_value_of_the_metric() {
        let of = |metric, baseline, threshold| {
            invalid(|rule| {
                (rule.metric, rule.baseline, rule.warning) = (metric, baseline, Some(threshold));
                // Every value is above the lowest possible one, so it is only valid as a threshold below.
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
    fn a_threshold_must_not_be_crossed_by_every_value() {
        let of = |metric, baseline, side, threshold| {
            invalid(|rule| {
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
    fn no_data_needs_a_threshold_within_the_window_and_no_baseline() {
        let no_data = |change: fn(&mut AlertRuleRequest)| {
            invalid(|rule| {
                (rule.metric, rule.window_minutes) = (AlertMetric::NoData, 60);
                change(rule);
            })
        };
        assert_eq!(no_data(|rule| rule.warning = Some(59.0)), [""; 0]);
        assert_eq!(no_data(|rule| rule.warning = Some(60.0)), ["warning"]);
        assert_eq!(no_data(|rule| rule.warning = Some(0.5)), ["warning"]);
        assert_eq!(no_data(|rule| rule.side = Side::Below), ["side"]);
        assert_eq!(no_data(|rule| rule.baseline = Baseline::DayBefore), ["baseline"]);
    }

    #[test]
    fn requests_need_a_minimum_of_traces_only_with_a_baseline() {
        let of = |baseline| {
            invalid(|rule| {
                (rule.metric, rule.baseline, rule.min_traces) = (AlertMetric::Requests, baseline, 20);
            })
        };
        assert_eq!(of(Baseline::None), ["min_traces"]);
        assert_eq!(of(Baseline::DayBefore), [""; 0]);
    }
}

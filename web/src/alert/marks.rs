//! From a preview to what its chart shows. Pure.

use std::time::Duration;

use shared::{
    Timestamp,
    alert::Severity,
    alert_rule::{AlertPreview, AlertPreviewSeries, AlertRuleRequest},
};

use crate::{
    chart::{Band, Marks, Steps, Threshold},
    format,
};

/// One group of a preview, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The evaluations.
    pub steps: Steps,
    /// The value at each.
    pub values: Vec<Option<f64>>,
    /// Thresholds, and when it would have fired.
    pub marks: Marks,
}

/// What the chart of `series` shows under the thresholds of `rule`.
#[must_use]
pub fn shown(preview: &AlertPreview, series: &AlertPreviewSeries, rule: &AlertRuleRequest) -> Shown {
    let length = Duration::from_secs(preview.step_seconds.max(1));
    let steps = Steps {
        start: preview.start,
        end: preview.end + length,
        length,
        moments: series.points.iter().map(|point| point.timestamp).collect(),
    };
    // An evaluation is drawn in the middle of its step.
    let at = |moment: Timestamp| moment + length / 2;
    let bands = series.alerts.iter().map(|alert| Band {
        class: class(alert.severity),
        start: at(alert.start),
        end: alert.end.map_or(steps.end, at),
    });
    let thresholds = Severity::ALL
        .into_iter()
        .filter_map(|severity| Some(Threshold { class: class(severity), value: rule.threshold(severity)? }));
    Shown {
        values: series.points.iter().map(|point| point.value).collect(),
        marks: Marks { thresholds: thresholds.collect(), bands: bands.collect() },
        steps,
    }
}

const fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "mark-info",
        Severity::Warning => "mark-warning",
        Severity::Critical => "mark-critical",
    }
}

/// How often it would have fired, as a sentence.
#[must_use]
pub fn firings(preview: &AlertPreview) -> String {
    let hours = (preview.end.since(preview.start).as_secs() + 1800) / 3600;
    let time = match hours {
        0..=1 => "the last hour".to_owned(),
        2..=48 => format!("the last {hours} hours"),
        _ => format!("the last {} days", (hours + 12) / 24),
    };
    match preview.alerts {
        0 => format!("Would not have fired in {time}."),
        1 => format!("Would have fired once in {time}."),
        times => format!("Would have fired {} times in {time}.", format::integer(times)),
    }
}

#[cfg(test)]
mod tests {
    use shared::{alert_rule::AlertPreviewSpan, metric::Point};

    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(minutes * 60)
    }

    fn preview(alerts: u64, hours: u64) -> AlertPreview {
        AlertPreview {
            start: at(0),
            end: at(hours * 60),
            step_seconds: 600,
            series: vec![],
            groups: 1,
            alerts,
        }
    }

    #[test]
    fn an_alert_is_a_band_from_its_first_evaluation_to_its_last() {
        let span = |severity, start, end: Option<u64>| AlertPreviewSpan {
            severity,
            start: at(start),
            end: end.map(at),
        };
        let series = AlertPreviewSeries {
            key: None,
            points: (0..4).map(|step| Point { timestamp: at(step * 10), value: None }).collect(),
            alerts: vec![span(Severity::Warning, 0, Some(10)), span(Severity::Critical, 20, None)],
        };
        let rule =
            AlertRuleRequest { warning: Some(5.0), critical: Some(20.0), ..AlertRuleRequest::default() };
        let shown = shown(&preview(2, 1), &series, &rule);
        let bands: Vec<_> = shown.marks.bands.iter().map(|band| (band.class, band.start, band.end)).collect();
        assert_eq!(bands, [("mark-warning", at(5), at(15)), ("mark-critical", at(25), at(70))]);
        assert_eq!(shown.steps.middle(2), at(25), "where the value is drawn that fired");
        let lines: Vec<_> = shown.marks.thresholds.iter().map(|line| (line.class, line.value)).collect();
        assert_eq!(lines, [("mark-warning", 5.0), ("mark-critical", 20.0)]);
    }

    #[test]
    fn the_number_of_firings_is_a_sentence() {
        assert_eq!(firings(&preview(0, 24)), "Would not have fired in the last 24 hours.");
        assert_eq!(firings(&preview(1, 1)), "Would have fired once in the last hour.");
        assert_eq!(firings(&preview(3, 168)), "Would have fired 3 times in the last 7 days.");
    }
}

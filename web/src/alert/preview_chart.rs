//! Converts the preview of a rule to a chart. Pure functions.

use std::time::Duration;

use shared::{
    Timestamp,
    alert::Severity,
    alert_rule::{AlertPreview, AlertPreviewSeries, AlertRuleRequest},
    format,
};

use crate::chart::{Band, Marks, Steps, Threshold};

/// The chart of one group of a preview.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewChart {
    /// The evaluations, as steps of the chart.
    pub steps: Steps,
    /// The value at each step.
    pub values: Vec<Option<f64>>,
    /// The thresholds, and the periods in which an alert would have fired.
    pub marks: Marks,
}

/// Returns the chart of `series` with the thresholds of `rule`.
#[must_use]
pub fn preview_chart(
    preview: &AlertPreview,
    series: &AlertPreviewSeries,
    rule: &AlertRuleRequest,
) -> PreviewChart {
    let length = Duration::from_secs(preview.step_seconds.max(1));
    let steps = Steps {
        start: preview.start,
        end: preview.end + length,
        length,
        starts: series.points.iter().map(|point| point.timestamp).collect(),
    };
    // The value of an evaluation is drawn in the middle of its step.
    let at = |moment: Timestamp| moment + length / 2;
    let bands = series.alerts.iter().map(|alert| Band {
        class: class(alert.severity),
        start: at(alert.start),
        end: alert.end.map_or(steps.end, at),
    });
    let thresholds = Severity::ALL
        .into_iter()
        .filter_map(|severity| Some(Threshold { class: class(severity), value: rule.threshold(severity)? }));
    PreviewChart {
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

/// Returns a sentence with the number of alerts that would have fired.
#[must_use]
pub fn firing_summary(preview: &AlertPreview) -> String {
    let hours = (preview.end.since(preview.start).as_secs() + 1800) / 3600;
    let period = match hours {
        0..=1 => "the last hour".to_owned(),
        2..=48 => format!("the last {hours} hours"),
        _ => format!("the last {} days", (hours + 12) / 24),
    };
    match preview.alerts {
        0 => format!("Would not have fired in {period}."),
        1 => format!("Would have fired once in {period}."),
        times => format!("Would have fired {} times in {period}.", format::integer(times)),
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
    fn marks_an_alert_from_its_first_to_its_last_evaluation() {
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
        let chart = preview_chart(&preview(2, 1), &series, &rule);
        let bands: Vec<_> = chart.marks.bands.iter().map(|band| (band.class, band.start, band.end)).collect();
        assert_eq!(bands, [("mark-warning", at(5), at(15)), ("mark-critical", at(25), at(70))]);
        assert_eq!(chart.steps.middle(2), at(25), "the band starts where the value is drawn");
        let lines: Vec<_> = chart.marks.thresholds.iter().map(|line| (line.class, line.value)).collect();
        assert_eq!(lines, [("mark-warning", 5.0), ("mark-critical", 20.0)]);
    }

    #[test]
    fn summarizes_the_number_of_firings() {
        assert_eq!(firing_summary(&preview(0, 24)), "Would not have fired in the last 24 hours.");
        assert_eq!(firing_summary(&preview(1, 1)), "Would have fired once in the last hour.");
        assert_eq!(firing_summary(&preview(3, 168)), "Would have fired 3 times in the last 7 days.");
    }
}

//! Tests of the alert state machine with series of values.

use super::*;

const WARNING: Option<Change> = Some(Change::Fired(Severity::Warning));
const RECOVERED: Option<Change> = Some(Change::Resolved(Resolution::Recovered));

fn rule() -> AlertRuleRequest {
    AlertRuleRequest {
        warning: Some(5.0),
        critical: Some(20.0),
        hysteresis_percent: 10,
        ..AlertRuleRequest::default()
    }
}

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute * 60_000_000)
}

/// Returns the changes of an alert for one value per minute, with the minute of each change.
fn changes(rule: &AlertRuleRequest, values: &[Option<f64>]) -> Vec<(i64, Change)> {
    let mut group = GroupState::default();
    (0..).zip(values).filter_map(|(at, &value)| Some((at, group.step(rule, minute(at), value)?))).collect()
}

fn values<const N: usize>(values: [f64; N]) -> [Option<f64>; N] {
    values.map(Some)
}

/// Returns the notifications for one value per minute, with the minute of each notification.
fn notifications(
    rule: &AlertRuleRequest,
    acknowledged_from: i64,
    values: &[Option<f64>],
) -> Vec<(i64, AlertEvent)> {
    let mut group = GroupState::default();
    let mut events = Vec::new();
    for (number, &value) in (0..).zip(values) {
        group.step(rule, minute(number), value);
        let context =
            NotifyContext { at: minute(number), is_now: true, is_acknowledged: number >= acknowledged_from };
        events.extend(group.notify(rule, context).map(|event| (number, event)));
    }
    events
}

#[test]
fn fires_at_the_threshold_and_resolves_beyond_the_hysteresis() {
    let found = changes(&rule(), &values([4.9, 5.0, 4.6, 4.5, 4.4, 4.9, 5.0]));
    let resolved = Change::Resolved(Resolution::Recovered);
    let fired = Change::Fired(Severity::Warning);
    assert_eq!(found, [(1, fired), (4, resolved), (6, fired)]);
}

#[test]
fn side_below_mirrors_side_above() {
    let rule = AlertRuleRequest { side: Side::Below, warning: Some(50.0), critical: Some(10.0), ..rule() };
    let found = changes(&rule, &values([51.0, 50.0, 55.0, 10.0, 11.1, 55.1]));
    let expected = [
        (1, Change::Fired(Severity::Warning)),
        (3, Change::Escalated(Severity::Critical)),
        (4, Change::Deescalated(Severity::Warning)),
        (5, Change::Resolved(Resolution::Recovered)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn applies_hysteresis_to_a_negative_threshold_in_the_direction_of_recovery() {
    let rule = AlertRuleRequest { warning: Some(-50.0), critical: None, side: Side::Below, ..rule() };
    let found = changes(&rule, &values([-49.9, -50.0, -45.0, -44.9]));
    assert_eq!(found, [(1, Change::Fired(Severity::Warning)), (3, Change::Resolved(Resolution::Recovered))]);
}

#[test]
fn best_possible_value_resolves_if_hysteresis_exceeds_the_range() {
    let quality = AlertRuleRequest {
        metric: AlertMetric::QualityScore,
        side: Side::Below,
        warning: Some(95.0),
        critical: None,
        ..rule()
    };
    let expected = [(0, Change::Fired(Severity::Warning)), (2, Change::Resolved(Resolution::Recovered))];
    assert_eq!(changes(&quality, &values([94.0, 99.9, 100.0])), expected);
    let change =
        AlertRuleRequest { baseline: Baseline::DayBefore, warning: Some(-99.0), critical: None, ..rule() };
    assert_eq!(changes(&change, &values([-50.0, -99.5, -100.0])), expected);
}

#[test]
fn alert_has_the_highest_severity_that_is_crossed() {
    let found = changes(&rule(), &values([25.0, 18.0, 17.9, 20.0, 1.0]));
    let expected = [
        (0, Change::Fired(Severity::Critical)),
        (2, Change::Deescalated(Severity::Warning)),
        (3, Change::Escalated(Severity::Critical)),
        (4, Change::Resolved(Resolution::Recovered)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn each_threshold_must_be_crossed_without_interruption_for_the_for_duration() {
    let rule = AlertRuleRequest { for_minutes: 3, ..rule() };
    let once = changes(&rule, &values([6.0, 6.0, 6.0, 25.0, 25.0, 25.0, 25.0]));
    assert_eq!(once, [(3, Change::Fired(Severity::Warning)), (6, Change::Escalated(Severity::Critical))]);
    // A value within the hysteresis keeps an open alert open, but does not count as crossed.
    let broken = changes(&rule, &values([6.0, 6.0, 6.0, 4.9, 6.0, 6.0, 6.0]));
    assert_eq!(broken, []);
}

#[test]
fn missing_value_restarts_a_pending_alert_and_keeps_an_open_one() {
    let pending = AlertRuleRequest { for_minutes: 2, ..rule() };
    let mut missing = values([6.0; 5]);
    missing[1] = None;
    assert_eq!(changes(&pending, &missing), [(4, Change::Fired(Severity::Warning))]);
    assert_eq!(changes(&rule(), &missing), [(0, Change::Fired(Severity::Warning))]);
}

#[test]
fn resolves_an_alert_without_a_value_for_a_whole_window() {
    let rule = AlertRuleRequest { window_minutes: 5, ..rule() };
    let mut missing = [None; 9];
    missing[1] = Some(6.0);
    let lost = Change::Resolved(Resolution::NothingMeasured);
    assert_eq!(changes(&rule, &missing), [(1, Change::Fired(Severity::Warning)), (6, lost)]);
}

#[test]
fn new_thresholds_apply_to_an_open_alert() {
    let mut group = GroupState::default();
    assert_eq!(group.step(&rule(), minute(0), Some(6.0)), WARNING);
    let stricter = AlertRuleRequest { critical: Some(6.0), ..rule() };
    let escalated = Some(Change::Escalated(Severity::Critical));
    assert_eq!(group.step(&stricter, minute(1), Some(6.0)), escalated);
    let without = AlertRuleRequest { critical: None, ..rule() };
    assert_eq!(group.step(&without, minute(2), Some(6.0)), Some(Change::Deescalated(Severity::Warning)));
    let milder = AlertRuleRequest { warning: Some(10.0), ..rule() };
    assert_eq!(group.step(&milder, minute(3), Some(6.0)), RECOVERED);
    assert!(group.is_empty());
}

#[test]
fn notifies_once_each_of_firing_escalation_and_resolution() {
    use AlertEvent::{Escalated, Firing, Resolved};
    let found = notifications(&rule(), i64::MAX, &values([6.0, 6.0, 25.0, 25.0, 6.0, 25.0, 1.0, 1.0]));
    assert_eq!(found, [(0, Firing), (2, Escalated), (5, Escalated), (6, Resolved)]);
}

#[test]
fn sends_reminders_after_the_last_notification_until_the_alert_is_acknowledged() {
    use AlertEvent::{Escalated, Firing, Reminder, Resolved};
    let rule = AlertRuleRequest { renotify_minutes: Some(3), ..rule() };
    let values = values([6.0, 6.0, 6.0, 6.0, 25.0, 25.0, 25.0, 25.0, 25.0, 25.0, 25.0, 1.0]);
    let all = [(0, Firing), (3, Reminder), (4, Escalated), (7, Reminder), (10, Reminder), (11, Resolved)];
    assert_eq!(notifications(&rule, i64::MAX, &values), all);
    assert_eq!(
        notifications(&rule, 5, &values),
        [(0, Firing), (3, Reminder), (4, Escalated), (11, Resolved)]
    );
}

#[test]
fn muted_rule_notifies_of_open_alerts_when_the_mute_ends() {
    use AlertEvent::{Escalated, Firing, Resolved};
    let rule = |until| AlertRuleRequest { muted_until: Some(minute(until)), ..rule() };
    let values = values([6.0, 6.0, 6.0, 25.0, 25.0, 1.0, 6.0]);
    assert_eq!(
        notifications(&rule(2), i64::MAX, &values),
        [(2, Firing), (3, Escalated), (5, Resolved), (6, Firing)]
    );
    // No resolution is sent for an alert whose firing was muted.
    assert_eq!(notifications(&rule(6), i64::MAX, &values), [(6, Firing)]);
}

#[test]
fn sends_an_escalation_that_happened_while_muted_after_the_mute() {
    use AlertEvent::{Escalated, Firing};
    let muted = AlertRuleRequest { muted_until: Some(minute(3)), ..rule() };
    let mut group = GroupState::default();
    let mut notify = |rule: &AlertRuleRequest, at: i64, value: f64| {
        group.step(rule, minute(at), Some(value));
        group.notify(rule, NotifyContext { at: minute(at), is_now: true, is_acknowledged: false })
    };
    assert_eq!(notify(&rule(), 0, 6.0), Some(Firing));
    assert_eq!(notify(&muted, 1, 25.0), None);
    assert_eq!(notify(&muted, 3, 25.0), Some(Escalated));
    assert_eq!(notify(&muted, 4, 25.0), None);
}

#[test]
fn sends_no_reminders_for_missed_evaluations() {
    let rule = AlertRuleRequest { renotify_minutes: Some(5), ..rule() };
    let mut group = GroupState::default();
    let context = |at, is_now| NotifyContext { at: minute(at), is_now, is_acknowledged: false };
    group.step(&rule, minute(0), Some(6.0));
    assert_eq!(group.notify(&rule, context(0, false)), Some(AlertEvent::Firing));
    assert_eq!(group.notify(&rule, context(10, false)), None);
    assert_eq!(group.notify(&rule, context(11, true)), Some(AlertEvent::Reminder));
}

#[test]
fn state_survives_serialization() {
    let mut state = RuleState { condition: Some(Condition::of(&rule())), ..RuleState::default() };
    let pending = AlertRuleRequest { for_minutes: 5, ..rule() };
    for (key, rule) in [("a", &rule()), ("", &pending)] {
        let group = state.groups.entry(key.to_owned()).or_default();
        group.step(rule, minute(1), Some(30.0));
        group.notify(rule, NotifyContext { at: minute(1), is_now: true, is_acknowledged: false });
    }
    let text = serde_json::to_string(&state).unwrap_or_default();
    assert!(text.contains(r#""told":{"at""#), "stored states keep the old field name: {text}");
    assert_eq!(serde_json::from_str::<RuleState>(&text).ok(), Some(state));
}

//! The text of a notification for people, independent of the format: a headline, sentences, fields and links.

use std::{fmt::Write as _, time::Duration};

use domain::alert::record::{Notification, NotifiedGroup};
use shared::{
    Timestamp,
    alert::{Alert, Resolution},
    alert_channel::AlertEvent,
    format,
};

use super::link::Links;

/// The maximum number of characters of a headline. Slack truncates longer texts.
const HEADLINE_CHARS: usize = 250;
/// The maximum number of characters of a description. Leaves room for links in Slack.
const DESCRIPTION_CHARS: usize = 2000;
/// The headline of a test. Constant, because any user can send a test to any address.
const TEST: &str = "[test] Agent Observability";
/// The headline of an e-mail with a link to confirm. Constant like [`TEST`].
const CONFIRMATION: &str = "[confirm] Agent Observability: alert notifications";
/// The name of the product in subjects.
const PRODUCT: &str = "Agent Observability";
/// The maximum number of characters of a title in a list of alerts.
const LIST_ITEM_CHARS: usize = 80;

/// The text of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) headline: String,
    pub(super) sentences: Vec<String>,
    /// Labels with values.
    pub(super) fields: Vec<(&'static str, String)>,
    /// Labels with URLs, the most important first.
    pub(super) links: Vec<(&'static str, String)>,
}

/// Returns the text of a notification.
pub(super) fn text(notification: &Notification, links: &Links) -> Text {
    let Some(alert) = &notification.alert else {
        return Text {
            headline: TEST.to_owned(),
            sentences: vec!["This is a test. Alerts will be delivered to this channel.".to_owned()],
            fields: Vec::new(),
            links: links.settings().map(|url| ("Channels", url)).into_iter().collect(),
        };
    };
    let mark = mark(notification.event, alert);
    if let Some(group) = &notification.group {
        return group_text(notification.event, mark, group, links);
    }
    let traces = alert.traces.as_ref().and_then(|traces| links.traces(traces));
    Text {
        headline: line(&format!("[{mark}] {}", alert.title), HEADLINE_CHARS),
        sentences: event_sentence(notification, alert)
            .into_iter()
            .chain([line(&alert.description, DESCRIPTION_CHARS)])
            .collect(),
        fields: fields(alert),
        links: [("Alert", links.alert(alert.id)), ("Traces", traces)]
            .into_iter()
            .filter_map(|(name, url)| Some((name, url?)))
            .collect(),
    }
}

/// Returns the word that a headline begins with: the severity, or that the alert is resolved.
fn mark(event: AlertEvent, alert: &Alert) -> &'static str {
    if event == AlertEvent::Resolved { "resolved" } else { alert.severity.as_str() }
}

/// Returns the subject of an e-mail. It has only fixed words and numbers, because users choose the names of rules, agents and
/// models, and could otherwise write to any address.
pub(super) fn subject(notification: &Notification) -> String {
    let Some(alert) = &notification.alert else {
        let is_confirmation = notification.event == AlertEvent::Confirmation;
        return if is_confirmation { CONFIRMATION } else { TEST }.to_owned();
    };
    let (mark, alerts) = (mark(notification.event, alert), alerts(notification.alert_count()));
    let event = match notification.event {
        AlertEvent::Firing | AlertEvent::Test | AlertEvent::Confirmation => "firing",
        AlertEvent::Escalated => "escalated",
        AlertEvent::Reminder => "still active",
        AlertEvent::Resolved => "resolved",
    };
    format!("[{mark}] {PRODUCT}: {alerts} {event}")
}

/// Returns the text of a notification of several alerts of a rule.
fn group_text(event: AlertEvent, mark: &str, group: &NotifiedGroup, links: &Links) -> Text {
    let events = match event {
        AlertEvent::Firing | AlertEvent::Test | AlertEvent::Confirmation => "fired",
        AlertEvent::Escalated => "escalated",
        AlertEvent::Reminder => "are active and not acknowledged",
        AlertEvent::Resolved => "were resolved",
    };
    let first = group.alerts.first().map(|alert| alert.title.as_str()).unwrap_or_default();
    let more = |count: u64| format!("and {} more", format::integer(count));
    let mut sentences = vec![format!("{} {events}:", alerts(group.total))];
    sentences.extend(group.alerts.iter().map(list_item));
    let rest = group.total.saturating_sub(group.alerts.len() as u64);
    sentences.extend((rest > 0).then(|| more(rest)));
    Text {
        headline: line(&format!("[{mark}] {first} {}", more(group.total.saturating_sub(1))), HEADLINE_CHARS),
        sentences,
        fields: Vec::new(),
        links: links.alerts().map(|url| ("Alerts", url)).into_iter().collect(),
    }
}

/// Returns an alert of a list in one line: its title, severity, value and threshold.
fn list_item(alert: &Alert) -> String {
    let value = |value: Option<f64>| Some(alert.metric?.unit(alert.is_change).text(value?));
    let mut text = format!("{} ({}", line(&alert.title, LIST_ITEM_CHARS), alert.severity.as_str());
    for (name, value) in [("value", value(alert.metric_value)), ("threshold", value(alert.threshold))] {
        if let Some(value) = value {
            // Writing to a string never fails.
            let _ = write!(text, ", {name} {value}");
        }
    }
    text.push(')');
    text
}

fn alerts(count: u64) -> String {
    if count == 1 { "1 alert".to_owned() } else { format!("{} alerts", format::integer(count)) }
}

/// Returns the text of an e-mail with a link by which the recipient confirms.
pub(super) fn confirmation(link: String) -> Text {
    Text {
        headline: CONFIRMATION.to_owned(),
        sentences: vec![
            "A workspace of Agent Observability wants to send alert notifications to this address."
                .to_owned(),
            "To receive them, confirm within 7 days. Otherwise ignore this e-mail.".to_owned(),
        ],
        fields: Vec::new(),
        links: vec![("Confirm", link)],
    }
}

/// Describes the event, except for an alert that fired: its description does.
fn event_sentence(notification: &Notification, alert: &Alert) -> Option<String> {
    let duration = duration(notification.at.since(alert.created_at));
    Some(match notification.event {
        AlertEvent::Firing | AlertEvent::Test | AlertEvent::Confirmation => return None,
        AlertEvent::Escalated => format!("The severity increased to {}.", alert.severity.as_str()),
        AlertEvent::Reminder => format!("Active for {duration} and not acknowledged."),
        AlertEvent::Resolved => {
            let reason = match alert.resolution {
                Some(Resolution::Recovered) | None => "the value returned within the threshold",
                Some(Resolution::NothingMeasured) => "there is no data",
                Some(Resolution::RuleChanged) => "the metric, filters or grouping of the rule changed",
                Some(Resolution::RuleDisabled) => "the rule was disabled",
                Some(Resolution::RuleDeleted) => "the rule was deleted",
            };
            format!("Resolved after {duration}: {reason}.")
        }
    })
}

fn fields(alert: &Alert) -> Vec<(&'static str, String)> {
    let value = |value: Option<f64>| Some(alert.metric?.unit(alert.is_change).text(value?));
    [
        ("Value", value(alert.metric_value)),
        ("Threshold", value(alert.threshold)),
        ("Worst value", value(alert.worst_value)),
        ("Agent", alert.agent_id.clone()),
        ("Model", alert.model.clone()),
        ("Fired", Some(time(alert.created_at))),
        ("Resolved", alert.resolved_at.map(time)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, line(&value?, HEADLINE_CHARS))))
    .collect()
}

/// Formats a time to the second.
fn time(at: Timestamp) -> String {
    at.floor(Duration::from_secs(1)).to_string().replace('T', " ").replace('Z', " UTC")
}

/// Formats a duration in whole minutes.
fn duration(duration: Duration) -> String {
    match duration.as_secs() / 60 {
        0 => "less than a minute".to_owned(),
        minutes => format::minutes(minutes as f64),
    }
}

/// Returns the text as one line of at most `max` characters, in the order in which it is written: names come from traces
/// and may contain anything.
fn line(text: &str, max: usize) -> String {
    let is_break = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    let is_direction = |char: &char| matches!(char, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let chars = text.chars().filter(|char| !is_direction(char));
    let text: String = chars.map(|char| if is_break(char) { ' ' } else { char }).collect();
    truncate(text.trim(), max)
}

/// Truncates a text to `max` characters.
pub(super) fn truncate(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_all_units() {
        for (seconds, text) in [
            (59, "less than a minute"),
            (60, "1 min"),
            (7_200, "2 h"),
            (7_260, "2 h 1 min"),
            (86_400, "1 d"),
            (90_061, "1 d 1 h 1 min"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_headline_is_one_short_line() {
        assert_eq!(line("a\r\nBcc:\u{2028}x", HEADLINE_CHARS), "a  Bcc: x");
        assert_eq!(line("a\u{202e}b\u{2066}c", HEADLINE_CHARS), "abc");
        assert_eq!(line(&"é".repeat(1000), HEADLINE_CHARS).chars().count(), HEADLINE_CHARS);
        assert_eq!(time(Timestamp::from_millis(1_700_000_000_123)), "2023-11-14 22:13:20 UTC");
    }
}

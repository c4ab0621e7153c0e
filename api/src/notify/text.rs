//! What is told to people: a headline, sentences, figures and links, before Slack or an e-mail gives them a form.

use std::time::Duration;

use domain::alert::record::Notification;
use shared::{
    Timestamp,
    alert::{Alert, Resolution},
    alert_channel::AlertEvent,
    format,
};

use super::link::Links;

/// Characters of a headline and of a description at most: what Slack shows, with room for links.
const HEADLINE_CHARS: usize = 250;
const DESCRIPTION_CHARS: usize = 2000;
/// The headline of a test: nobody's own words, which may go to anybody.
const TEST: &str = "[test] Agent Observability";

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) headline: String,
    pub(super) sentences: Vec<String>,
    /// Figures and names, with what they are.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Links, with what they lead to; the most important one first.
    pub(super) links: Vec<(&'static str, String)>,
}

/// What a notification says.
pub(super) fn text(notification: &Notification, links: &Links) -> Text {
    let Some(alert) = &notification.alert else {
        return Text {
            headline: TEST.to_owned(),
            sentences: vec!["Somebody tries this channel: alerts arrive here.".to_owned()],
            facts: Vec::new(),
            links: links.settings().map(|url| ("Channels", url)).into_iter().collect(),
        };
    };
    let mark = if notification.event == AlertEvent::Resolved { "resolved" } else { alert.severity.as_str() };
    let traces = alert.traces.as_ref().and_then(|traces| links.traces(traces));
    Text {
        headline: line(&format!("[{mark}] {}", alert.title)),
        sentences: happened(notification, alert)
            .into_iter()
            .chain([cut(&alert.description, DESCRIPTION_CHARS)])
            .collect(),
        facts: facts(alert),
        links: [("Alert", links.alert(alert.id)), ("Traces behind it", traces)]
            .into_iter()
            .filter_map(|(name, url)| Some((name, url?)))
            .collect(),
    }
}

/// What happened, but for an alert that fired: that is what it says itself.
fn happened(notification: &Notification, alert: &Alert) -> Option<String> {
    let lasted = span(notification.at.since(alert.created_at));
    Some(match notification.event {
        AlertEvent::Firing | AlertEvent::Test => return None,
        AlertEvent::Escalated => format!("It became worse, and is {} now.", alert.severity.as_str()),
        AlertEvent::Reminder => format!("It has lasted for {lasted}, and nobody has acknowledged it."),
        AlertEvent::Resolved => {
            let why = match alert.resolution {
                Some(Resolution::Recovered) | None => "the value is within its bounds again",
                Some(Resolution::NothingMeasured) => "there is nothing to measure any more",
                Some(Resolution::RuleChanged) => "its rule measures something else now",
                Some(Resolution::RuleDisabled) => "its rule was switched off",
                Some(Resolution::RuleDeleted) => "its rule was removed",
            };
            format!("It is over after {lasted}: {why}.")
        }
    })
}

fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let figure = |value: Option<f64>| Some(alert.metric?.unit(alert.is_change).text(value?));
    [
        ("Value", figure(alert.metric_value)),
        ("Threshold", figure(alert.threshold)),
        ("Worst value", figure(alert.worst_value)),
        ("Agent", alert.agent_id.clone()),
        ("Model", alert.model.clone()),
        ("Fired", Some(moment(alert.created_at))),
        ("Over", alert.resolved_at.map(moment)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, line(&value?))))
    .collect()
}

/// To the second, for people.
fn moment(at: Timestamp) -> String {
    at.floor(Duration::from_secs(1)).to_string().replace('T', " ").replace('Z', " UTC")
}

/// Formats how long an alert has lasted, in whole minutes.
fn span(lasted: Duration) -> String {
    match lasted.as_secs() / 60 {
        0 => "less than a minute".to_owned(),
        minutes => format::minutes(minutes as f64),
    }
}

/// One line that is not long: names come from whoever sends traces.
fn line(text: &str) -> String {
    let text: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    cut(text.trim(), HEADLINE_CHARS)
}

/// Text of so many characters at most.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_all_its_units() {
        for (seconds, text) in [
            (59, "less than a minute"),
            (60, "1 min"),
            (7_200, "2 h"),
            (7_260, "2 h 1 min"),
            (86_400, "1 d"),
            (90_061, "1 d 1 h 1 min"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_headline_is_one_line_and_not_long() {
        assert_eq!(line("a\r\nBcc: x"), "a  Bcc: x");
        assert_eq!(line(&"é".repeat(1000)).chars().count(), HEADLINE_CHARS);
        assert_eq!(moment(Timestamp::from_millis(1_700_000_000_123)), "2023-11-14 22:13:20 UTC");
    }
}

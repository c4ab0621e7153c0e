//! The alert rules of the demo, and the alerts of its history, which the regular evaluation finds once the history is
//! stored. New alerts come from the regular evaluation.

use std::{collections::BTreeSet, time::Duration};

use domain::alert::{
    default::default_rules,
    evaluate::RuleRun,
    lifecycle,
    record::{AlertFilter, AlertRecord, DueRule},
    state::{Condition, RuleState},
};
use shared::{
    Timestamp,
    alert::Alert,
    alert_rule::{AlertRule, AlertRuleRequest},
    time_range::Window,
};
use store::{StoreError, alert::AlertStore, trace::TraceStore};
use uuid::Uuid;

use super::data;
use crate::alert::read::{description_data, readings};

/// The length of the windows that are evaluated at once.
const DAY: Duration = Duration::from_secs(86_400);
/// The evaluation interval of rules with windows of less than a day.
const SHORT_WINDOW_INTERVAL: Duration = Duration::from_secs(300);
/// The evaluation interval of rules with longer windows.
const LONG_WINDOW_INTERVAL: Duration = Duration::from_secs(3600);
/// The maximum number of existing alerts of a rule that are read.
const MAX_ALERTS: u32 = 1000;

/// Returns the initial alert rules of the demo workspace: the default rules and some that show more features.
#[must_use]
pub fn rules() -> Vec<AlertRuleRequest> {
    let additional: Vec<AlertRuleRequest> = data::read(include_str!("alert_rules.json"));
    default_rules().into_iter().chain(additional).collect()
}

/// Stores the alerts of the demo's rules that would have fired and been resolved in the past: in all of `history` if
/// a rule has no alerts yet, otherwise since `changed`. Alerts that overlap existing ones are skipped. Returns the
/// number of new alerts.
///
/// # Errors
/// Returns an error if the store fails.
pub async fn replay(
    traces: &TraceStore,
    workspace_id: Uuid,
    history: Window,
    changed: Timestamp,
) -> Result<u64, StoreError> {
    let names: BTreeSet<String> = rules().into_iter().map(|rule| rule.name).collect();
    let alerts = AlertStore::new(traces.database());
    let mut inserted = 0;
    for rule in alerts.list_rules(workspace_id).await? {
        if !names.contains(&rule.rule.name) {
            continue;
        }
        let filter = AlertFilter { rule_id: Some(rule.id), ..AlertFilter::default() };
        let known = alerts.list_alerts(workspace_id, filter, 0, MAX_ALERTS).await?.items;
        let start = if known.is_empty() { history.start } else { changed };
        let mut found = past(traces, workspace_id, &rule, Window { start, end: history.end }).await?;
        found.retain(|record| known.iter().all(|known| !overlaps(known, &record.alert)));
        inserted += alerts.insert_alerts(&found).await?;
    }
    Ok(inserted)
}

fn overlaps(one: &Alert, other: &Alert) -> bool {
    let ends_after = |alert: &Alert, at: Timestamp| alert.resolved_at.is_none_or(|end| end >= at);
    one.title == other.title && ends_after(one, other.created_at) && ends_after(other, one.created_at)
}

/// Returns the alerts of a rule that fired and were resolved in a window.
async fn past(
    traces: &TraceStore,
    workspace_id: Uuid,
    rule: &AlertRule,
    window: Window,
) -> Result<Vec<AlertRecord>, StoreError> {
    let step = if rule.rule.window_minutes < 1440 { SHORT_WINDOW_INTERVAL } else { LONG_WINDOW_INTERVAL };
    let mut due = DueRule {
        id: rule.id,
        workspace_id,
        rule: rule.rule.clone(),
        version: 1,
        is_deleted: false,
        state: String::new(),
        evaluated_at: None,
        open: Vec::new(),
    };
    let mut state = RuleState { condition: Some(Condition::of(&rule.rule)), ..RuleState::default() };
    let mut resolved = Vec::new();
    let mut start = window.start.ceil(step);
    while start < window.end {
        let end = window.end.min(start + DAY);
        let times: Vec<_> =
            std::iter::successors(Some(start), |&at| Some(at + step)).take_while(|&at| at < end).collect();
        let rules = std::iter::once((&due.rule, times.as_slice()));
        let readings = readings(traces, workspace_id, rules).await?;
        let mut run = RuleRun::replay(state, times, end);
        let events = run.evaluate(&due, &readings);
        let subjects: Vec<_> = events.iter().filter_map(|event| lifecycle::subject(&due, event)).collect();
        let data = description_data(traces, workspace_id, &subjects).await?;
        let (ended, open): (Vec<_>, Vec<_>) = lifecycle::apply_events(&due, &events, &data, &[])
            .alerts
            .into_iter()
            .partition(|record| record.alert.resolved_at.is_some());
        due.open.retain(|known| ended.iter().chain(&open).all(|record| record.alert.id != known.alert.id));
        due.open.extend(open);
        resolved.extend(ended);
        state = run.state;
        start = start + DAY;
    }
    Ok(resolved)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use domain::trace::record::NewTrace;
    use ingest::{field::Arrival, rest};
    use shared::alert::Severity;

    use super::*;
    use crate::demo::traces_between;

    const SEED: u64 = 42;

    async fn fill(store: &TraceStore, workspace_id: Uuid, window: Window) {
        let arrival = Arrival { workspace_id, now: window.end };
        let traces: Vec<NewTrace> = traces_between(SEED, window.start, window.end)
            .map(|trace| {
                let raw = serde_json::value::to_raw_value(&trace).unwrap();
                // Only the numbers matter here.
                NewTrace {
                    spans: Vec::new(),
                    payload: "{}".to_owned(),
                    ..rest::trace(&raw, arrival).unwrap()
                }
            })
            .collect();
        for batch in traces.chunks(5000) {
            store.write(&batch.iter().collect::<Vec<_>>()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_history_has_alerts_of_every_severity_on_most_days_without_duplicates() {
        let directory = tempfile::tempdir().unwrap();
        let store = TraceStore::open_sqlite(&directory.path().join("traces.db")).await.unwrap();
        let workspace_id = Uuid::new_v4();
        let end: Timestamp = "2025-10-31T09:30:00Z".parse().unwrap();
        let history = Window { start: end - DAY * 14, end };
        fill(&store, workspace_id, history).await;
        let alerts = AlertStore::new(store.database());
        alerts.create_default_rules(workspace_id, &rules(), end).await.unwrap();
        let kept = replay(&store, workspace_id, history, end).await.unwrap();
        let alerts = alerts.list_alerts(workspace_id, AlertFilter::default(), 0, 1000).await.unwrap().items;
        assert_eq!(alerts.len() as u64, kept);
        assert!((14..=60).contains(&kept), "{kept}");
        // The description is from when the alert fired or escalated; the severity of most alerts decreases before they
        // are resolved.
        for severity in Severity::ALL {
            let says = format!("Threshold for {}:", severity.as_str());
            assert!(alerts.iter().any(|alert| alert.description.contains(&says)), "{severity:?}");
        }
        assert!(alerts.iter().all(|alert| alert.resolved_at.is_some() && !alert.description.is_empty()));
        assert_eq!(replay(&store, workspace_id, history, history.start).await.unwrap(), 0);
        store.close().await;
    }
}

//! A rule's turn: at which moments it is evaluated, and what happens to its groups at each. Pure, as `state` is: what was
//! measured goes in, what happened comes out.

use std::{collections::BTreeSet, time::Duration};

use shared::{
    Timestamp,
    alert::{Resolution, Severity},
    alert_channel::AlertEvent,
    alert_rule::{AlertMetric, AlertRuleRequest},
};

use super::{
    measure::{Measured, Readings, is_plain},
    record::DueRule,
    state::{Change, Condition, GroupState, Occasion, RuleState, Told, is_muted},
};

/// How long the server may have been away, at least, before silence is not counted.
const SHORTEST_GAP: Duration = Duration::from_secs(120);
/// Moments that are caught up with at most, and how far they may lie apart where that is further than in life: they are
/// multiples of it, in seconds, which for longer windows are the edges of what is added up already.
const CAUGHT_UP: u32 = 60;
const STEPS: [u64; 5] = [60, 300, 600, 900, 1800];
/// How far apart they lie after a longer gap where traces are added up by agent and model by the hour alone: anything else would
/// read all traces of the gap one by one.
const HOUR: Duration = Duration::from_secs(3600);
/// How far back that reaches.
const CAUGHT_UP_FOR: Duration = Duration::from_secs(86_400);

/// What a rule's turn is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// What is remembered.
    pub state: RuleState,
    /// Why the alerts that last are over before anything is measured; they go on where absent.
    pub ends: Option<Resolution>,
    /// When it is evaluated, in order: the last moment is now. None where it is not any more.
    pub moments: Vec<Timestamp>,
    now: Timestamp,
}

/// What happened to an alert at a moment, or what it is while nothing does.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// Which group's alert it is.
    pub key: String,
    /// When.
    pub at: Timestamp,
    /// What was measured then.
    pub value: Option<f64>,
    /// How bad it is after that; nothing where it is over.
    pub severity: Option<Severity>,
    /// What became of it.
    pub change: Option<Change>,
    /// What channels are to be told.
    pub event: Option<AlertEvent>,
    /// What they were told before.
    pub told: Option<Told>,
}

impl Turn {
    /// The turn of a rule that is due.
    #[must_use]
    pub fn of(due: &DueRule, now: Timestamp, interval: Duration) -> Self {
        let state = remembered(due);
        if due.is_deleted || !due.rule.enabled {
            let resolution = if due.is_deleted { Resolution::RuleDeleted } else { Resolution::RuleDisabled };
            return Self { state, ends: Some(resolution), moments: Vec::new(), now };
        }
        let condition = Condition::of(&due.rule);
        let turn = |state, moments| Self { state, ends: None, moments, now };
        let last = due.evaluated_at.filter(|_| state.condition.is_some());
        if state.condition.as_ref().is_some_and(|before| *before != condition) {
            return Self { state, ends: Some(Resolution::RuleChanged), moments: vec![now], now };
        }
        let mut state = RuleState { condition: Some(condition), ..state };
        adopt(due, &mut state, now);
        let Some(last) = last else { return turn(state, vec![now]) };
        if due.rule.metric != AlertMetric::NoData {
            return turn(state, moments(last, now, interval, is_plain(&due.rule)));
        }
        if now.since(last) > SHORTEST_GAP.max(interval * 4) {
            state.watching_since = Some(now);
        }
        turn(state, vec![now])
    }

    /// The turn of a rule at some moments of the past, by what was remembered before them. Nothing ends by itself.
    #[must_use]
    pub fn over(state: RuleState, moments: Vec<Timestamp>, now: Timestamp) -> Self {
        Self { state, ends: None, moments, now }
    }

    /// Leaves what was missed alone.
    pub fn only_now(&mut self) {
        self.moments.drain(..self.moments.len().saturating_sub(1));
    }

    /// Ends what is to end, then evaluates at every moment. What is to be remembered stands in `state` after that.
    pub fn run(&mut self, due: &DueRule, readings: &Readings) -> Vec<Happening> {
        let mut happened = self.ends.map_or_else(Vec::new, |resolution| self.end(due, resolution));
        let mut acknowledged: BTreeSet<&str> = due
            .open
            .iter()
            .filter(|record| record.alert.acknowledged_at.is_some() && self.ends.is_none())
            .map(|record| record.group_key.as_str())
            .collect();
        for (number, &at) in (1..).zip(&self.moments) {
            for (measured, change) in advance(&due.rule, &mut self.state, readings, at) {
                let key = measured.key.as_str();
                if matches!(change, Some(Change::Fired(_))) {
                    acknowledged.remove(key);
                }
                let Some(group) = self.state.groups.get_mut(key) else { continue };
                let told = group.told();
                let occasion = Occasion {
                    at,
                    is_now: number == self.moments.len(),
                    is_acknowledged: acknowledged.contains(key),
                };
                let event = group.tell(&due.rule, occasion);
                let severity = group.severity();
                if severity.is_some() || change.is_some() {
                    let (key, value) = (measured.key, measured.value);
                    happened.push(Happening { key, at, value, severity, change, event, told });
                }
            }
            self.state.groups.retain(|_, group| !group.is_empty());
        }
        happened
    }

    /// Ends all alerts that last, and forgets everything.
    fn end(&mut self, due: &DueRule, resolution: Resolution) -> Vec<Happening> {
        let at = self.now;
        let groups = std::mem::take(&mut self.state).groups;
        if !self.moments.is_empty() {
            self.state.condition = Some(Condition::of(&due.rule));
        }
        let ended = |key: &str| {
            let told = groups.get(key).and_then(GroupState::told);
            Happening {
                key: key.to_owned(),
                at,
                value: None,
                severity: None,
                change: Some(Change::Resolved(resolution)),
                event: told.filter(|_| !is_muted(&due.rule, at)).map(|_| AlertEvent::Resolved),
                told,
            }
        };
        due.open.iter().map(|record| ended(&record.group_key)).collect()
    }
}

/// Measures a rule at a moment and goes on by that: every group that there is, and what became of its alert. Groups of which
/// nothing is left to remember are still in `state`, for who wants to tell of them.
pub fn advance(
    rule: &AlertRuleRequest,
    state: &mut RuleState,
    readings: &Readings,
    at: Timestamp,
) -> Vec<(Measured, Option<Change>)> {
    let measured = readings.measure(rule, state, at);
    measured
        .into_iter()
        .map(|measured| {
            let change = match state.groups.get_mut(&measured.key) {
                Some(group) => group.step(rule, at, measured.value),
                None => {
                    let mut group = GroupState::default();
                    let change = group.step(rule, at, measured.value);
                    if !group.is_empty() {
                        state.groups.insert(measured.key.clone(), group);
                    }
                    change
                }
            };
            (measured, change)
        })
        .collect()
}

/// What the last evaluation wanted remembered.
fn remembered(due: &DueRule) -> RuleState {
    if due.state.is_empty() {
        return RuleState::default();
    }
    serde_json::from_str(&due.state).unwrap_or_else(|error| {
        tracing::warn!(rule = %due.id, %error, "what an alert rule remembers cannot be read, beginning anew");
        RuleState::default()
    })
}

/// Makes memory and alerts agree: of rules that were brought here from elsewhere there are alerts alone.
fn adopt(due: &DueRule, state: &mut RuleState, now: Timestamp) {
    let is_open = |key: &str| due.open.iter().any(|record| record.group_key == key);
    state.groups.retain(|key, group| group.severity().is_none() || is_open(key));
    for record in &due.open {
        let group = state.groups.entry(record.group_key.clone()).or_default();
        if group.severity().is_none() {
            *group = GroupState::adopted(&due.rule, record.alert.severity, now);
        }
    }
}

/// When a rule that was evaluated last at `last` is evaluated: now, and before that where it was away.
fn moments(last: Timestamp, now: Timestamp, interval: Duration, is_plain: bool) -> Vec<Timestamp> {
    let mut moments = Vec::new();
    if now.since(last) > interval * 2 {
        let from = last.max(now - CAUGHT_UP_FOR);
        let (step, mut at) = if !is_plain && now.since(from) > HOUR {
            (HOUR, (from + HOUR).floor(HOUR))
        } else if now.since(from) <= interval * CAUGHT_UP {
            (interval, from + interval)
        } else {
            let is_enough = |step: &Duration| *step > interval && now.since(from) <= *step * CAUGHT_UP;
            let step = STEPS.map(Duration::from_secs).into_iter().find(is_enough).unwrap_or(interval);
            (step, (from + step).floor(step))
        };
        while at < now {
            moments.push(at);
            at = at + step;
        }
    }
    moments.push(now);
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn what_is_evaluated_in_time_is_evaluated_now_alone() {
        let interval = Duration::from_secs(30);
        assert_eq!(moments(moment(0), moment(60), interval, true), [moment(60)]);
        assert_eq!(moments(moment(100), moment(60), interval, true), [moment(60)]);
    }

    #[test]
    fn what_is_added_up_by_the_hour_alone_catches_up_with_a_longer_gap_on_the_hour() {
        let interval = Duration::from_secs(30);
        let short = moments(moment(7), moment(3607), interval, false);
        assert_eq!(short, moments(moment(7), moment(3607), interval, true));
        let long = moments(moment(7), moment(10_000), interval, false);
        assert_eq!(long, [3600, 7200, 10_000].map(moment));
        let month = moments(moment(0), moment(30 * 86_400 + 7), interval, false);
        assert_eq!((month.len(), month[0]), (25, moment(29 * 86_400 + 3600)));
    }

    #[test]
    fn what_was_away_catches_up_by_the_interval_or_coarser_and_not_for_longer_than_a_day() {
        let interval = Duration::from_secs(30);
        assert_eq!(moments(moment(0), moment(80), interval, true), [30, 60, 80].map(moment));
        let hour = moments(moment(7), moment(3601), interval, true);
        assert_eq!((hour.len(), hour[0], hour[59], hour[60]), (61, moment(60), moment(3600), moment(3601)));
        let month = moments(moment(0), moment(30 * 86_400 + 7), interval, true);
        assert_eq!((month.len(), month[0]), (49, moment(29 * 86_400 + 1800)));
        // Where rules are evaluated every hour there are no more moments than in life.
        let hours = moments(moment(0), moment(6 * 3600), HOUR, true);
        assert_eq!(hours, [1, 2, 3, 4, 5, 6].map(|hour| moment(hour * 3600)));
    }
}

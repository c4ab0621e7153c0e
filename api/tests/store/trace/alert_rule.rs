//! Alert rules and channels, as people keep them.

use domain::alert::record::AlertRecord;
use shared::{
    alert::Severity,
    alert_channel::{AlertChannel, AlertChannelRequest, ChannelKind},
    alert_rule::{AlertMetric, AlertRule, AlertRuleRequest, Baseline, Side},
    limit,
    metric::Dimension,
};
use store::alert::AlertStore;
use uuid::Uuid;

use super::alert::{alert, at, of_rule, resolved};

/// A rule that says something of everything.
pub fn rule(name: &str) -> AlertRule {
    let rule = AlertRuleRequest {
        name: name.to_owned(),
        metric: AlertMetric::P95LatencyMs,
        agent_id: Some("b\u{f6}t \"1\"".to_owned()),
        model: None,
        group_by: Some(Dimension::Model),
        window_minutes: 45,
        baseline: Baseline::WeekBefore,
        side: Side::Below,
        info: Some(0.1),
        warning: None,
        critical: Some(-33.3),
        min_traces: 7,
        hysteresis_percent: 5,
        for_minutes: 3,
        renotify_minutes: Some(60),
        enabled: false,
        muted_until: Some(at(99)),
        channel_ids: Some(vec![Uuid::new_v4()]),
    };
    AlertRule {
        id: Uuid::new_v4(),
        rule,
        created_at: at(0),
        updated_at: at(0),
        evaluated_at: None,
        open_alerts: 0,
    }
}

/// A webhook with its secret.
pub fn channel(name: &str) -> AlertChannel {
    let channel = AlertChannelRequest {
        name: name.to_owned(),
        url: Some("https://example.com/hook".to_owned()),
        ..AlertChannelRequest::default()
    };
    let secret = Some(format!("whsec_{name}"));
    AlertChannel {
        id: Uuid::new_v4(),
        channel,
        created_at: at(0),
        updated_at: at(0),
        last_delivery: None,
        secret,
    }
}

pub async fn many_who_begin_a_workspace_give_it_its_rules_once(store: &AlertStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let begins: Vec<_> = (0..9).map(|number| rule(&format!("rule {number}")).rule).collect();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, begins) = (store.clone(), begins.clone());
            tokio::spawn(async move { store.create_default_rules(mine, &begins, at(5)).await.unwrap() })
        })
        .collect();
    let mut times = 0;
    for task in tasks {
        times += usize::from(task.await.unwrap());
    }
    assert_eq!(times, 1);
    let rules = store.list_rules(mine).await.unwrap();
    assert_eq!(rules.iter().map(|rule| rule.rule.clone()).collect::<Vec<_>>(), begins, "in their order");
    for rule in &rules {
        assert!(store.delete_rule(mine, rule.id, at(6)).await.unwrap());
    }
    assert!(
        !store.create_default_rules(mine, &begins, at(7)).await.unwrap(),
        "what was removed does not come back"
    );
    assert_eq!(store.list_rules(mine).await.unwrap(), []);
    assert_eq!(store.list_rules(other).await.unwrap(), []);
    assert!(store.create_default_rules(other, &begins, at(8)).await.unwrap());
}

pub async fn a_rule_comes_back_as_it_was_given_to_its_own_workspace(store: &AlertStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (first, second) = (rule("first"), AlertRule { created_at: at(1), ..rule("second") });
    for rule in [&second, &first] {
        assert!(store.create_rule(mine, rule).await.unwrap());
    }
    assert_eq!(store.list_rules(mine).await.unwrap(), [first.clone(), second.clone()], "oldest first");
    assert_eq!(store.get_rule(mine, first.id).await.unwrap(), Some((first.clone(), 1)));
    assert_eq!(store.list_rules(other).await.unwrap(), []);
    assert_eq!(store.get_rule(other, first.id).await.unwrap(), None);
    assert!(!store.update_rule(other, first.id, 1, &second.rule, at(2)).await.unwrap());
    assert!(!store.delete_rule(other, first.id, at(2)).await.unwrap());

    let one = |group| of_rule(alert(mine, Severity::Info, 0), first.id, group);
    let records: [AlertRecord; 3] = [one("a"), one("b"), resolved(one("c"), 1)];
    store.insert_alerts(&records).await.unwrap();
    let counted = store.list_rules(mine).await.unwrap();
    assert_eq!(counted.iter().map(|rule| rule.open_alerts).collect::<Vec<_>>(), [2, 0]);

    assert!(store.delete_rule(mine, first.id, at(3)).await.unwrap());
    assert!(!store.delete_rule(mine, first.id, at(3)).await.unwrap());
    assert_eq!(store.get_rule(mine, first.id).await.unwrap(), None);
    assert!(!store.update_rule(mine, first.id, 2, &second.rule, at(4)).await.unwrap());
    assert_eq!(store.list_rules(mine).await.unwrap(), [second]);
}

pub async fn a_rule_is_changed_by_whoever_saw_its_last_version(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let kept = rule("kept");
    store.create_rule(workspace_id, &kept).await.unwrap();
    let (ada, bob) = (rule("ada's").rule, rule("bob's").rule);
    assert!(store.update_rule(workspace_id, kept.id, 1, &ada, at(7)).await.unwrap());
    assert!(!store.update_rule(workspace_id, kept.id, 1, &bob, at(8)).await.unwrap());
    let changed = AlertRule { rule: ada, updated_at: at(7), ..kept.clone() };
    assert_eq!(store.get_rule(workspace_id, kept.id).await.unwrap(), Some((changed, 2)));
    assert!(store.update_rule(workspace_id, kept.id, 2, &bob, at(9)).await.unwrap());
    assert_eq!(store.get_rule(workspace_id, kept.id).await.unwrap().map(|(rule, _)| rule.rule), Some(bob));
}

pub async fn a_workspace_has_so_many_rules_and_takes_as_many_from_elsewhere(store: &AlertStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let all: Vec<_> = (0..limit::ALERT_RULES).map(|number| rule(&format!("rule {number}"))).collect();
    assert_eq!(store.restore_rules(mine, &all).await.unwrap(), 1_000);
    assert_eq!(store.restore_rules(mine, &all).await.unwrap(), 0);
    assert!(!store.create_rule(mine, &rule("one more")).await.unwrap());
    assert!(store.create_rule(other, &rule("one more")).await.unwrap());
    assert!(
        !store.create_default_rules(mine, &[rule("begin").rule], at(9)).await.unwrap(),
        "it begins with what it brought"
    );
    // It may be that nothing was brought.
    assert_eq!(store.restore_rules(other, &[]).await.unwrap(), 0);
    let mut rules = store.list_rules(mine).await.unwrap();
    rules.sort_by_key(|rule| rule.id);
    let mut expected = all.clone();
    expected.sort_by_key(|rule| rule.id);
    assert_eq!(rules, expected);
    store.delete_rule(mine, all[0].id, at(10)).await.unwrap();
    assert!(store.create_rule(mine, &rule("one more")).await.unwrap());
}

pub async fn a_channel_comes_back_with_its_secret_to_its_own_workspace(store: &AlertStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let first = channel("first");
    let mail = AlertChannelRequest {
        name: "second".to_owned(),
        kind: ChannelKind::Email,
        url: None,
        to: vec!["\u{e4}da@example.com".to_owned()],
        min_severity: Severity::Critical,
        enabled: false,
    };
    let second =
        AlertChannel { channel: mail.clone(), created_at: at(1), secret: Some(String::new()), ..channel("") };
    let both = [second.clone(), first.clone()];
    assert_eq!(store.create_channels(mine, &both).await.unwrap(), 2);
    assert_eq!(store.create_channels(mine, &both).await.unwrap(), 0);
    assert_eq!(store.list_channels(mine).await.unwrap(), [first.clone(), second]);
    assert_eq!(store.get_channel(mine, first.id).await.unwrap(), Some((first.clone(), 1)));
    assert_eq!(store.list_channels(other).await.unwrap(), []);
    assert_eq!(store.get_channel(other, first.id).await.unwrap(), None);
    assert!(!store.update_channel(other, first.id, 1, &mail, at(2)).await.unwrap());
    assert!(!store.delete_channel(other, first.id).await.unwrap());

    assert!(store.update_channel(mine, first.id, 1, &mail, at(3)).await.unwrap());
    assert!(!store.update_channel(mine, first.id, 1, &first.channel, at(4)).await.unwrap());
    let changed = AlertChannel { channel: mail, updated_at: at(3), ..first.clone() };
    assert_eq!(store.get_channel(mine, first.id).await.unwrap(), Some((changed, 2)), "the secret stays");
    assert!(store.delete_channel(mine, first.id).await.unwrap());
    assert!(!store.delete_channel(mine, first.id).await.unwrap());
    assert_eq!(store.list_channels(mine).await.unwrap().len(), 1);
}

pub async fn a_workspace_has_so_many_channels(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let all: Vec<_> = (0..limit::ALERT_CHANNELS).map(|number| channel(&number.to_string())).collect();
    assert_eq!(store.create_channels(workspace_id, &all).await.unwrap(), 50);
    assert_eq!(store.create_channels(workspace_id, &[channel("one more")]).await.unwrap(), 0);
    assert_eq!(store.list_channels(workspace_id).await.unwrap().len(), 50);
    assert_eq!(store.create_channels(Uuid::new_v4(), &[channel("elsewhere")]).await.unwrap(), 1);
    store.delete_channel(workspace_id, all[3].id).await.unwrap();
    assert_eq!(store.create_channels(workspace_id, &[channel("one more")]).await.unwrap(), 1);
}

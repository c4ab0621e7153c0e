//! Alert rules and channels: creating, updating, deleting and restoring.

use domain::alert::record::AlertRecord;
use shared::{
    alert::Severity,
    alert_channel::{AlertChannel, AlertChannelRequest, ChannelTarget},
    alert_rule::{AlertMetric, AlertRule, AlertRuleRequest, Baseline, Side},
    limit,
    metric::Dimension,
};
use store::alert::AlertStore;
use uuid::Uuid;

use super::alert::{alert, at, of_rule, resolved};

/// Returns a rule with a value in every field.
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

/// Returns a webhook channel with its secret.
pub fn channel(name: &str) -> AlertChannel {
    let target = ChannelTarget::Webhook { url: "https://example.com/hook".to_owned() };
    let channel = AlertChannelRequest::new(name, target);
    let secret = Some(format!("whsec_{name}"));
    AlertChannel {
        id: Uuid::new_v4(),
        channel,
        created_at: at(0),
        updated_at: at(0),
        recipients: Vec::new(),
        last_delivery: None,
        secret,
    }
}

pub async fn concurrent_writers_create_the_default_rules_once(store: &AlertStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let defaults: Vec<_> = (0..9).map(|number| rule(&format!("rule {number}")).rule).collect();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, defaults) = (store.clone(), defaults.clone());
            tokio::spawn(async move { store.create_default_rules(mine, &defaults, at(5)).await.unwrap() })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        created += usize::from(task.await.unwrap());
    }
    assert_eq!(created, 1);
    let rules = store.list_rules(mine).await.unwrap();
    assert_eq!(
        rules.iter().map(|rule| rule.rule.clone()).collect::<Vec<_>>(),
        defaults,
        "rules keep their order"
    );
    for rule in &rules {
        assert!(store.delete_rule(mine, rule.id, at(6)).await.unwrap());
    }
    assert!(
        !store.create_default_rules(mine, &defaults, at(7)).await.unwrap(),
        "deleted default rules are not created again"
    );
    assert_eq!(store.list_rules(mine).await.unwrap(), []);
    assert_eq!(store.list_rules(other).await.unwrap(), []);
    assert!(store.create_default_rules(other, &defaults, at(8)).await.unwrap());
}

pub async fn returns_a_rule_unchanged_only_to_its_own_workspace(store: &AlertStore) {
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

    let record = |group| of_rule(alert(mine, Severity::Info, 0), first.id, group);
    let records: [AlertRecord; 3] = [record("a"), record("b"), resolved(record("c"), 1)];
    store.insert_alerts(&records).await.unwrap();
    let counted = store.list_rules(mine).await.unwrap();
    assert_eq!(counted.iter().map(|rule| rule.open_alerts).collect::<Vec<_>>(), [2, 0]);

    assert!(store.delete_rule(mine, first.id, at(3)).await.unwrap());
    assert!(!store.delete_rule(mine, first.id, at(3)).await.unwrap());
    assert_eq!(store.get_rule(mine, first.id).await.unwrap(), None);
    assert!(!store.update_rule(mine, first.id, 2, &second.rule, at(4)).await.unwrap());
    assert_eq!(store.list_rules(mine).await.unwrap(), [second]);
}

pub async fn updates_a_rule_only_from_its_latest_version(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let original = rule("original");
    store.create_rule(workspace_id, &original).await.unwrap();
    let (ada, bob) = (rule("ada's").rule, rule("bob's").rule);
    assert!(store.update_rule(workspace_id, original.id, 1, &ada, at(7)).await.unwrap());
    assert!(!store.update_rule(workspace_id, original.id, 1, &bob, at(8)).await.unwrap());
    let changed = AlertRule { rule: ada, updated_at: at(7), ..original.clone() };
    assert_eq!(store.get_rule(workspace_id, original.id).await.unwrap(), Some((changed, 2)));
    assert!(store.update_rule(workspace_id, original.id, 2, &bob, at(9)).await.unwrap());
    assert_eq!(
        store.get_rule(workspace_id, original.id).await.unwrap().map(|(rule, _)| rule.rule),
        Some(bob)
    );
}

pub async fn limits_the_rules_of_a_workspace_and_restores_up_to_the_limit(store: &AlertStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let all: Vec<_> = (0..limit::ALERT_RULES).map(|number| rule(&format!("rule {number}"))).collect();
    assert_eq!(store.restore_rules(mine, &all).await.unwrap(), 1_000);
    assert_eq!(store.restore_rules(mine, &all).await.unwrap(), 0);
    assert!(!store.create_rule(mine, &rule("one more")).await.unwrap());
    assert!(store.create_rule(other, &rule("one more")).await.unwrap());
    assert!(
        !store.create_default_rules(mine, &[rule("begin").rule], at(9)).await.unwrap(),
        "a workspace with restored rules gets no default rules"
    );
    // An empty list restores nothing.
    assert_eq!(store.restore_rules(other, &[]).await.unwrap(), 0);
    let mut rules = store.list_rules(mine).await.unwrap();
    rules.sort_by_key(|rule| rule.id);
    let mut expected = all.clone();
    expected.sort_by_key(|rule| rule.id);
    assert_eq!(rules, expected);
    store.delete_rule(mine, all[0].id, at(10)).await.unwrap();
    assert!(store.create_rule(mine, &rule("one more")).await.unwrap());
}

pub async fn returns_a_channel_with_its_secret_only_to_its_own_workspace(store: &AlertStore) {
    let (mine, other) = (Uuid::new_v4(), Uuid::new_v4());
    let first = channel("first");
    let mail = AlertChannelRequest {
        name: "second".to_owned(),
        target: ChannelTarget::Email { to: vec!["\u{e4}da@example.com".to_owned()] },
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
    assert_eq!(
        store.get_channel(mine, first.id).await.unwrap(),
        Some((changed, 2)),
        "an update keeps the secret"
    );
    assert!(store.delete_channel(mine, first.id).await.unwrap());
    assert!(!store.delete_channel(mine, first.id).await.unwrap());
    assert_eq!(store.list_channels(mine).await.unwrap().len(), 1);
}

pub async fn limits_the_channels_of_a_workspace(store: &AlertStore) {
    let workspace_id = Uuid::new_v4();
    let all: Vec<_> = (0..limit::ALERT_CHANNELS).map(|number| channel(&number.to_string())).collect();
    assert_eq!(store.create_channels(workspace_id, &all).await.unwrap(), 50);
    assert_eq!(store.create_channels(workspace_id, &[channel("one more")]).await.unwrap(), 0);
    assert_eq!(store.list_channels(workspace_id).await.unwrap().len(), 50);
    assert_eq!(store.create_channels(Uuid::new_v4(), &[channel("elsewhere")]).await.unwrap(), 1);
    store.delete_channel(workspace_id, all[3].id).await.unwrap();
    assert_eq!(store.create_channels(workspace_id, &[channel("one more")]).await.unwrap(), 1);
}

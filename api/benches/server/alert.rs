//! Measures the evaluation of the maximum number of alert rules of a workspace, and previews of rules. Uses the store directly,
//! without HTTP.

use std::time::{Duration, Instant};

use api::{
    alert::preview::Previews,
    cache::{Cache, Invalidator, MemoryCache},
    clock::Clock,
    config::CacheTtls,
    processing::alert::Evaluator,
    telemetry::metrics::Metrics,
};
use shared::{
    Timestamp,
    alert_rule::{AlertMetric, AlertRule, AlertRuleRequest, Baseline},
    limit,
    metric::Dimension,
};
use store::{alert::AlertStore, trace::TraceStore};
use uuid::Uuid;

use crate::{Result, data::AGENTS, report::Part};

/// Number of evaluations of all rules, and of computations of each preview.
const ROUNDS: usize = 20;
const INTERVAL: Duration = Duration::from_secs(30);

/// Creates rules of every kind, runs the measurements, and deletes the rules.
pub(crate) async fn measure(store: &TraceStore, workspace_id: Uuid, part: &mut Part) -> Result<()> {
    eprintln!("==> alert rules");
    let now = Clock::system().now();
    let alerts = AlertStore::new(store.database());
    let mut created = 0;
    for rule in (0..limit::ALERT_RULES).map(|number| rule(number, now)) {
        // Returns false at the limit, which includes the default rules.
        created += usize::from(alerts.create_rule(workspace_id, &rule).await?);
    }
    let clock = Clock::manual(now);
    let invalidator = Invalidator::new(Cache::Memory(MemoryCache::new(CacheTtls::default())), clock.clone());
    let evaluator = Evaluator::new(store.clone(), invalidator, clock.clone(), Metrics::new()?, INTERVAL);
    let mut times = Vec::with_capacity(ROUNDS);
    // The first round fires alerts, which is not measured.
    evaluator.round().await?;
    for _ in 0..ROUNDS {
        clock.advance(INTERVAL);
        let begin = Instant::now();
        let evaluated = evaluator.round().await?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        if evaluated < created {
            return Err(format!("{evaluated} of {created} alert rules were evaluated").into());
        }
    }
    part.times("1,000 alert rules of one workspace evaluated together, without HTTP", "", times);
    previews(store, workspace_id, now, part).await?;
    for rule in alerts.list_rules(workspace_id).await?.iter().filter(|rule| rule.rule.name == NAME) {
        alerts.delete_rule(workspace_id, rule.id, now).await?;
    }
    clock.advance(INTERVAL);
    evaluator.round().await?;
    Ok(())
}

async fn previews(store: &TraceStore, workspace_id: Uuid, now: Timestamp, part: &mut Part) -> Result<()> {
    let kinds = [
        ("error rate over 30 minutes", AlertMetric::ErrorRate, 30, None),
        ("p95 over an hour by agent", AlertMetric::P95LatencyMs, 60, Some(Dimension::Agent)),
        ("silence over 7 days by agent", AlertMetric::NoData, 10_080, Some(Dimension::Agent)),
    ];
    for (what, metric, window_minutes, group_by) in kinds {
        let rule = AlertRuleRequest {
            metric,
            window_minutes,
            group_by,
            warning: Some(10.0),
            ..AlertRuleRequest::default()
        };
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            Previews::default().get(store, workspace_id, rule.clone(), now).await?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        part.times(&format!("preview of an alert rule, {what}, without HTTP"), "", times);
    }
    Ok(())
}

const NAME: &str = "Measured";

/// Generates a rule. Together, the rules cover all metrics and common windows, with and without groups, filters and baselines.
fn rule(number: usize, now: Timestamp) -> AlertRule {
    let metric = AlertMetric::ALL[number % 10];
    let is_silence = metric == AlertMetric::NoData;
    let group_by = [None, None, Some(Dimension::Agent), Some(Dimension::Model)][number / 10 % 4];
    let agent = AGENTS[number / 40 % AGENTS.len()];
    let rule = AlertRuleRequest {
        name: NAME.to_owned(),
        metric,
        window_minutes: [5, 15, 30, 60, 360, 1440, 10_080][number / 40 % 7],
        group_by,
        agent_id: (group_by != Some(Dimension::Agent) && number.is_multiple_of(3)).then(|| agent.to_owned()),
        baseline: if is_silence { Baseline::None } else { Baseline::ALL[number / 7 % 4] },
        // Only a few rules fire.
        warning: Some(if number % 50 == 1 { 3.0 } else { 99.0 }),
        for_minutes: 5,
        ..AlertRuleRequest::default()
    };
    AlertRule {
        id: Uuid::new_v4(),
        rule,
        created_at: now,
        updated_at: now,
        evaluated_at: None,
        open_alerts: 0,
    }
}

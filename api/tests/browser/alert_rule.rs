//! Alert rules, from the form to the resolved alert.

use std::time::Duration;

use serde_json::{Value, json};
use shared::Timestamp;

use crate::stage::{browse, browse_with, member_on};
use test_support::{
    page::{button, heading, link, region, text},
    sample::trace,
    server::Member,
};

const DIALOG: &str = "//dialog[@open]";
const ALERT: &str = "//main//li[contains(@class, 'alert')]";
const BADGE: &str = "//nav[@aria-label='Main']//span[contains(@class, 'nav-badge')]";

/// Ingests `count` traces of an agent with this status.
async fn ingest_traces(member: &Member, name: &str, count: usize, status: &str, at: Timestamp) {
    let one = |index| {
        let more = json!({"agent_id": "talker", "status": status, "error": Value::Null});
        trace(&format!("{name}-{index}"), at, more)
    };
    member.ingest(&(0..count).map(one).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn creates_a_rule_whose_alert_is_acknowledged_and_resolved() {
    browse_with(&[("ALERT_EVALUATION_SECONDS", "1")], async |page, server| {
        page.speed_up_polling().await;
        let member = member_on(page, server, "/alerts?show=rules").await;
        ingest_traces(&member, "long-ago", 5, "error", server.clock.now() - Duration::from_secs(7200)).await;

        page.click(&link("New rule")).await;
        page.expect_path("/alerts/rules/new").await;
        page.choose("Group by", "agent").await;
        page.replace("Minimum traces", "3").await;
        let preview = region("Preview");
        page.find(&format!("{preview}{}", text("Would have fired once in the last 24 hours."))).await;
        page.find(&format!("{preview}//*[local-name()='rect' and contains(@class, 'mark-critical')]")).await;
        page.expect_count(&format!("{preview}//*[local-name()='line' and contains(@class, 'threshold')]"), 2)
            .await;
        page.replace("Warning", "50").await;
        page.find("//*[@id='critical-note'][contains(., 'above the threshold for warning')]").await;
        page.replace("Warning", "5").await;
        page.expect_absent("//*[@id='critical-note']").await;
        page.click(&button("Create rule")).await;
        page.find("//*[@id='name-note'][contains(., 'required')]").await;
        page.expect_console_errors("422").await;
        page.fill("Name", "Talks nonsense").await;
        page.click(&button("Create rule")).await;
        page.expect_path("/alerts?show=rules").await;
        let row = "//main//li[contains(., 'Talks nonsense')]";
        page.find(&format!(
            "{row}//p[.='Error rate of each agent over 30 min ≥ 5% (warning), ≥ 20% (critical)']"
        ))
        .await;
        page.expect_absent(BADGE).await;

        ingest_traces(&member, "bad", 5, "error", server.clock.now()).await;
        page.click(&link("Firing")).await;
        page.find(&format!("{ALERT}{}", text("Talks nonsense: talker"))).await;
        page.find(&format!("{ALERT}//dd[contains(., '100%') and contains(., 'threshold 20%')]")).await;
        page.find(&format!("{BADGE}[contains(@class, 'severity-critical') and starts-with(., '1')]")).await;

        page.click(&button("Acknowledge Talks nonsense: talker")).await;
        page.find(&format!("{ALERT}//*[contains(@class, 'state-acknowledged')]")).await;
        page.expect_absent(&button("Acknowledge Talks nonsense: talker")).await;
        page.click(&link("Talks nonsense: talker")).await;
        page.find(&heading("Talks nonsense: talker")).await;
        page.find(&format!("//dd[contains(., '{}')]", member.user.email)).await;
        page.click(&link("Traces of Talks nonsense: talker")).await;
        page.expect_count("//tbody/tr", 5).await;

        ingest_traces(&member, "good", 200, "success", server.clock.now()).await;
        page.open("/alerts").await;
        page.expect_absent(ALERT).await;
        page.expect_absent(BADGE).await;
        page.click(&link("History")).await;
        page.expect_path("/alerts?show=history").await;
        page.find(&format!("{ALERT}//*[contains(@class, 'state-resolved')]")).await;
        page.find(&format!("{ALERT}{}", text("Recovered"))).await;
    })
    .await;
}

#[tokio::test]
async fn edits_mutes_disables_and_deletes_a_rule() {
    browse(async |page, server| {
        let member = member_on(page, server, "/settings/profile").await;
        let rule =
            json!({"name": "Dear", "metric": "cost_usd", "window_minutes": 60, "info": 0.25, "warning": 12});
        let created = member.post("/api/v1/alert-rules", &rule).await.expect(201).json();
        page.open("/alerts?show=rules").await;
        let row = "//main//li[contains(., 'Dear')]";
        page.find(&format!("{row}//p[.='Cost over 1 h ≥ $0.25 (info), ≥ $12 (warning)']")).await;

        page.click(&link("Edit Dear")).await;
        page.expect_script(
            "the form shows the threshold",
            "return document.getElementById('info')?.value === '0.25'",
        )
        .await;
        page.replace("Info", "").await;
        page.replace("Warning", "nine").await;
        page.find("//*[@id='warning-note'][.='Must be a number']").await;
        page.replace("Warning", "9.5").await;
        page.click(&button("Save rule")).await;
        page.expect_path("/alerts?show=rules").await;
        page.find(&format!("{row}//p[.='Cost over 1 h ≥ $9.50 (warning)']")).await;

        page.click(&button("Mute Dear")).await;
        page.click(&button("For 8 hours")).await;
        page.find(&format!("{row}//*[contains(., 'Muted until')]")).await;
        page.click(&button("Enable Dear")).await;
        page.find(&format!("{row}{}", text("Disabled"))).await;
        let path = format!("/api/v1/alert-rules/{}", created["id"].as_str().unwrap());
        let stored = member.get(&path).await.expect(200).json();
        assert_eq!((&stored["enabled"], &stored["info"]), (&json!(false), &Value::Null), "{stored}");
        let muted: Timestamp = stored["muted_until"].as_str().unwrap().parse().unwrap();
        let minutes = muted.since(server.clock.now()).as_secs() / 60;
        assert!((470..=480).contains(&minutes), "{minutes} minutes");

        page.click(&button("Delete Dear")).await;
        page.find(&format!("{DIALOG}{}", heading("Delete “Dear”?"))).await;
        page.click(&format!("{DIALOG}{}", button("Delete"))).await;
        page.expect_absent(row).await;
    })
    .await;
}

//! The components as a browser draws them: `cargo test -p web --target wasm32-unknown-unknown`.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod fixture;
mod thread;
mod trace;

use fixture::{activity, alert, draw, kpi, kpis, settle};
use shared::{alert::Severity, format::Unit, kpi::Trend, trace::TraceStatus};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web::{
    components::{activity_stream::activity_stream, alerts_feed::alerts_feed, kpi_card::kpi_card},
    pages::dashboard::{History, kpi_cards},
};
use yew::Html;

wasm_bindgen_test_configure!(run_in_browser);

fn card(change: f64, trend: Trend) -> Html {
    kpi_card("Requests", &kpi(1_250.0, change, trend), Unit::Count, &[])
}

#[wasm_bindgen_test]
async fn a_kpi_card_shows_a_rise_of_what_should_rise_as_better() {
    let page = draw(card(12.5, Trend::Normal));
    settle().await;
    assert_eq!(page.text(".kpi-value"), "1,250");
    assert_eq!(page.text(".change-value"), "+12.5%");
    assert_eq!(page.text(".kpi-versus"), "vs last 24h");
    assert!(page.has(".change.better") && !page.has(".change.worse"));
}

#[wasm_bindgen_test]
async fn a_kpi_card_shows_a_fall_of_what_should_fall_as_better() {
    let page = draw(card(-5.2, Trend::Inverse));
    settle().await;
    assert_eq!(page.text(".change-value"), "-5.2%");
    assert!(page.has(".change.better"), "less of it is good news: {}", page.html());
}

#[wasm_bindgen_test]
async fn the_alerts_feed_lists_alerts_with_their_severities() {
    let alerts = Severity::ALL.map(|severity| alert(&format!("Title {}", severity.as_str()), severity));
    let page = draw(alerts_feed(&alerts));
    settle().await;
    assert_eq!(page.count(".alert"), 3);
    for (class, word) in [("info", "Info"), ("warning", "Warning"), ("critical", "Critical")] {
        let title = page.text(&format!(".alert.severity-{class} .alert-title"));
        assert!(title.starts_with(&format!("{word}: Title {class}")), "{title}");
        assert_eq!(page.text(&format!(".alert.severity-{class} .state-firing")), "Firing");
        let leads_to = page.attribute(&format!(".alert.severity-{class} .alert-link"), "href");
        assert!(leads_to.starts_with("/alerts/00000000-"), "{leads_to}");
        assert!(page.has(&format!(".alert.severity-{class} svg path")), "an icon as well as a colour");
    }
}

#[wasm_bindgen_test]
async fn the_alerts_feed_says_so_when_there_are_none() {
    let page = draw(alerts_feed(&[]));
    settle().await;
    assert_eq!(page.count(".alert"), 0);
    assert_eq!(page.text(".message-title"), "No alerts");
}

#[wasm_bindgen_test]
async fn the_activity_stream_lists_activities_that_lead_to_their_traces() {
    let activities = [activity("run/1", TraceStatus::Success), activity("run-2", TraceStatus::Error)];
    let page = draw(activity_stream(&activities));
    settle().await;
    assert_eq!(page.count(".activity"), 2);
    assert_eq!(page.text(".activity-figures"), "1.23 s$0.0030");
    assert_eq!(page.attribute(".activity-agent", "href"), "/traces/run%2F1");
    assert_eq!(page.text(".activity:last-child .badge.status-error"), "Error");
}

#[wasm_bindgen_test]
async fn the_activity_stream_says_so_when_nothing_happened() {
    let page = draw(activity_stream(&[]));
    settle().await;
    assert_eq!(page.count(".activity"), 0);
    assert_eq!(page.text(".message-title"), "Quiet");
}

#[wasm_bindgen_test]
async fn the_dashboard_shows_all_five_key_figures() {
    let history = History { requests: vec![Some(1.0), Some(3.0), Some(2.0)], ..History::default() };
    let page = draw(kpi_cards(&kpis(), &history));
    settle().await;
    assert_eq!(
        page.texts(".kpi-label"),
        ["Requests", "Average latency", "Error rate", "Cost", "Quality score"]
    );
    assert_eq!(page.texts(".kpi-value"), ["1,250", "845 ms", "2.4%", "$12.50", "87.5"]);
    let classes = [".better", ".better", ".worse", ".worse", ".same"];
    for (index, class) in classes.into_iter().enumerate() {
        assert!(
            page.has(&format!(".kpi-card:nth-child({}) .change{class}", index + 1)),
            "card {index} is {class}"
        );
    }
    assert_eq!(page.count(".sparkline-line"), 1, "a line where there is a past");
}

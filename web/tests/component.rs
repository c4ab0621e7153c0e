//! Component tests in a browser: `cargo test -p web --target wasm32-unknown-unknown`.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod fixture;
mod people;
mod session;
mod trace;

use fixture::{activity, alert, kpi, kpis, next_render, render};
use shared::{alert::Severity, format::Unit, kpi::Trend, metric::Metric, trace::TraceStatus};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web::{
    components::{activity_stream::activity_stream, alerts_feed::alerts_feed, kpi_card::kpi_card},
    pages::dashboard::kpi_cards,
};
use yew::Html;

wasm_bindgen_test_configure!(run_in_browser);

fn card(change: f64, trend: Trend) -> Html {
    kpi_card("Requests", &kpi(1_250.0, change, trend), Unit::Count, &[])
}

#[wasm_bindgen_test]
async fn shows_an_increase_of_a_normal_kpi_as_better() {
    let page = render(card(12.5, Trend::Normal));
    next_render().await;
    assert_eq!(page.text(".kpi-value"), "1,250");
    assert_eq!(page.text(".change-value"), "+12.5%");
    assert_eq!(page.text(".kpi-versus"), "vs last 24h");
    assert!(page.has(".change.better") && !page.has(".change.worse"));
}

#[wasm_bindgen_test]
async fn shows_a_decrease_of_an_inverse_kpi_as_better() {
    let page = render(card(-5.2, Trend::Inverse));
    next_render().await;
    assert_eq!(page.text(".change-value"), "-5.2%");
    assert!(page.has(".change.better"), "a decrease is better: {}", page.html());
}

#[wasm_bindgen_test]
async fn alerts_feed_lists_alerts_with_their_severities() {
    let alerts = Severity::ALL.map(|severity| alert(&format!("Title {}", severity.as_str()), severity));
    let page = render(alerts_feed(&alerts));
    next_render().await;
    assert_eq!(page.count(".alert"), 3);
    for (class, label) in [("info", "Info"), ("warning", "Warning"), ("critical", "Critical")] {
        let title = page.text(&format!(".alert.severity-{class} .alert-title"));
        assert!(title.starts_with(&format!("{label}: Title {class}")), "{title}");
        assert_eq!(page.text(&format!(".alert.severity-{class} .state-firing")), "Firing");
        let href = page.attribute(&format!(".alert.severity-{class} .alert-link"), "href");
        assert!(href.starts_with("/alerts/00000000-"), "{href}");
        assert!(page.has(&format!(".alert.severity-{class} svg path")), "severity is shown by an icon, too");
    }
}

#[wasm_bindgen_test]
async fn alerts_feed_shows_an_empty_state() {
    let page = render(alerts_feed(&[]));
    next_render().await;
    assert_eq!(page.count(".alert"), 0);
    assert_eq!(page.text(".message-title"), "No recent alerts");
}

#[wasm_bindgen_test]
async fn activity_stream_lists_activities_with_links_to_their_traces() {
    let activities = [activity("run/1", TraceStatus::Success), activity("run-2", TraceStatus::Error)];
    let page = render(activity_stream(&activities));
    next_render().await;
    assert_eq!(page.count(".activity"), 2);
    assert_eq!(page.text(".activity-stats"), "1.23 s$0.0030");
    assert_eq!(page.attribute(".activity-agent", "href"), "/traces/run%2F1");
    assert_eq!(page.text(".activity:last-child .badge.status-error"), "Error");
}

#[wasm_bindgen_test]
async fn activity_stream_shows_an_empty_state() {
    let page = render(activity_stream(&[]));
    next_render().await;
    assert_eq!(page.count(".activity"), 0);
    assert_eq!(page.text(".message-title"), "No activity");
}

#[wasm_bindgen_test]
async fn dashboard_shows_all_kpis() {
    let history = |metric| match metric {
        Metric::Requests => vec![Some(1.0), Some(3.0), Some(2.0)],
        _ => Vec::new(),
    };
    let page = render(kpi_cards(&kpis(), history));
    next_render().await;
    assert_eq!(page.texts(".kpi-label"), ["Requests", "Average latency", "Error rate", "Cost", "Quality"]);
    assert_eq!(page.texts(".kpi-value"), ["1,250", "845 ms", "2.4%", "$12.50", "87.5"]);
    let classes = [".better", ".better", ".worse", ".worse", ".same"];
    for (index, class) in classes.into_iter().enumerate() {
        assert!(
            page.has(&format!(".kpi-card:nth-child({}) .change{class}", index + 1)),
            "card {index} is {class}"
        );
    }
    assert_eq!(page.count(".sparkline-line"), 1, "only the KPI with a history has a sparkline");
}

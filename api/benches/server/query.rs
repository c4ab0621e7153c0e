//! Measures queries: cached KPIs under load, and uncached KPIs, time series and lists one after the other.

use std::time::{Duration, Instant};

use crate::{
    Result,
    client::Client,
    report::Part,
    wrk::{Rate, wrk},
};

/// Number of requests per measurement of percentiles.
const REQUESTS: usize = 200;

/// Measures cached KPIs with a login and a static response of the same size without one, on 100 connections.
pub(crate) fn cached(client: &Client, time: Duration, part: &mut Part) -> Result<()> {
    let (kpis, constant) = cached_by(client, 100, time)?;
    part.row("home KPIs, cached, 100 connections", "p99 < 5 ms", format!("p99 {:.2} ms", kpis.p99));
    part.row(
        "… compared with a static response of the same size without login",
        "≥ 50 %",
        share(kpis, constant),
    );
    Ok(())
}

/// Measures the same as [`cached`] on one connection.
pub(crate) fn cached_alone(client: &Client, time: Duration, part: &mut Part) -> Result<()> {
    let (kpis, constant) = cached_by(client, 1, time)?;
    part.row("home KPIs, cached, 1 connection", "", format!("p99 {:.2} ms", kpis.p99));
    part.row("… compared with the static response", "", share(kpis, constant));
    Ok(())
}

fn cached_by(client: &Client, connections: usize, time: Duration) -> Result<(Rate, Rate)> {
    let login = format!("Authorization: Bearer {}", client.token);
    let kpis = format!("{}/api/v1/metrics/home-kpis?range=24h", client.url);
    let constant = format!("{}/constant.json", client.url);
    Ok((wrk(&kpis, &[&login], connections, time)?, wrk(&constant, &[], connections, time)?))
}

fn share(kpis: Rate, constant: Rate) -> String {
    let share = 100.0 * kpis.per_second / constant.per_second;
    format!("{:.0}/s = {share:.0} % of {:.0}/s", kpis.per_second, constant.per_second)
}

/// Measures uncached KPIs of all ranges and time series.
pub(crate) async fn uncached(client: &Client, part: &mut Part) -> Result<()> {
    for range in ["1h", "24h", "7d", "30d"] {
        let path = format!("/api/v1/metrics/home-kpis?range={range}");
        part.times(
            &format!("home KPIs, uncached, {range}"),
            "p95 < 5 ms",
            times(client, |_| path.clone()).await?,
        );
    }
    let end = api::clock::Clock::system().now();
    let custom = |number: usize| {
        let end = end - Duration::from_secs(977 * number as u64);
        let start = end - Duration::from_secs(86_400 * 9 + 12_345);
        format!("/api/v1/metrics/home-kpis?range=custom&start={start}&end={end}")
    };
    part.times("home KPIs, uncached, custom (9 days, unaligned)", "p95 < 5 ms", times(client, custom).await?);
    for metric in ["requests", "p95_latency_ms"] {
        let path = format!("/api/v1/metrics/timeseries?range=30d&metric={metric}");
        part.times(
            &format!("time series, uncached, 30d, {metric}"),
            "",
            times(client, |_| path.clone()).await?,
        );
    }
    Ok(())
}

/// Measures lists of traces over 30 days: the first page, pages by number, pages by cursor, and a filtered list.
pub(crate) async fn lists(client: &Client, traces: u64, part: &mut Part) -> Result<()> {
    let list = "/api/v1/traces?range=30d&limit=50";
    part.times("trace list, first page", "p95 < 20 ms", times(client, |_| list.to_owned()).await?);
    let pages = usize::try_from(traces / 50).unwrap_or(1).max(2);
    let deep = |number: usize| format!("{list}&page={}", 1 + number * (pages - 1) / REQUESTS);
    part.times("trace list, by page number, any page", "p95 < 20 ms", times(client, deep).await?);
    let mut cursors = Vec::with_capacity(REQUESTS);
    for number in 0..REQUESTS {
        let page = client.get_uncached(&deep(number)).await?;
        cursors.extend(page["next_cursor"].as_str().map(|cursor| format!("{list}&cursor={cursor}")));
    }
    let by_cursor = |number: usize| cursors[number % cursors.len()].clone();
    part.times("trace list, by cursor, any page", "p95 < 20 ms", times(client, by_cursor).await?);
    let filtered = |_| format!("{list}&agent_id=sql-analyst&status=timeout");
    part.times("trace list, timeouts of one agent", "", times(client, filtered).await?);
    let first = client.get_uncached(list).await?;
    let id = first["items"][0]["trace_id"].as_str().ok_or("the list has no trace")?.to_owned();
    part.times("trace detail, uncached", "", times(client, |_| format!("/api/v1/traces/{id}")).await?);
    Ok(())
}

/// Returns the times in milliseconds of [`REQUESTS`] uncached requests, including HTTP.
async fn times(client: &Client, path: impl Fn(usize) -> String) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(REQUESTS);
    for number in 0..REQUESTS {
        let path = path(number);
        let begin = Instant::now();
        client.get_uncached(&path).await?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

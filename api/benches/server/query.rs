//! Key figures and lists: cached under load, uncached one after the other.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use crate::{Result, report::Report, server::Server};

/// Questions asked for each percentile.
const QUESTIONS: usize = 200;

/// What wrk says of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Answers a second.
    pub(crate) per_second: f64,
    /// Milliseconds that 99 of 100 answers do not exceed.
    pub(crate) p99: f64,
}

/// Cached key figures with a login, and a constant of the same size without, each asked by a hundred connections.
pub(crate) fn cached(server: &Server, time: Duration, report: &mut Report) -> Result<()> {
    let login = format!("Authorization: Bearer {}", server.token);
    let kpis = wrk(&format!("{}/api/v1/metrics/home-kpis?range=24h", server.url), &[&login], time)?;
    let constant = wrk(&format!("{}/constant.json", server.url), &[], time)?;
    report.cached(kpis, constant);
    Ok(())
}

fn wrk(url: &str, headers: &[&str], time: Duration) -> Result<Rate> {
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c100", "--latency", &format!("-d{}s", time.as_secs())]);
    for header in headers {
        command.args(["-H", header]);
    }
    let output = command.arg(url).output()?;
    let text = String::from_utf8(output.stdout)?;
    if text.contains("Non-2xx") || !output.status.success() {
        return Err(format!("wrk {url}: {text}").into());
    }
    let field = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1))
            .ok_or_else(|| format!("wrk says no {name}: {text}"))
    };
    let p99 = field("99%")?;
    let split = p99.find(|c: char| c.is_alphabetic()).ok_or("wrk's latency has no unit")?;
    let unit = match &p99[split..] {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1000.0,
        other => return Err(format!("wrk's unit {other}").into()),
    };
    Ok(Rate { per_second: field("Requests/sec:")?.parse()?, p99: p99[..split].parse::<f64>()? * unit })
}

/// Key figures of every range, computed anew each time.
pub(crate) async fn uncached(server: &Server, report: &mut Report) -> Result<()> {
    for range in ["1h", "24h", "7d", "30d"] {
        let path = format!("/api/v1/metrics/home-kpis?range={range}");
        report.question(
            &format!("home KPIs, not cached, {range}"),
            "p95 < 5 ms",
            times(server, |_| path.clone()).await?,
        );
    }
    let end = api::clock::Clock::system().now();
    let custom = |number: usize| {
        let end = end - Duration::from_secs(977 * number as u64);
        let start = end - Duration::from_secs(86_400 * 9 + 12_345);
        format!("/api/v1/metrics/home-kpis?range=custom&start={start}&end={end}")
    };
    report.question(
        "home KPIs, not cached, custom (9 ragged days)",
        "p95 < 5 ms",
        times(server, custom).await?,
    );
    for metric in ["requests", "p95_latency_ms"] {
        let path = format!("/api/v1/metrics/timeseries?range=30d&metric={metric}");
        report.question(
            &format!("time series, not cached, 30d, {metric}"),
            "",
            times(server, |_| path.clone()).await?,
        );
    }
    Ok(())
}

/// Pages of traces over 30 days: the first, by number at depth, by cursor, and filtered.
pub(crate) async fn lists(server: &Server, traces: u64, report: &mut Report) -> Result<()> {
    let list = "/api/v1/traces?range=30d&limit=50";
    report.question("trace list, first page", "p95 < 20 ms", times(server, |_| list.to_owned()).await?);
    let pages = usize::try_from(traces / 50).unwrap_or(1).max(2);
    let deep = |number: usize| format!("{list}&page={}", 1 + number * (pages - 1) / QUESTIONS);
    report.question("trace list, by page number at any depth", "p95 < 20 ms", times(server, deep).await?);
    let mut cursors = Vec::with_capacity(QUESTIONS);
    for number in 0..QUESTIONS {
        let page = server.fresh(&deep(number)).await?;
        cursors.extend(page["next_cursor"].as_str().map(|cursor| format!("{list}&cursor={cursor}")));
    }
    let by_cursor = |number: usize| cursors[number % cursors.len()].clone();
    report.question("trace list, by cursor at any depth", "p95 < 20 ms", times(server, by_cursor).await?);
    let filtered = |_| format!("{list}&agent_id=sql-analyst&status=timeout");
    report.question("trace list, one agent's timeouts", "", times(server, filtered).await?);
    let first = server.fresh(list).await?;
    let id = first["items"][0]["trace_id"].as_str().ok_or("there is no trace")?.to_owned();
    report.question("trace detail, not cached", "", times(server, |_| format!("/api/v1/traces/{id}")).await?);
    Ok(())
}

/// Milliseconds of each of [`QUESTIONS`] answers, computed anew, the HTTP round trip included.
async fn times(server: &Server, path: impl Fn(usize) -> String) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(QUESTIONS);
    for number in 0..QUESTIONS {
        let path = path(number);
        let begin = Instant::now();
        server.fresh(&path).await?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

//! Ingestion: loading the history, how fast traces come in until they are seen, and how soon a single one is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use api::clock::Clock;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use crate::{Result, data, report::Report, server::Server};

/// Traces in a batch, as the row of the design says.
const BATCH: u64 = 100;
/// Connections that send at once.
const SENDERS: usize = 32;
/// Where the numbers of traces that are sent live begin, past those of any history.
const LIVE: u64 = 1 << 40;

/// Loads `count` traces, spread evenly over the last 30 days.
pub(crate) async fn load_history(server: &Server, count: u64) -> Result<()> {
    let now = Clock::system().now();
    let spread = 30.0 * 86_400.0;
    let timestamp =
        |number: u64| now - Duration::from_secs_f64(spread * (count - number) as f64 / count as f64);
    let batches = (0..count.div_ceil(1000)).map(|batch| {
        let first = batch * 1000;
        server.send(data::batch(first, 1000.min(count - first), timestamp))
    });
    stream::iter(batches).buffer_unordered(4).try_collect::<Vec<()>>().await?;
    Ok(())
}

/// How long a trace takes from its acknowledgement until the cached list shows it.
pub(crate) async fn visible(server: &Server, report: &mut Report) -> Result<()> {
    let list = "/api/v1/traces?range=1h&limit=1";
    let mut times = Vec::new();
    for number in 0..20 {
        server.ask(list).await?;
        let (now, number) = (Clock::system().now(), LIVE * 2 + number);
        server.send(data::batch(number, 1, |_| now)).await?;
        let acknowledged = Instant::now();
        let trace_id = data::row(number, now).trace_id;
        while server.ask(list).await?["items"][0]["trace_id"] != trace_id.as_str() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        times.push(acknowledged.elapsed().as_secs_f64() * 1e3);
    }
    report.visible(times);
    Ok(())
}

/// Sends batches as fast as they are taken, made beforehand, and waits until the last trace is counted.
pub(crate) async fn rate(server: &Server, time: Duration, report: &mut Report) -> Result<()> {
    // More than can be taken in the time.
    let batches = time.as_secs() * 1000;
    let now = Clock::system().now();
    let bodies: Vec<String> =
        (0..batches).map(|batch| data::batch(LIVE + batch * BATCH, BATCH, |_| now)).collect();
    // What starts now or later: only what is sent here.
    let kpis =
        format!("/api/v1/metrics/home-kpis?range=custom&start={now}&end={}", now + Duration::from_secs(3600));
    let sent = Arc::new(AtomicU64::new(0));
    let begin = Instant::now();
    stream::iter(bodies)
        .take_while(|_| std::future::ready(begin.elapsed() < time))
        .map(|body| {
            let sent = Arc::clone(&sent);
            async move {
                server.send(body).await?;
                sent.fetch_add(BATCH, Ordering::Relaxed);
                Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
            }
        })
        .buffer_unordered(SENDERS)
        .try_collect::<Vec<()>>()
        .await?;
    let sent = sent.load(Ordering::Relaxed);
    while requests(&server.fresh(&kpis).await?)? < sent as f64 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    report.ingestion(sent as f64 / begin.elapsed().as_secs_f64(), server.memory()?);
    Ok(())
}

fn requests(kpis: &Value) -> Result<f64> {
    Ok(kpis["total_requests"]["value"].as_f64().ok_or("the KPIs have no total_requests")?)
}

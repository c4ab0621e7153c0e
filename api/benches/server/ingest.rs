//! Measures ingestion: the rate of traces until they are counted, and the delay until a trace is visible. Also loads the history.

use std::time::{Duration, Instant};

use api::clock::Clock;
use futures_util::{StreamExt, TryStreamExt, stream};
use shared::Timestamp;

use crate::{Result, client::Client, data};

/// Traces per batch.
const BATCH: u64 = 100;
/// Number of concurrent requests.
const SENDERS: usize = 32;
/// Number of the first trace after the history.
const FIRST_TRACE: u64 = 1 << 40;

/// Loads `count` traces that are spread evenly over the last 30 days, and waits until they are counted.
pub(crate) async fn load_history(client: &Client, count: u64) -> Result<()> {
    let now = Clock::system().now();
    let spread = 30.0 * 86_400.0;
    let timestamp =
        |number: u64| now - Duration::from_secs_f64(spread * (count - number) as f64 / count as f64);
    let batches = (0..count.div_ceil(1000)).map(|batch| {
        let first = batch * 1000;
        client.send(data::batch(first, 1000.min(count - first), timestamp))
    });
    stream::iter(batches).buffer_unordered(4).try_collect::<Vec<()>>().await?;
    let kpis = requests_between(now - Duration::from_secs(31 * 86_400), now);
    counted(client, &kpis, count).await
}

/// Returns the times in milliseconds from the acknowledgement of a trace until the cached or the uncached list contains it.
pub(crate) async fn visible(client: &Client, cached: bool) -> Result<Vec<f64>> {
    let path = "/api/v1/traces?range=1h&limit=1";
    let list = async || if cached { client.get_cached(path).await } else { client.get_uncached(path).await };
    let mut times = Vec::new();
    for number in 0..20 {
        list().await?;
        let (now, number) = (Clock::system().now(), FIRST_TRACE * if cached { 2 } else { 3 } + number);
        client.send(data::batch(number, 1, |_| now)).await?;
        let acknowledged = Instant::now();
        let trace_id = data::row(number, now).trace_id;
        while list().await?["items"][0]["trace_id"] != trace_id.as_str() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        times.push(acknowledged.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

/// Sends prepared batches as fast as the server accepts them, waits until the last trace is counted, and returns traces per
/// second.
pub(crate) async fn rate(client: &Client, time: Duration) -> Result<f64> {
    // More than the server accepts in this time.
    let batches = time.as_secs() * 1000;
    let now = Clock::system().now();
    let timestamp = |number: u64| now + Duration::from_micros(number - FIRST_TRACE);
    let bodies: Vec<String> =
        (0..batches).map(|batch| data::batch(FIRST_TRACE + batch * BATCH, BATCH, timestamp)).collect();
    // Starts at a whole minute, so that the query is cheap and does not slow down ingestion.
    let start = now.floor(Duration::from_secs(60));
    let kpis = requests_between(start, start + Duration::from_secs(3600));
    let before = requests(client, &kpis).await?;
    let begin = Instant::now();
    let sent = BATCH * acknowledged(bodies, SENDERS, time, |body| client.send(body)).await?;
    eprintln!("    {sent} acknowledged in {:.1} s", begin.elapsed().as_secs_f64());
    counted(client, &kpis, before + sent).await?;
    Ok(sent as f64 / begin.elapsed().as_secs_f64())
}

/// Sends bodies with `senders` concurrent requests for `time`, and returns the number of acknowledged ones.
pub(crate) async fn acknowledged<B, F: Future<Output = Result<()>>>(
    bodies: Vec<B>,
    senders: usize,
    time: Duration,
    send: impl Fn(B) -> F,
) -> Result<u64> {
    let begin = Instant::now();
    stream::iter(bodies)
        .take_while(|_| std::future::ready(begin.elapsed() < time))
        .map(send)
        .buffer_unordered(senders)
        .try_fold(0, |count, ()| std::future::ready(Ok(count + 1)))
        .await
}

/// Waits until queries count at least `count` traces.
pub(crate) async fn counted(client: &Client, kpis: &str, count: u64) -> Result<()> {
    while requests(client, kpis).await? < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

pub(crate) fn requests_between(start: Timestamp, end: Timestamp) -> String {
    format!("/api/v1/metrics/home-kpis?range=custom&start={start}&end={end}")
}

pub(crate) async fn requests(client: &Client, kpis: &str) -> Result<u64> {
    let response = client.get_uncached(kpis).await?;
    let value =
        response["total_requests"]["value"].as_f64().ok_or("the KPI response has no total_requests")?;
    Ok(value as u64)
}

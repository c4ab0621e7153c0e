//! Ingestion: loading the history, how fast traces come in until they are seen, and how soon a single one is.

use std::time::{Duration, Instant};

use api::clock::Clock;
use futures_util::{StreamExt, TryStreamExt, stream};
use shared::Timestamp;

use crate::{Result, client::Client, data};

/// Traces in a batch, as the row of the design says.
const BATCH: u64 = 100;
/// Connections that send at once.
const SENDERS: usize = 32;
/// Where the numbers of traces that are sent live begin, past those of any history.
const LIVE: u64 = 1 << 40;

/// Loads `count` traces, spread evenly over the last 30 days, and waits until they are counted.
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

/// How many milliseconds a trace takes from its acknowledgement until the list shows it: the cached one, or one that is
/// asked for afresh.
pub(crate) async fn visible(client: &Client, cached: bool) -> Result<Vec<f64>> {
    let path = "/api/v1/traces?range=1h&limit=1";
    let list = async || if cached { client.ask(path).await } else { client.fresh(path).await };
    let mut times = Vec::new();
    for number in 0..20 {
        list().await?;
        let (now, number) = (Clock::system().now(), LIVE * if cached { 2 } else { 3 } + number);
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

/// Sends batches as fast as they are taken, made beforehand, and waits until the last trace is counted: traces a second.
pub(crate) async fn rate(client: &Client, time: Duration) -> Result<f64> {
    // More than can be taken in the time.
    let batches = time.as_secs() * 1000;
    let now = Clock::system().now();
    let timestamp = |number: u64| now + Duration::from_micros(number - LIVE);
    let bodies: Vec<String> =
        (0..batches).map(|batch| data::batch(LIVE + batch * BATCH, BATCH, timestamp)).collect();
    // From a whole minute on: the question must cost little, or it would slow down what it waits for.
    let start = now.floor(Duration::from_secs(60));
    let kpis = requests_between(start, start + Duration::from_secs(3600));
    let before = requests(client, &kpis).await?;
    let begin = Instant::now();
    let sent = BATCH * acknowledged(bodies, SENDERS, time, |body| client.send(body)).await?;
    eprintln!("    {sent} acknowledged in {:.1} s", begin.elapsed().as_secs_f64());
    counted(client, &kpis, before + sent).await?;
    Ok(sent as f64 / begin.elapsed().as_secs_f64())
}

/// Sends bodies, `senders` at once, until the time is over, and answers how many were acknowledged.
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

/// Waits until queries count so many traces.
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
    let answer = client.fresh(kpis).await?;
    let value = answer["total_requests"]["value"].as_f64().ok_or("the KPIs have no total_requests")?;
    Ok(value as u64)
}

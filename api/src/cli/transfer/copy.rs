//! Copies accounts in one step and all other data in parts, so that memory is bounded.

use std::{collections::BTreeSet, time::Instant};

use indicatif::{HumanCount, HumanDuration};
use store::{
    alert::AlertStore,
    price::PriceStore,
    trace::{ScanPart, StoreError},
};
use uuid::Uuid;

use super::{SourceDir, Target, error::TransferError};
use crate::cli::progress::{LINE_INTERVAL, Progress};

/// The number of scores or alerts per part.
const PART_ROWS: u32 = 2_000;
/// The number of incoming spans written in one transaction.
const TRANSACTION_SPANS: usize = 10_000;
const BAR: &str = "{bar:30} {percent:>3} %  {msg}  {per_sec}  {eta} left";

/// Copies everything, prints the counts, and returns the workspaces.
pub(super) async fn copy_all(from: &SourceDir, to: &Target) -> Result<BTreeSet<Uuid>, TransferError> {
    let started = Instant::now();
    let accounts = to.accounts.restore(&from.accounts).await.map_err(TransferError::AccountServer)?;
    let count = |what: &str, (all, new): (usize, u64)| {
        println!("{what}: {} ({} new)", HumanCount(all as u64), HumanCount(new));
    };
    count("workspaces", (from.accounts.workspaces().count(), accounts.workspaces));
    count("users", (from.accounts.users(), accounts.users));
    count("API keys", (from.accounts.keys(), accounts.keys));

    // Scores are copied first, so that each trace includes its scores when it is written, without a transaction per
    // score.
    count("scores", scores(from, to).await?);
    let mut workspaces: BTreeSet<_> = from.accounts.workspaces().map(|(id, _)| id).collect();
    count("traces", traces(from, to, &mut workspaces).await?);
    let stores = (&from.alerts, &to.alerts);
    // The rules are copied without the state of their evaluation, which restarts with the active alerts.
    let rules = items(stores, &workspaces, AlertStore::list_rules, AlertStore::restore_rules);
    count("alert rules", rules.await?);
    let channels = items(stores, &workspaces, AlertStore::list_channels, AlertStore::create_channels);
    count("alert channels", channels.await?);
    let recipients = items(stores, &workspaces, AlertStore::list_recipients, AlertStore::create_recipients);
    count("recipients of e-mails", recipients.await?);
    count("alerts", alerts(from, to).await?);
    let stores = (&from.prices, &to.prices);
    let prices = items(stores, &workspaces, PriceStore::list_prices, PriceStore::restore_prices);
    count("prices", prices.await?);
    println!("copied in {}", HumanDuration(started.elapsed()));
    Ok(workspaces)
}

async fn scores(from: &SourceDir, to: &Target) -> Result<(usize, u64), TransferError> {
    let (mut all, mut new) = (0, 0);
    let mut last = None;
    loop {
        let part =
            from.traces.scores_after(last.as_ref(), PART_ROWS).await.map_err(TransferError::TraceFile)?;
        let Some(end) = part.last().cloned() else { return Ok((all, new)) };
        last = Some(end);
        let scores: Vec<_> = part.into_iter().filter(|score| score.timestamp >= from.since).collect();
        new += to.traces.restore_scores(&scores).await.map_err(TransferError::TraceServer)?;
        all += scores.len();
    }
}

async fn traces(
    from: &SourceDir,
    to: &Target,
    workspaces: &mut BTreeSet<Uuid>,
) -> Result<(usize, u64), TransferError> {
    let length = from.traces.count_since(from.since).await.map_err(TransferError::TraceFile)?;
    let mut report = Report::start(length);
    let mut scan = from.traces.scan(from.since);
    let mut part = scan.next().await.map_err(TransferError::TraceFile)?;
    while !part.is_empty() {
        workspaces.extend(part.traces.iter().map(|trace| trace.workspace_id));
        workspaces.extend(part.spans.iter().map(|span| span.workspace_id));
        // Traces are copied in the order of arrival, by which lists are sorted. The next part is read while the last
        // one is written.
        let (written, next) = tokio::join!(write(&part, to), scan.next());
        report.add(part.traces.len(), written.map_err(TransferError::TraceServer)?);
        part = next.map_err(TransferError::TraceFile)?;
    }
    report.progress.finish();
    Ok((report.done, report.new))
}

/// Writes a part, and returns how many of its traces were new.
async fn write(part: &ScanPart, to: &Target) -> Result<usize, StoreError> {
    let written = to.traces.write(&part.traces.iter().collect::<Vec<_>>()).await?;
    for spans in part.spans.chunks(TRANSACTION_SPANS) {
        to.traces.write_spans(&spans.iter().collect::<Vec<_>>()).await?;
    }
    Ok(written.new)
}

async fn alerts(from: &SourceDir, to: &Target) -> Result<(usize, u64), TransferError> {
    let (mut all, mut new) = (0, 0);
    let mut last = None;
    loop {
        let part = from.alerts.list_alerts_after(last, PART_ROWS).await.map_err(TransferError::TraceFile)?;
        let Some(end) = part.last() else { return Ok((all, new)) };
        last = Some(end.alert.id);
        new += to.alerts.insert_alerts(&part).await.map_err(TransferError::TraceServer)?;
        all += part.len();
    }
}

/// Copies the items of every workspace, at most a thousand each.
async fn items<S, T>(
    (from, to): (&S, &S),
    workspaces: &BTreeSet<Uuid>,
    list: impl AsyncFn(&S, Uuid) -> Result<Vec<T>, StoreError>,
    restore: impl AsyncFn(&S, Uuid, &[T]) -> Result<u64, StoreError>,
) -> Result<(usize, u64), TransferError> {
    let (mut all, mut new) = (0, 0);
    for &id in workspaces {
        let items = list(from, id).await.map_err(TransferError::TraceFile)?;
        new += restore(to, id, &items).await.map_err(TransferError::TraceServer)?;
        all += items.len();
    }
    Ok((all, new))
}

/// Records the number of copied traces.
struct Report {
    progress: Progress,
    length: u64,
    done: usize,
    new: u64,
    last_line: Instant,
}

impl Report {
    fn start(length: u64) -> Self {
        let progress = Progress::start(Some(length), BAR);
        Self { progress, length, done: 0, new: 0, last_line: Instant::now() }
    }

    fn add(&mut self, done: usize, new: usize) {
        self.done += done;
        self.new += new as u64;
        let done = self.done as u64;
        self.progress.set(done, || format!("{} traces", HumanCount(done)));
        if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            let percent = 100 * done / self.length.max(1);
            self.progress.line(|| format!("{} traces ({percent} %)", HumanCount(done)));
        }
    }
}

//! Measures the server as one process with embedded stores.

use std::path::Path;

use store::trace::TraceStore;

use crate::{
    Result, alert,
    client::Client,
    ingest,
    machine::{self, Memory},
    otlp,
    process::Process,
    query, raw,
    report::{Part, Size},
};

/// Maximum number of traces for the raw bulk load.
const RAW_TRACES: u64 = 400_000;

/// Runs all measurements. `web` is a directory with the static page.
pub(crate) async fn measure(directory: &Path, web: &Path, size: Size) -> Result<Part> {
    let mut part = Part::new("Embedded", "Release binary with embedded stores", size);
    let process = start(directory, web).await?;
    // The memory includes the login, which hashes a password.
    let client = Client::log_in(&process.url).await?;
    part.idle("new database", &memory(&process)?);
    eprintln!("==> loading {} traces", size.traces);
    ingest::load_history(&client, size.traces).await?;
    let workspace_id = client.workspace_id().await?;
    // Stopping moves the write-ahead log into the database file.
    process.stop().await?;
    part.disk(machine::bytes(&directory.join("data"), "traces.db")?, size.traces);
    let store = TraceStore::open_sqlite(&directory.join("data").join("traces.db")).await?;
    alert::measure(&store, workspace_id, &mut part).await?;
    store.close().await;

    let process = start(directory, web).await?;
    part.start(&[(String::new(), process.started_in)]);
    let client = Client::log_in(&process.url).await?;
    part.idle("existing database", &memory(&process)?);
    eprintln!("==> queries");
    query::cached(&client, size.time, &mut part)?;
    query::uncached(&client, &mut part).await?;
    query::lists(&client, size.traces, &mut part).await?;
    eprintln!("==> ingestion");
    part.times("acknowledged → in the cached list", "< 1 s", ingest::visible(&client, true).await?);
    let rate = ingest::rate(&client, size.time).await?;
    part.ingestion("≥ 40,000/s", rate);
    part.spans(otlp::rate(&client, size.time).await?);
    part.busy(&memory(&process)?);
    process.stop().await?;
    let raw = raw::sqlite::bulk_load(directory, size.traces.min(RAW_TRACES)).await?;
    part.comparison("a raw bulk load of the same rows", "≥ 50 %", rate, raw);
    Ok(part)
}

async fn start(directory: &Path, web: &Path) -> Result<Process> {
    let arguments = ["--web-dir".as_ref(), web.as_os_str()];
    Process::start(directory, &arguments, &[("RATE_LIMIT_PER_MINUTE", "0")]).await
}

fn memory(process: &Process) -> Result<[(String, Memory); 1]> {
    Ok([(String::new(), process.memory()?)])
}

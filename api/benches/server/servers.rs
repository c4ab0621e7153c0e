//! Measures the server as four roles over PostgreSQL and Redis, with the measurements of [`crate::embedded`]. All requests go
//! through the gateway.

use std::path::Path;

use api::role::Role;

use crate::{
    Result, alert,
    client::Client,
    ingest, otlp, query, raw,
    report::{Part, Size},
    roles::{Roles, Servers},
};

/// Maximum number of traces for the raw bulk load.
const RAW_TRACES: u64 = 400_000;

/// Runs all measurements. `web` is a directory with the static page.
pub(crate) async fn measure(directory: &Path, web: &Path, size: Size) -> Result<Part> {
    let what = format!(
        "Release binary as four roles, one process each, with {} on the same machine",
        Servers::described()
    );
    let mut part = Part::new("Servers", &what, size);
    let servers = Servers::start().await;
    let roles = Roles::start(directory, web, &servers).await?;
    let client = Client::log_in(roles.url(Role::Gateway)?).await?;
    part.idle("new database", &roles.memory()?);
    eprintln!("==> loading {} traces", size.traces);
    ingest::load_history(&client, size.traces).await?;
    let workspace_id = client.workspace_id().await?;
    roles.stop().await?;
    servers.run_maintenance().await;
    part.disk(raw::postgres::bytes(&servers.database()).await?, size.traces);
    let store = servers.traces().await?;
    alert::measure(&store, workspace_id, &mut part).await?;
    store.close().await;

    let roles = Roles::start(directory, web, &servers).await?;
    part.start(&roles.started_in());
    let client = Client::log_in(roles.url(Role::Gateway)?).await?;
    part.idle("existing database", &roles.memory()?);
    eprintln!("==> queries");
    query::cached(&client, size.time, &mut part)?;
    query::cached_alone(&client, size.time, &mut part)?;
    query::uncached(&client, &mut part).await?;
    query::lists(&client, size.traces, &mut part).await?;
    eprintln!("==> ingestion");
    part.times("acknowledged → in the cached list", "< 1 s", ingest::visible(&client, true).await?);
    part.times("acknowledged → in an uncached list", "< 1 s", ingest::visible(&client, false).await?);
    let rate = ingest::rate(&client, size.time).await?;
    part.ingestion("≥ 30,000/s", rate);
    part.spans(otlp::rate(&client, size.time).await?);
    part.busy(&roles.memory()?);
    roles.stop().await?;

    eprintln!("==> raw COPY");
    let count = size.traces.min(RAW_TRACES);
    let raw = raw::postgres::bulk_load(&servers.postgres.database().await, count).await?;
    part.comparison("a raw `COPY` of the same rows as sent", "≥ 50 %", rate, raw);
    let own = raw::postgres::reload(&servers.database(), count).await?;
    part.comparison("a raw `COPY` of the stored rows into tables of the same schema", "", rate, own);
    Ok(part)
}

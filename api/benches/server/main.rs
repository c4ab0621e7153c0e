//! `make bench`: measures the release binary with deterministic data and writes the tables of `docs/benchmarks.md`, for one
//! process with embedded stores and for four roles over PostgreSQL and Redis. Server and client run on the same machine.
//!
//! Options: `--only embedded|servers`, `--traces N` (1,000,000), `--seconds N` per measurement (10), `--write FILE`.

mod alert;
mod client;
mod data;
mod embedded;
mod ingest;
mod machine;
mod otlp;
mod process;
mod query;
mod raw;
mod report;
mod roles;
mod servers;
mod wrk;

use std::{error::Error, path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};

use self::report::Size;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Parser)]
struct Args {
    /// Measures only one setup of the server. The section of the other setup in the report is kept.
    #[arg(long)]
    only: Option<Side>,
    /// Number of traces in the database, spread over 30 days.
    #[arg(long, default_value_t = 1_000_000)]
    traces: u64,
    /// Duration of each measurement of a rate in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// File to write the report to, in addition to standard output.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Added by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A setup of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Side {
    /// One process with embedded stores.
    Embedded,
    /// Four roles over PostgreSQL and Redis.
    Servers,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let size = Size { traces: args.traces, time: Duration::from_secs(args.seconds) };
    let wanted = |side| args.only.is_none_or(|only| only == side);
    let directory = tempfile::tempdir()?;
    let web = data::constant_page(directory.path())?;
    let mut parts = Vec::new();
    if wanted(Side::Embedded) {
        parts.push(embedded::measure(directory.path(), &web, size).await?);
    }
    if wanted(Side::Servers) {
        parts.push(servers::measure(directory.path(), &web, size).await?);
    }

    let old = args.write.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let text = report::text(&old.unwrap_or_default(), &parts);
    println!("{text}");
    if let Some(path) = args.write {
        std::fs::write(path, text)?;
    }
    Ok(())
}

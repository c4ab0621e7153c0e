//! `make bench`: measures a server of the release profile, its client beside it on the same machine, on data that is the
//! same at every run, and writes the tables of `docs/benchmarks.md`: one process on its embedded default, and four roles
//! over PostgreSQL and Redis.
//!
//! Options: `--only embedded|servers`, `--traces N` (1,000,000), `--seconds N` a measurement (10), `--write FILE`.

mod alert;
mod client;
mod data;
mod embedded;
mod ingest;
mod machine;
mod otlp;
#[path = "../../tests/services/postgres.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "it is the tests'")]
mod postgres;
mod process;
mod query;
mod raw;
#[path = "../../tests/services/redis.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "it is the tests'")]
mod redis;
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
    /// Measures one way to run the server alone; the report keeps what it says of the other.
    #[arg(long)]
    only: Option<Side>,
    /// Traces in the database that is queried, spread over 30 days.
    #[arg(long, default_value_t = 1_000_000)]
    traces: u64,
    /// Seconds of each measurement of a rate.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Where to write the report; only printed where absent.
    #[arg(long)]
    write: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A way to run the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Side {
    /// One process, everything embedded.
    Embedded,
    /// Four roles over PostgreSQL and Redis.
    Servers,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let size = Size { traces: args.traces, time: Duration::from_secs(args.seconds) };
    let wanted = |side| args.only.is_none_or(|only| only == side);
    let folder = tempfile::tempdir()?;
    let web = data::constant_page(folder.path())?;
    let mut parts = Vec::new();
    if wanted(Side::Embedded) {
        parts.push(embedded::measure(folder.path(), &web, size).await?);
    }
    if wanted(Side::Servers) {
        parts.push(servers::measure(folder.path(), &web, size).await?);
    }

    let old = args.write.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let text = report::text(&old.unwrap_or_default(), &parts);
    println!("{text}");
    if let Some(path) = args.write {
        std::fs::write(path, text)?;
    }
    Ok(())
}

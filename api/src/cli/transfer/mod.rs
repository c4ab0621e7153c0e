//! `agent-obs transfer`: copies the contents of a data directory to the servers.
//!
//! Data that already exists on the servers is skipped, so that an interrupted transfer can be repeated. The directory
//! is only read.

mod copy;
mod error;
mod verify;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use domain::{error::chain, rollup::plan::Source};
use shared::Timestamp;
use store::{
    account::{AccountStore, Archive},
    alert::AlertStore,
    database::postgres::PostgresSettings,
    price::PriceStore,
    trace::TraceStore,
};

use self::error::TransferError;
use crate::{
    cli::failure::fail,
    clock::Clock,
    config::{DataDir, Storage},
};

/// The statement timeout: counting all traces takes longer than any query of a request.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(3600);
/// The number of connections to each server; one writes, the others are rarely used.
const MAX_CONNECTIONS: u32 = 2;

/// Copy users, workspaces, API keys, traces, scores, alerts with their rules and channels, and custom prices of a data
/// directory to the servers at POSTGRES_URL and TIMESCALE_URL. Ids, passwords and API keys remain valid.
///
/// The directory is only read. Stop its server first, so that no new data arrives. Data that already exists on the
/// servers is skipped: run the same command again after an interruption. If another account on the servers has the
/// e-mail of a user, nothing is copied.
///
/// At the end both sides are compared, day by day and workspace by workspace. Exits with 0 if they are equal, with 1
/// if they are not or something failed, and with 2 for an invalid setting or directory.
#[derive(Debug, Args)]
pub struct TransferArgs {
    /// The data directory: DATA_DIR of its server.
    #[arg(long, value_name = "DATA_DIR")]
    from: PathBuf,
}

/// The directory to read.
struct SourceDir {
    dir: DataDir,
    accounts: Archive,
    traces: TraceStore,
    alerts: AlertStore,
    prices: PriceStore,
    /// The start of the first trace to copy.
    since: Timestamp,
}

/// The servers to write to.
struct Target {
    accounts: AccountStore,
    traces: TraceStore,
    alerts: AlertStore,
    prices: PriceStore,
}

/// Copies, and prints what was copied. [`TransferArgs`] describes the exit code.
pub async fn run(args: TransferArgs) -> ExitCode {
    match transfer(DataDir::new(args.from)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.exit_code(), chain(&error)),
    }
}

async fn transfer(dir: DataDir) -> Result<(), TransferError> {
    let storage = Storage::read(|name| std::env::var(name).ok())?;
    let (accounts, traces) = storage.on_servers()?;
    let from = SourceDir::open(dir, &storage).await?;
    let to = Target::open(&accounts, &traces).await?;
    let taken = to.accounts.list_taken_emails(&from.accounts).await.map_err(TransferError::AccountServer)?;
    if !taken.is_empty() {
        return Err(TransferError::EmailsTaken(taken.join(", ")));
    }
    let workspaces = copy::copy_all(&from, &to).await?;
    verify::verify(&from, &to, workspaces).await?;
    print_secret_hint(&from.dir);
    Ok(())
}

impl SourceDir {
    async fn open(dir: DataDir, storage: &Storage) -> Result<Self, TransferError> {
        let failed = |source| TransferError::SourceDir { path: dir.path().to_owned(), source };
        let accounts = AccountStore::open_read_only(&dir.accounts()).await.map_err(failed)?;
        let traces = TraceStore::open_sqlite_read_only(&dir.traces()).await.map_err(failed)?;
        let archive = accounts.archive().await.map_err(TransferError::AccountFile)?;
        accounts.close().await;
        let (alerts, prices) = (AlertStore::new(traces.database()), PriceStore::new(traces.database()));
        Ok(Self { dir, accounts: archive, traces, alerts, prices, since: since(storage) })
    }
}

impl Target {
    async fn open(accounts: &PostgresSettings, traces: &PostgresSettings) -> Result<Self, TransferError> {
        let for_transfer = |settings: &PostgresSettings| PostgresSettings {
            pool_min: 0,
            pool_max: MAX_CONNECTIONS,
            statement_timeout: STATEMENT_TIMEOUT,
            ..settings.clone()
        };
        let accounts = AccountStore::open_postgres(&for_transfer(accounts))
            .await
            .map_err(TransferError::AccountServer)?;
        let traces = TraceStore::open_postgres_without_maintenance(&for_transfer(traces))
            .await
            .map_err(TransferError::TraceServer)?;
        let (alerts, prices) = (AlertStore::new(traces.database()), PriceStore::new(traces.database()));
        Ok(Self { accounts, traces, alerts, prices })
    }
}

/// Traces beyond the retention of the servers would be deleted immediately, so they are not copied.
fn since(storage: &Storage) -> Timestamp {
    let keep = storage.servers.lifecycle().retention;
    keep.map_or(Timestamp::EPOCH, |keep| (Clock::system().now() - keep).floor(Source::Daily.bucket()))
}

fn print_secret_hint(dir: &DataDir) {
    let file = dir.jwt_secret();
    if file.exists() {
        println!(
            "Set JWT_SECRET of the servers to the contents of {} to keep existing logins valid",
            file.display()
        );
    } else {
        println!(
            "Set JWT_SECRET of the servers to that of the server of this directory to keep existing logins valid"
        );
    }
}

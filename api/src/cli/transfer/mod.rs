//! `agent-obs transfer`: everything of a data folder, copied to the servers.
//!
//! Whatever is there already is left out, so that a transfer that ended early is begun again. The folder is only read.

mod copy;
mod stop;
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

use self::stop::Stop;
use crate::{
    clock::Clock,
    config::{DataDir, Storage},
};

/// How long a statement may take: counting all traces takes longer than anything a request asks for.
const STATEMENT: Duration = Duration::from_secs(3600);
/// Connections to each server: one writes, and hardly anything else is asked.
const CONNECTIONS: u32 = 2;

/// Copies users, workspaces, API keys, traces, scores, alerts with their rules and channels, and own prices of a data folder
/// to the servers at POSTGRES_URL and TIMESCALE_URL, with their ids: people log in with the same passwords, and agents keep
/// their keys.
///
/// The folder is only read; stop its server first, so that nothing arrives meanwhile. What is on the servers already is
/// left out: after an interruption the same command goes on. Where somebody else on the servers has the e-mail of a user,
/// nothing is copied at all.
///
/// At the end both sides are added up, day by day and workspace by workspace. The exit code is 0 where they are the same,
/// 1 where they are not or something failed, 2 for a bad setting or folder.
#[derive(Debug, Args)]
pub struct TransferArgs {
    /// The data folder: what DATA_DIR is for its server.
    #[arg(long, value_name = "DATA_DIR")]
    from: PathBuf,
}

/// The folder that is read.
struct Folder {
    dir: DataDir,
    accounts: Archive,
    traces: TraceStore,
    alerts: AlertStore,
    prices: PriceStore,
    /// When the first trace started that is copied.
    since: Timestamp,
}

/// The servers that are written to.
struct Target {
    accounts: AccountStore,
    traces: TraceStore,
    alerts: AlertStore,
    prices: PriceStore,
}

/// Copies, and says on stdout what was copied. For the exit code see [`TransferArgs`].
pub async fn run(args: TransferArgs) -> ExitCode {
    match transfer(DataDir::new(args.from)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("agent-obs: {}", chain(&stop));
            stop.exit_code()
        }
    }
}

async fn transfer(dir: DataDir) -> Result<(), Stop> {
    let storage = Storage::read(|name| std::env::var(name).ok())?;
    let (accounts, traces) = storage.on_servers()?;
    let from = Folder::open(dir, &storage).await?;
    let to = Target::open(&accounts, &traces).await?;
    let taken = to.accounts.list_taken_emails(&from.accounts).await.map_err(Stop::AccountServer)?;
    if !taken.is_empty() {
        return Err(Stop::EmailsTaken(taken.join(", ")));
    }
    let workspaces = copy::everything(&from, &to).await?;
    verify::verify(&from, &to, workspaces).await?;
    say_secret(&from.dir);
    Ok(())
}

impl Folder {
    async fn open(dir: DataDir, storage: &Storage) -> Result<Self, Stop> {
        let failed = |source| Stop::Folder { folder: dir.path().to_owned(), source };
        let accounts = AccountStore::open_read_only(&dir.accounts()).await.map_err(failed)?;
        let traces = TraceStore::open_sqlite_read_only(&dir.traces()).await.map_err(failed)?;
        let archive = accounts.archive().await.map_err(Stop::AccountFile)?;
        accounts.close().await;
        let (alerts, prices) = (AlertStore::new(traces.database()), PriceStore::new(traces.database()));
        Ok(Self { dir, accounts: archive, traces, alerts, prices, since: since(storage) })
    }
}

impl Target {
    async fn open(accounts: &PostgresSettings, traces: &PostgresSettings) -> Result<Self, Stop> {
        let patient = |settings: &PostgresSettings| PostgresSettings {
            pool_min: 0,
            pool_max: CONNECTIONS,
            statement_timeout: STATEMENT,
            ..settings.clone()
        };
        let accounts = AccountStore::open_postgres(&patient(accounts)).await.map_err(Stop::AccountServer)?;
        let traces =
            TraceStore::open_postgres_leaving_policies(&patient(traces)).await.map_err(Stop::TraceServer)?;
        let (alerts, prices) = (AlertStore::new(traces.database()), PriceStore::new(traces.database()));
        Ok(Self { accounts, traces, alerts, prices })
    }
}

/// What is older than the servers keep it would go again at once, and so is not copied.
fn since(storage: &Storage) -> Timestamp {
    let keep = storage.servers.lifecycle().retention;
    keep.map_or(Timestamp::EPOCH, |keep| (Clock::system().now() - keep).floor(Source::Daily.bucket()))
}

fn say_secret(dir: &DataDir) {
    let file = dir.jwt_secret();
    if file.exists() {
        println!(
            "Set JWT_SECRET for the servers to the contents of {}: logins hold then, too",
            file.display()
        );
    } else {
        println!("Set JWT_SECRET for the servers to what the folder's server had: logins hold then, too");
    }
}

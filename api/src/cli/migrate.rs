//! `agent-obs migrate`: the schemas of the accounts and of the traces, on servers or in files.

use std::{io, process::ExitCode};

use clap::Args;
use domain::error::chain;
use store::{
    account::{AccountError, AccountStore},
    database::sqlite::FileError,
    trace::{StoreError, TraceStore},
};

use crate::config::Storage;

/// Brings the schemas of accounts (POSTGRES_URL) and traces (TIMESCALE_URL) up to date; without these addresses, those of
/// the files in DATA_DIR.
///
/// A server does the same when it starts. Done before, it takes no time then, and says what it did.
///
/// The exit code is 0 where everything is up to date at the end, 2 for a bad setting, else 1.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Change nothing and say what is to be done; the exit code is 1 where there is anything.
    #[arg(long)]
    check: bool,
}

/// Why a schema is not known, or not up to date.
#[derive(Debug, thiserror::Error)]
enum MigrateError {
    #[error("the accounts cannot be brought up to date")]
    Accounts(#[from] AccountError),
    #[error("the traces cannot be brought up to date")]
    Traces(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("DATA_DIR cannot be made")]
    Folder(#[from] io::Error),
}

/// Migrates, and says on stdout what was applied. For the exit code see [`MigrateArgs`].
pub async fn run(args: MigrateArgs) -> ExitCode {
    let storage = match Storage::read(|name| std::env::var(name).ok()) {
        Ok(storage) => storage,
        Err(error) => {
            eprintln!("agent-obs: {error}");
            return ExitCode::from(2);
        }
    };
    match migrate(&storage, args.check).await {
        Ok(0) => {
            println!("everything is up to date");
            ExitCode::SUCCESS
        }
        Ok(_) if args.check => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agent-obs: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Answers how many steps there were. Each schema's are said as they are done: the second may fail.
async fn migrate(storage: &Storage, check: bool) -> Result<usize, MigrateError> {
    if !check && (storage.servers.postgres_url.is_none() || storage.servers.timescale_url.is_none()) {
        storage.data_dir.make()?;
    }
    let word = if check { "pending" } else { "applied" };
    let say = |steps: &[String]| steps.iter().for_each(|step| println!("{word} {step}"));
    let accounts = accounts(storage, check).await?;
    say(&accounts);
    let traces = traces(storage, check).await?;
    say(&traces);
    Ok(accounts.len() + traces.len())
}

async fn accounts(storage: &Storage, check: bool) -> Result<Vec<String>, MigrateError> {
    if let Some(url) = &storage.servers.postgres_url {
        let settings = storage.servers.postgres(url);
        return Ok(if check {
            AccountStore::pending_postgres(&settings).await?
        } else {
            AccountStore::migrate_postgres(&settings).await?
        });
    }
    let file = storage.data_dir.accounts();
    let steps = AccountStore::pending_sqlite(&file).await?;
    if !check && !steps.is_empty() {
        AccountStore::open_sqlite(&file).await?.close().await;
    }
    Ok(steps)
}

async fn traces(storage: &Storage, check: bool) -> Result<Vec<String>, MigrateError> {
    if let Some(url) = &storage.servers.timescale_url {
        let settings = storage.servers.postgres(url);
        return Ok(if check {
            TraceStore::pending_postgres(&settings).await?
        } else {
            TraceStore::migrate_postgres(&settings).await?
        });
    }
    let file = storage.data_dir.traces();
    let steps = TraceStore::pending_sqlite(&file).await?;
    if !check && !steps.is_empty() {
        TraceStore::open_sqlite(&file).await?.close().await;
    }
    Ok(steps)
}

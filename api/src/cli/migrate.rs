//! `agent-obs migrate`: the schemas of the accounts and traces databases, on servers or in files.

use std::{io, process::ExitCode};

use clap::Args;
use domain::error::chain;
use store::{
    account::{AccountError, AccountStore},
    database::sqlite::FileError,
    trace::{StoreError, TraceStore},
};

use super::failure::fail;
use crate::config::Storage;

/// Migrate the schemas of accounts (POSTGRES_URL) and traces (TIMESCALE_URL); without these URLs, those of the files in
/// DATA_DIR.
///
/// A server also does this when it starts. Running it before saves time at startup and prints what was applied.
///
/// Exits with 0 if no migrations are pending at the end, with 2 for an invalid setting, and with 1 otherwise.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Change nothing and print the pending steps; exits with 1 if there are any.
    #[arg(long)]
    check: bool,
}

/// Why a schema cannot be migrated.
#[derive(Debug, thiserror::Error)]
enum MigrateError {
    #[error("cannot migrate the accounts database")]
    Accounts(#[from] AccountError),
    #[error("cannot migrate the traces database")]
    Traces(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("cannot create DATA_DIR")]
    Directory(#[from] io::Error),
}

/// Migrates, and prints what was applied. [`MigrateArgs`] describes the exit code.
pub async fn run(args: MigrateArgs) -> ExitCode {
    let storage = match Storage::read(|name| std::env::var(name).ok()) {
        Ok(storage) => storage,
        Err(error) => return fail(2, error),
    };
    match migrate(&storage, args.check).await {
        Ok(0) => {
            println!("no pending migrations");
            ExitCode::SUCCESS
        }
        Ok(_) if args.check => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => fail(1, chain(&error)),
    }
}

/// Returns the number of steps. The steps of each schema are printed when they are done, because the second may fail.
async fn migrate(storage: &Storage, check: bool) -> Result<usize, MigrateError> {
    if !check && (storage.servers.postgres_url.is_none() || storage.servers.timescale_url.is_none()) {
        storage.data_dir.create()?;
    }
    let word = if check { "pending" } else { "applied" };
    let print_steps = |steps: &[String]| steps.iter().for_each(|step| println!("{word} {step}"));
    let accounts = accounts(storage, check).await?;
    print_steps(&accounts);
    let traces = traces(storage, check).await?;
    print_steps(&traces);
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

//! Opening SQLite files, also read-only while another process writes to them, and checking their migrations.

use std::{
    fs::{self, OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::database::migration::missing;

/// The number of connections to a file that is opened read-only.
const READERS: u32 = 2;

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file does not exist.
    #[error("{} does not exist", .0.display())]
    Absent(PathBuf),
    /// The file must be migrated first.
    #[error("{} was written by an older version: run `agent-obs migrate` with DATA_DIR set to its directory and \
             without POSTGRES_URL and TIMESCALE_URL", .0.display())]
    Older(PathBuf),
    /// A newer version migrated the file.
    #[error("{} was written by a newer version: use an agent-obs that is at least as new", .0.display())]
    Newer(PathBuf),
    /// The file cannot be read or is not a database.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: sqlx::Error,
    },
}

/// The permissions of a database: only its owner can read and write it.
const MODE: u32 = 0o600;

/// Returns the options of a file that is created if it does not exist. Only the owner of the file can access it and the log
/// files next to it.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    restrict_access(path);
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode this syncs every commit to disk before it returns.
        .synchronous(SqliteSynchronous::Full)
}

/// Opens a file read-only. Its schema must be that of `migrator`.
pub(crate) async fn open_read_only(path: &Path, migrator: &Migrator) -> Result<SqlitePool, FileError> {
    let (reader, applied) = open_and_read_migrations(path).await?;
    if applied.iter().any(|&version| !migrator.version_exists(version)) {
        return Err(FileError::Newer(path.to_owned()));
    }
    if !missing(migrator, "", &applied).is_empty() {
        return Err(FileError::Older(path.to_owned()));
    }
    Ok(reader)
}

/// Returns the migrations that are not applied to a file: all of them if the file does not exist.
pub(crate) async fn pending(path: &Path, migrator: &Migrator) -> Result<Vec<String>, FileError> {
    let applied = match open_and_read_migrations(path).await {
        Ok((reader, applied)) => {
            reader.close().await;
            applied
        }
        Err(FileError::Absent(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(missing(migrator, &path.display().to_string(), &applied))
}

/// Opens a file read-only and returns the versions of the migrations that were applied.
async fn open_and_read_migrations(path: &Path) -> Result<(SqlitePool, Vec<i64>), FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    if !path.try_exists().map_err(|error| unreadable(error.into()))? {
        return Err(FileError::Absent(path.to_owned()));
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    match read_applied(options.clone()).await {
        // In WAL mode SQLite creates two more files, which fails in a read-only directory, like that of a backup.
        // Without a log nobody is writing, and the file is complete.
        Err(_) if !log_of(path).exists() => read_applied(options.immutable(true)).await,
        read => read,
    }
    .map_err(unreadable)
}

fn log_of(path: &Path) -> PathBuf {
    with_suffix(path, "-wal")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates the file, if it does not exist, and removes the permissions of other users, which older versions left to the
/// umask. SQLite creates its log files with the permissions of the database.
fn restrict_access(path: &Path) {
    // SQLite reports a file that cannot be created, and takes an empty file for a new database.
    let created = OpenOptions::new().append(true).create(true).mode(MODE).open(path);
    let log_files = ["-wal", "-shm"].map(|suffix| with_suffix(path, suffix));
    for file in created.is_ok().then(|| path.to_owned()).into_iter().chain(log_files) {
        let Ok(metadata) = fs::metadata(&file) else { continue };
        if metadata.permissions().mode() & 0o777 != MODE
            && let Err(error) = fs::set_permissions(&file, Permissions::from_mode(MODE))
        {
            let path = file.display();
            tracing::warn!(file.path = %path, error = %error, "cannot restrict the permissions of a database file");
        }
    }
}

async fn read_applied(options: SqliteConnectOptions) -> Result<(SqlitePool, Vec<i64>), sqlx::Error> {
    let pool = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await?;
    let has_migrations: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')")
            .fetch_one(&pool)
            .await?;
    let mut applied = Vec::new();
    if has_migrations {
        applied =
            sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(&pool).await?;
    }
    Ok((pool, applied))
}

/// Returns whether a retry may succeed: the file is busy, locked or cannot be opened, the disk is full or failing, or
/// memory is short.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().filter(|error| error.try_downcast_ref::<SqliteError>().is_some());
    let code = error.and_then(|error| error.code()?.parse::<u32>().ok());
    // The lower eight bits are the primary code: BUSY, LOCKED, NOMEM, IOERR, FULL, CANTOPEN.
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6 | 7 | 10 | 13 | 14))
}

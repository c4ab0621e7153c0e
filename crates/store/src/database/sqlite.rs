//! What both stores on SQLite share: looking at a file without changing it, though another process may be writing to it,
//! and which migrations it lacks.

use std::path::{Path, PathBuf};

use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteError, SqlitePoolOptions},
};

use crate::database::migration::missing;

/// Connections that read a file at once.
const READERS: u32 = 2;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing is there.
    #[error("{} is not there", .0.display())]
    Absent(PathBuf),
    /// It must be migrated first, which reading does not do.
    #[error("{} is of an older version: `agent-obs migrate` brings it up to date, with DATA_DIR set to its folder and without \
             POSTGRES_URL and TIMESCALE_URL", .0.display())]
    Older(PathBuf),
    /// It was migrated by a later version of this program.
    #[error("{} is of a newer version: read it with an agent-obs that is at least as new", .0.display())]
    Newer(PathBuf),
    /// The system does not let it be read, or it is something else.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What came of it.
        #[source]
        source: sqlx::Error,
    },
}

/// Opens a file that has the very schema of `migrator`, to read it.
pub(crate) async fn open_read_only(path: &Path, migrator: &Migrator) -> Result<SqlitePool, FileError> {
    let (reader, applied) = look(path).await?;
    if applied.iter().any(|&version| !migrator.version_exists(version)) {
        return Err(FileError::Newer(path.to_owned()));
    }
    if !missing(migrator, "", &applied).is_empty() {
        return Err(FileError::Older(path.to_owned()));
    }
    Ok(reader)
}

/// What bringing the file up to date would apply. One that is not there lacks everything.
pub(crate) async fn pending(path: &Path, migrator: &Migrator) -> Result<Vec<String>, FileError> {
    let applied = match look(path).await {
        Ok((reader, applied)) => {
            reader.close().await;
            applied
        }
        Err(FileError::Absent(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(missing(migrator, &path.display().to_string(), &applied))
}

/// Opens a file whatever is in it, and reads which migrations were applied.
async fn look(path: &Path) -> Result<(SqlitePool, Vec<i64>), FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    if !path.try_exists().map_err(|error| unreadable(error.into()))? {
        return Err(FileError::Absent(path.to_owned()));
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    match read_applied(options.clone()).await {
        // Beside a file in WAL mode SQLite makes two more, which it cannot in a folder that is not ours to write to, like
        // a backup. Where the log is not there either nobody is writing, and the file alone is all there is.
        Err(_) if !log_of(path).exists() => read_applied(options.immutable(true)).await,
        read => read,
    }
    .map_err(unreadable)
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

async fn read_applied(options: SqliteConnectOptions) -> Result<(SqlitePool, Vec<i64>), sqlx::Error> {
    let pool = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await?;
    let begun: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')")
            .fetch_one(&pool)
            .await?;
    let mut applied = Vec::new();
    if begun {
        applied =
            sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(&pool).await?;
    }
    Ok((pool, applied))
}

/// Whether the file is busy, locked or cannot be opened, the disk full or failing, or memory short: whatever was to be
/// done may succeed later.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().filter(|error| error.try_downcast_ref::<SqliteError>().is_some());
    let code = error.and_then(|error| error.code()?.parse::<u32>().ok());
    // The lower bits say what it is, the upper ones more of it.
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6 | 7 | 10 | 13 | 14))
}

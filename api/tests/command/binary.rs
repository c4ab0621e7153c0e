//! Runs the binary to its end, and starts the database servers for it.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use test_support::postgres::{PostgresServer, Setup};

/// The exit code and output of a run.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Asserts the exit code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// Returns the command `agent-obs` with only `settings` as its environment.
pub fn command(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent-obs"));
    command.args(arguments).env_clear().current_dir(std::env::temp_dir()).envs(settings.iter().copied());
    command.stdin(Stdio::null());
    command
}

/// Runs `agent-obs` to its end.
pub async fn agent_obs(arguments: &[&str], settings: &[(&str, &str)]) -> Run {
    let mut command = command(arguments, settings);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Transfers a data directory to a database for both accounts and traces.
pub async fn transfer(from: &Path, database: &str) -> Run {
    agent_obs(&["transfer", "--from", from.to_str().unwrap()], &[("TIMESCALE_URL", database)]).await
}

/// Returns a server without TimescaleDB.
pub async fn plain() -> &'static PostgresServer {
    static SERVER: OnceCell<PostgresServer> = OnceCell::const_new();
    SERVER.get_or_init(|| PostgresServer::start(Setup::default())).await
}

/// Returns a server with TimescaleDB.
pub async fn timescale() -> &'static PostgresServer {
    static SERVER: OnceCell<PostgresServer> = OnceCell::const_new();
    SERVER.get_or_init(|| PostgresServer::start(Setup { timescale: true, ..Setup::default() })).await
}

/// Returns the number of rows of a table, or 0 if the table does not exist.
pub async fn count(database: &str, table: &'static str) -> i64 {
    let mut connection = PgConnection::connect(database).await.unwrap();
    let exists: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    if !exists {
        return 0;
    }
    let query = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
}

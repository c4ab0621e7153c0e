//! Bulk load into SQLite. Only the unique index detects duplicates.

use std::{path::Path, time::Instant};

use sqlx::{
    Connection, QueryBuilder, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::TRANSACTION;
use crate::{Result, data};

/// Rows per statement, as in the server.
const ROWS: usize = 64;

/// Loads `count` rows into a new database in `directory` and returns rows per second.
pub(crate) async fn bulk_load(directory: &Path, count: u64) -> Result<f64> {
    let now = api::clock::Clock::system().now();
    let rows: Vec<data::Row> = (0..count).map(|number| data::row(number, now)).collect();
    let options = SqliteConnectOptions::new()
        .filename(directory.join("raw.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("cache_size", "-65536")
        .pragma("wal_autocheckpoint", "16384");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::raw_sql(
        "CREATE TABLE traces (id INTEGER PRIMARY KEY, workspace_id BLOB, trace_id TEXT, agent_id TEXT, timestamp INTEGER, \
         latency INTEGER, status TEXT, model TEXT, model_provider TEXT, tokens_input INTEGER, tokens_output INTEGER, \
         cost INTEGER, quality INTEGER, input TEXT, output TEXT) STRICT; \
         CREATE UNIQUE INDEX raw_trace ON traces (workspace_id, trace_id); \
         CREATE INDEX raw_time ON traces (workspace_id, timestamp, id); \
         CREATE INDEX raw_agent ON traces (workspace_id, agent_id, timestamp, id)",
    )
    .execute(&mut connection)
    .await?;
    let workspace_id = uuid::Uuid::nil();
    let begin = Instant::now();
    for chunk in rows.chunks(TRANSACTION) {
        let mut transaction = connection.begin().await?;
        for rows in chunk.chunks(ROWS) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO traces (workspace_id, trace_id, agent_id, timestamp, latency, status, model, model_provider, \
                 tokens_input, tokens_output, cost, quality, input, output) ",
            );
            insert.push_values(rows, |mut values, row| {
                values.push_bind(workspace_id).push_bind(&row.trace_id).push_bind(row.agent);
                values.push_bind(row.timestamp.as_micros()).push_bind(row.latency).push_bind(row.status);
                values.push_bind(row.model).push_bind(row.provider).push_bind(row.tokens_input);
                values.push_bind(row.tokens_output).push_bind(row.cost).push_bind(row.quality);
                values.push_bind(&row.input).push_bind(&row.output);
            });
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}

//! Bulk loads into PostgreSQL with `COPY`: the rows as sent into one table, and the rows that the server stored into tables with
//! the same schema.

use std::{fmt::Write, time::Instant};

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::TRANSACTION;
use crate::{Result, data};

/// A table for the rows as sent, with the indexes that lists need.
const TABLE: &str = "CREATE TABLE sent (id BIGINT, workspace_id UUID, trace_id TEXT COLLATE \"C\", agent_id TEXT COLLATE \"C\", \
     timestamp TIMESTAMPTZ, latency BIGINT, status TEXT, model TEXT, model_provider TEXT, tokens_input BIGINT, \
     tokens_output BIGINT, cost BIGINT, quality BIGINT, input TEXT, output TEXT); \
     CREATE UNIQUE INDEX sent_trace ON sent (workspace_id, trace_id); \
     CREATE INDEX sent_time ON sent (workspace_id, timestamp, id); \
     CREATE INDEX sent_agent ON sent (workspace_id, agent_id, timestamp, id)";
/// The tables of the server, with the condition for rows of the newest traces.
const SERVER_TABLES: [(&str, &str); 3] = [
    ("trace_keys", "id IN (SELECT id FROM newest)"),
    ("traces", "id IN (SELECT id FROM newest)"),
    ("payloads", "id IN (SELECT payload_id FROM newest)"),
];

/// Returns the size of the database at `url` in bytes.
pub(crate) async fn bytes(url: &str) -> Result<u64> {
    let mut connection = PgConnection::connect(url).await?;
    let bytes: i64 =
        sqlx::query_scalar("SELECT pg_database_size(current_database())").fetch_one(&mut connection).await?;
    Ok(bytes.try_into()?)
}

/// Loads the rows as sent into the empty database at `url` and returns rows per second.
pub(crate) async fn bulk_load(url: &str, count: u64) -> Result<f64> {
    let now = api::clock::Clock::system().now();
    let workspace_id = uuid::Uuid::nil();
    let rows: Vec<String> = (0..count)
        .map(|number| {
            let row = data::row(number, now);
            let mut line = String::with_capacity(1300);
            // Writing to a String cannot fail.
            let _ = writeln!(
                line,
                "{number}\t{workspace_id}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                row.trace_id,
                row.agent,
                row.timestamp,
                row.latency,
                row.status,
                row.model,
                row.provider,
                row.tokens_input,
                row.tokens_output,
                row.cost,
                row.quality,
                row.input,
                row.output,
            );
            line
        })
        .collect();
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(TABLE).execute(&mut connection).await?;
    copy(&mut connection, count, &[("sent", rows)]).await
}

/// Loads rows of the tables of the server at `url` into tables with the same schema. Returns rows of `traces` per second; the
/// rows of the other tables that belong to them are loaded, too.
pub(crate) async fn reload(url: &str, count: u64) -> Result<f64> {
    let mut connection = PgConnection::connect(url).await?;
    let newest = format!(
        "CREATE TEMPORARY TABLE newest AS SELECT id, payload_id FROM traces ORDER BY timestamp DESC, id DESC LIMIT {count}"
    );
    sqlx::raw_sql(AssertSqlSafe(newest)).execute(&mut connection).await?;
    let mut tables = Vec::new();
    for (table, belongs) in SERVER_TABLES {
        let select = format!("COPY (SELECT * FROM {table} WHERE {belongs} ORDER BY id) TO STDOUT");
        let mut text = Vec::new();
        let mut chunks = connection.copy_out_raw(&select).await?;
        while let Some(chunk) = chunks.try_next().await? {
            text.extend_from_slice(&chunk);
        }
        drop(chunks);
        let rows: Vec<_> = String::from_utf8(text)?.split_inclusive('\n').map(str::to_owned).collect();
        let like = format!("CREATE TABLE like_{table} (LIKE {table} INCLUDING ALL)");
        sqlx::raw_sql(AssertSqlSafe(like)).execute(&mut connection).await?;
        tables.push((table, rows));
    }
    let tables: Vec<_> = tables.iter().map(|(table, rows)| (format!("like_{table}"), rows)).collect();
    copy(&mut connection, count, &tables).await
}

/// Loads tables in the same transactions, with [`TRANSACTION`] of `count` rows each. Returns rows of the first table per second.
async fn copy<N: AsRef<str>, R: AsRef<[String]>>(
    connection: &mut PgConnection,
    count: u64,
    tables: &[(N, R)],
) -> Result<f64> {
    let transactions = usize::try_from(count)?.div_ceil(TRANSACTION).max(1);
    let begin = Instant::now();
    for number in 0..transactions {
        let mut transaction = connection.begin().await?;
        for (table, rows) in tables {
            let rows = rows.as_ref();
            let at = |number: usize| number * rows.len() / transactions;
            let mut copy = transaction.copy_in_raw(&format!("COPY {} FROM STDIN", table.as_ref())).await?;
            copy.send(rows[at(number)..at(number + 1)].concat().into_bytes()).await?;
            copy.finish().await?;
        }
        transaction.commit().await?;
    }
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}

//! Statements over many rows. The columns of the rows are listed once for both engines.
//!
//! On SQLite the rows are placeholders. Their number in a statement is a power of two, so that a few prepared statements
//! serve batches of any size.
//!
//! On PostgreSQL there is an array for each column. COPY would be somewhat faster for the server, but ends with a small
//! message of its own. Without `TCP_NODELAY`, which sqlx does not set, TCP delays that message by up to 40 ms. A statement
//! with arrays is one message.

mod column;

use std::sync::Arc;

use sqlx::{
    AssertSqlSafe, PgConnection, Postgres, Row, Sqlite, SqliteConnection, postgres::PgArguments,
    query::Query, sqlite::SqliteArguments,
};

pub(super) use self::column::{Column, Value, names};
use crate::{
    database::{EitherRow, Transaction},
    error::StoreError,
};

/// At most 2^6 rows in a statement on SQLite: longer statements are not faster.
const LARGEST_POWER: usize = 6;

/// A statement over rows, which have the same columns each time.
pub(super) struct Bulk {
    /// With placeholders for 1, 2, 4, …, or 64 rows.
    sqlite: [Arc<str>; LARGEST_POWER + 1],
    postgres: Arc<str>,
}

/// A connection to either engine.
pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Bulk {
    /// Creates a statement. `sqlite` and `postgres` return its text around the rows: `VALUES …` and `UNNEST(…)`.
    pub(super) fn new<R>(
        columns: &[Column<R>],
        sqlite: impl Fn(&str) -> String,
        postgres: impl Fn(&str) -> String,
    ) -> Self {
        Self::with_rows(columns, |_| String::new(), sqlite, "", postgres)
    }

    /// Creates a statement like [`Bulk::new`] for [`Bulk::fetch_numbered`]. The number of each row follows its columns.
    pub(super) fn numbered<R>(
        columns: &[Column<R>],
        sqlite: impl Fn(&str) -> String,
        postgres: impl Fn(&str) -> String,
    ) -> Self {
        Self::with_rows(columns, |number| format!(",{number}"), sqlite, " WITH ORDINALITY", postgres)
    }

    /// Creates a statement that inserts rows into a table, with the action for existing rows.
    pub(super) fn insert<R>(table: &str, columns: &[Column<R>], sqlite: &str, postgres: &str) -> Self {
        let (on_sqlite, on_postgres) = (names(on_sqlite(columns)), names(columns));
        Self::new(
            columns,
            |values| format!("INSERT INTO {table} ({on_sqlite}) {values} {sqlite}"),
            |arrays| format!("INSERT INTO {table} ({on_postgres}) SELECT * FROM {arrays} {postgres}"),
        )
    }

    fn with_rows<R>(
        columns: &[Column<R>],
        number: impl Fn(usize) -> String,
        sqlite: impl Fn(&str) -> String,
        ordinality: &str,
        postgres: impl Fn(&str) -> String,
    ) -> Self {
        let placeholders = vec!["?"; on_sqlite(columns).count()].join(",");
        let row = |index| format!("({placeholders}{})", number(index));
        let values = |rows| (1..=rows).map(row).collect::<Vec<_>>().join(",");
        let array =
            |(index, (_, value)): (usize, &Column<R>)| format!("${index}::{}[]", value.postgres_type());
        let arrays = (1..).zip(columns).map(array).collect::<Vec<_>>().join(", ");
        Self {
            sqlite: std::array::from_fn(|power| sqlite(&format!("VALUES {}", values(1 << power))).into()),
            postgres: postgres(&format!("UNNEST({arrays}){ordinality}")).into(),
        }
    }

    /// Runs the statement over all rows and returns the number of changed rows.
    pub(super) async fn execute<'c, R>(
        &self,
        connection: impl Into<Connection<'c>>,
        columns: &[Column<R>],
        rows: &[R],
    ) -> Result<u64, StoreError> {
        let (mut changed, mut rest) = (0, rows);
        match connection.into() {
            Connection::Sqlite(connection) => {
                while !rest.is_empty() {
                    changed +=
                        self.next(columns, &mut rest)?.execute(&mut *connection).await?.rows_affected();
                }
            }
            Connection::Postgres(connection) if !rows.is_empty() => {
                changed = self.on_postgres(columns, rows)?.execute(connection).await?.rows_affected();
            }
            Connection::Postgres(_) => {}
        }
        Ok(changed)
    }

    /// Runs the statement over all rows. Returns its results, each with the index of the row in `rows` whose number is in the
    /// column `number`.
    pub(super) async fn fetch_numbered<'c, R, T: EitherRow>(
        &self,
        connection: impl Into<Connection<'c>>,
        columns: &[Column<R>],
        rows: &[R],
    ) -> Result<Vec<(usize, T)>, StoreError> {
        // Numbers start at 1.
        let index = |number: i64| usize::try_from(number - 1).unwrap_or_default();
        let (mut found, mut rest) = (Vec::new(), rows);
        match connection.into() {
            Connection::Sqlite(connection) => {
                while !rest.is_empty() {
                    let first = rows.len() - rest.len();
                    for row in self.next(columns, &mut rest)?.fetch_all(&mut *connection).await? {
                        found.push((first + index(row.try_get("number")?), T::from_row(&row)?));
                    }
                }
            }
            Connection::Postgres(connection) if !rows.is_empty() => {
                for row in self.on_postgres(columns, rows)?.fetch_all(connection).await? {
                    found.push((index(row.try_get("number")?), T::from_row(&row)?));
                }
            }
            Connection::Postgres(_) => {}
        }
        Ok(found)
    }

    /// Takes as many rows from `rest` as the longest possible statement has, and returns that statement. `rest` must
    /// not be empty.
    fn next<R>(
        &self,
        columns: &[Column<R>],
        rest: &mut &[R],
    ) -> Result<Query<'static, Sqlite, SqliteArguments>, StoreError> {
        let power = (rest.len().ilog2() as usize).min(LARGEST_POWER);
        let (rows, after) = rest.split_at(1 << power);
        *rest = after;
        let mut arguments = SqliteArguments::default();
        for row in rows {
            let bind = |(_, value): &Column<R>| value.bind_row(&mut arguments, row);
            columns.iter().try_for_each(bind).map_err(sqlx::Error::Encode)?;
        }
        // Safe: the text contains constants and placeholders only.
        Ok(sqlx::query_with(AssertSqlSafe(Arc::clone(&self.sqlite[power])), arguments))
    }

    fn on_postgres<R>(
        &self,
        columns: &[Column<R>],
        rows: &[R],
    ) -> Result<Query<'static, Postgres, PgArguments>, StoreError> {
        let mut arguments = PgArguments::default();
        let bind = |(_, value): &Column<R>| value.bind_rows(&mut arguments, rows);
        columns.iter().try_for_each(bind).map_err(sqlx::Error::Encode)?;
        // Safe: the text contains constants and placeholders only.
        Ok(sqlx::query_with(AssertSqlSafe(Arc::clone(&self.postgres)), arguments))
    }
}

fn on_sqlite<R>(columns: &[Column<R>]) -> impl Iterator<Item = &Column<R>> {
    columns.iter().filter(|(_, value)| value.is_on_sqlite())
}

impl<'c> From<&'c mut Transaction> for Connection<'c> {
    fn from(transaction: &'c mut Transaction) -> Self {
        match transaction {
            Transaction::Sqlite(connection) => Self::Sqlite(connection),
            Transaction::Postgres(connection) => Self::Postgres(connection),
        }
    }
}

impl<'c> From<&'c mut SqliteConnection> for Connection<'c> {
    fn from(connection: &'c mut SqliteConnection) -> Self {
        Self::Sqlite(connection)
    }
}

impl<'c> From<&'c mut PgConnection> for Connection<'c> {
    fn from(connection: &'c mut PgConnection) -> Self {
        Self::Postgres(connection)
    }
}

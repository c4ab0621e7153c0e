//! The columns of the rows of a bulk statement.

use shared::Timestamp;
use sqlx::{Arguments, error::BoxDynError, postgres::PgArguments, sqlite::SqliteArguments};
use uuid::Uuid;

use crate::database::timestamp::SqlTimestamp;

/// The name of a column, and how to read it from a row.
pub(in crate::trace) type Column<R> = (&'static str, Value<R>);

/// The type of a column, and its value in a row.
pub(in crate::trace) enum Value<R> {
    Uuid(fn(&R) -> Uuid),
    Time(fn(&R) -> Timestamp),
    BigInt(fn(&R) -> Option<i64>),
    Integer(fn(&R) -> Option<i32>),
    SmallInt(fn(&R) -> Option<i16>),
    /// A SMALLINT that the table does not have on SQLite.
    SmallIntOnPostgres(fn(&R) -> Option<i16>),
    Text(fn(&R) -> Option<&str>),
    Bytes(fn(&R) -> &[u8]),
}

impl<R> Value<R> {
    /// Returns whether the column exists on SQLite.
    pub(super) fn is_on_sqlite(&self) -> bool {
        !matches!(self, Self::SmallIntOnPostgres(_))
    }

    /// Binds the value of one row, on SQLite.
    pub(super) fn bind_row(&self, arguments: &mut SqliteArguments, row: &R) -> Result<(), BoxDynError> {
        match self {
            Self::Uuid(of) => arguments.add(of(row)),
            Self::Time(of) => arguments.add(SqlTimestamp(of(row))),
            Self::BigInt(of) => arguments.add(of(row)),
            Self::Integer(of) => arguments.add(of(row)),
            Self::SmallInt(of) => arguments.add(of(row)),
            Self::SmallIntOnPostgres(_) => Ok(()),
            Self::Text(of) => arguments.add(of(row)),
            Self::Bytes(of) => arguments.add(of(row)),
        }
    }

    /// Returns the type on PostgreSQL.
    pub(super) fn postgres_type(&self) -> &'static str {
        match self {
            Self::Uuid(_) => "UUID",
            Self::Time(_) => "TIMESTAMPTZ",
            Self::BigInt(_) => "BIGINT",
            Self::Integer(_) => "INTEGER",
            Self::SmallInt(_) | Self::SmallIntOnPostgres(_) => "SMALLINT",
            Self::Text(_) => "TEXT",
            Self::Bytes(_) => "BYTEA",
        }
    }

    /// Binds the values of all rows as one array, on PostgreSQL.
    pub(super) fn bind_rows(&self, arguments: &mut PgArguments, rows: &[R]) -> Result<(), BoxDynError> {
        match self {
            Self::Uuid(of) => arguments.add(rows.iter().map(of).collect::<Vec<_>>()),
            Self::Time(of) => arguments.add(rows.iter().map(|row| SqlTimestamp(of(row))).collect::<Vec<_>>()),
            Self::BigInt(of) => arguments.add(rows.iter().map(of).collect::<Vec<_>>()),
            Self::Integer(of) => arguments.add(rows.iter().map(of).collect::<Vec<_>>()),
            Self::SmallInt(of) | Self::SmallIntOnPostgres(of) => {
                arguments.add(rows.iter().map(of).collect::<Vec<_>>())
            }
            Self::Text(of) => arguments.add(rows.iter().map(of).collect::<Vec<_>>()),
            Self::Bytes(of) => arguments.add(rows.iter().map(of).collect::<Vec<_>>()),
        }
    }
}

/// Returns the names of columns, as in a list of a statement.
pub(in crate::trace) fn names<'c, R: 'c>(columns: impl IntoIterator<Item = &'c Column<R>>) -> String {
    columns.into_iter().map(|&(name, _)| name).collect::<Vec<_>>().join(", ")
}

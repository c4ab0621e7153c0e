//! One statement with its arguments, on either engine.

use std::{borrow::Cow, fmt::Write};

use futures_util::TryStreamExt;
use sqlx::{
    Arguments, AssertSqlSafe, Encode, FromRow, Postgres, Sqlite, Type,
    error::BoxDynError,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};
use tracing::Instrument;

use super::ids::Ids;
use crate::error::StoreError;

/// A value that can be bound on both engines.
pub trait Bind<'q>: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> {}
impl<'q, T> Bind<'q> for T where T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> {}

/// A row that can be read on both engines: `#[derive(sqlx::FromRow)]`, by the names of its columns.
pub trait EitherRow: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> EitherRow for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A row of a statement that is still running.
#[derive(Clone, Copy)]
pub enum RowRef<'r> {
    /// On SQLite.
    Sqlite(&'r SqliteRow),
    /// On PostgreSQL.
    Postgres(&'r PgRow),
}

/// A statement under construction. Arguments are bound in the order of `$1`, `$2`, …
#[must_use = "a statement does nothing until it is executed or fetched"]
pub struct Statement<'t> {
    /// Text of this crate alone: never a value.
    text: Cow<'static, str>,
    target: Target<'t>,
    /// The first argument that could not be encoded.
    error: Option<BoxDynError>,
}

enum Target<'t> {
    Sqlite(On<'t, Sqlite>, SqliteArguments),
    Postgres(On<'t, Postgres>, PgArguments),
}

/// What a statement runs on.
pub(super) enum On<'t, DB: sqlx::Database> {
    Connection(&'t mut DB::Connection),
    Pool(&'t sqlx::Pool<DB>),
}

/// Runs `$run` on the engine of a statement, in a span with OpenTelemetry's attributes.
macro_rules! run {
    ($self:ident, $query:ident, $executor:ident => $run:expr) => {{
        if let Some(error) = $self.error {
            return Err(sqlx::Error::Encode(error).into());
        }
        let system = match $self.target {
            Target::Sqlite(..) => "sqlite",
            Target::Postgres(..) => "postgresql",
        };
        let operation = operation(&$self.text);
        let span = tracing::debug_span!("db.query", db.system.name = system, db.operation.name = operation);
        let text = AssertSqlSafe($self.text);
        let run = async {
            match $self.target {
                Target::Sqlite(on, arguments) => {
                    let $query = sqlx::query_with::<Sqlite, _>(text, arguments);
                    match on {
                        On::Connection($executor) => $run,
                        On::Pool($executor) => $run,
                    }
                }
                Target::Postgres(on, arguments) => {
                    let $query = sqlx::query_with::<Postgres, _>(text, arguments);
                    match on {
                        On::Connection($executor) => $run,
                        On::Pool($executor) => $run,
                    }
                }
            }
        };
        run.instrument(span).await
    }};
}

impl<'t> Statement<'t> {
    pub(super) fn on_sqlite(on: On<'t, Sqlite>, text: &'static str) -> Self {
        Self { text: text.into(), target: Target::Sqlite(on, SqliteArguments::default()), error: None }
    }

    pub(super) fn on_postgres(on: On<'t, Postgres>, text: &'static str) -> Self {
        Self { text: text.into(), target: Target::Postgres(on, PgArguments::default()), error: None }
    }

    /// Binds the next argument.
    pub fn bind<'q>(mut self, value: impl Bind<'q>) -> Self {
        self.add(value);
        self
    }

    /// Appends to the text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Appends a placeholder to the text and binds its argument.
    pub fn push_bind<'q>(&mut self, value: impl Bind<'q>) -> &mut Self {
        self.add(value);
        let number = match &self.target {
            Target::Sqlite(_, arguments) => arguments.len(),
            Target::Postgres(_, arguments) => arguments.len(),
        };
        // Writing to a string does not fail.
        let _ = write!(self.text.to_mut(), "${number}");
        self
    }

    /// Appends a condition that the expression before it is one of `ids`, and binds them as one argument.
    pub fn push_ids(&mut self, ids: &[i64]) -> &mut Self {
        let (before, after) = match &self.target {
            Target::Sqlite(..) => (" IN (SELECT value FROM json_each(", "))"),
            Target::Postgres(..) => (" = ANY(", ")"),
        };
        self.push(before).push_bind(Ids(ids)).push(after)
    }

    fn add<'q>(&mut self, value: impl Bind<'q>) {
        let added = match &mut self.target {
            Target::Sqlite(_, arguments) => arguments.add(value),
            Target::Postgres(_, arguments) => arguments.add(value),
        };
        if let Err(error) = added {
            self.error.get_or_insert(error);
        }
    }

    /// Executes the statement and returns the number of rows it changed.
    ///
    /// # Errors
    /// Returns an error if the database rejects the statement or is not available.
    pub async fn execute(self) -> Result<u64, StoreError> {
        Ok(run!(self, query, on => query.execute(on).await.map(|done| done.rows_affected()))?)
    }

    /// Returns all rows.
    ///
    /// # Errors
    /// Returns an error if the database rejects the statement or is not available, or if a row cannot be read.
    pub async fn fetch_all<R: EitherRow>(self) -> Result<Vec<R>, StoreError> {
        // Converting each row as it arrives would slow down SQLite, whose thread waits for the reader.
        run!(self, query, on => {
            let rows = query.fetch_all(on).await?;
            Ok::<Vec<R>, StoreError>(rows.iter().map(R::from_row).collect::<Result<_, _>>()?)
        })
    }

    /// Calls `each` with one row after the other. Rows are not collected, and what `each` reads may borrow from its row.
    ///
    /// # Errors
    /// As [`Statement::execute`]. Returns the first error of `each`.
    pub async fn for_each_row(
        self,
        mut each: impl FnMut(RowRef<'_>) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        run!(self, query, on => {
            let mut rows = query.fetch(on);
            while let Some(row) = rows.try_next().await? {
                each(RowRef::from(&row))?;
            }
            Ok::<(), StoreError>(())
        })
    }

    /// Returns the first row, if there is one.
    ///
    /// # Errors
    /// As [`Statement::fetch_all`].
    pub async fn fetch_optional<R: EitherRow>(self) -> Result<Option<R>, StoreError> {
        Ok(run!(self, query, on => query.try_map(|row| R::from_row(&row)).fetch_optional(on).await)?)
    }

    /// Returns the first row.
    ///
    /// # Errors
    /// As [`Statement::fetch_all`], and if there is no row.
    pub async fn fetch_one<R: EitherRow>(self) -> Result<R, StoreError> {
        Ok(run!(self, query, on => query.try_map(|row| R::from_row(&row)).fetch_one(on).await)?)
    }

    /// Returns the only column of the first row.
    ///
    /// # Errors
    /// As [`Statement::fetch_one`].
    pub async fn fetch_scalar<T>(self) -> Result<T, StoreError>
    where
        (T,): EitherRow,
    {
        Ok(self.fetch_one::<(T,)>().await?.0)
    }
}

impl<'r> RowRef<'r> {
    /// Reads the columns by their names.
    ///
    /// # Errors
    /// Returns an error if a column is missing or has another type.
    pub fn read<R: FromRow<'r, SqliteRow> + FromRow<'r, PgRow>>(self) -> Result<R, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => R::from_row(row)?,
            Self::Postgres(row) => R::from_row(row)?,
        })
    }
}

impl<'r> From<&'r SqliteRow> for RowRef<'r> {
    fn from(row: &'r SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl<'r> From<&'r PgRow> for RowRef<'r> {
    fn from(row: &'r PgRow) -> Self {
        Self::Postgres(row)
    }
}

/// Returns the first word of a statement: `db.operation.name`.
fn operation(text: &str) -> &'static str {
    let word = text.split_whitespace().next().unwrap_or_default();
    ["SELECT", "INSERT", "UPDATE", "DELETE"].into_iter().find(|&known| known == word).unwrap_or("OTHER")
}

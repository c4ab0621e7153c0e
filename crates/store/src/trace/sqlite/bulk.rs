//! Many rows in one statement. The number of rows is always a power of two, so that a handful of statements, prepared
//! once, serves every batch.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqliteConnection, error::BoxDynError, query::Query, sqlite::SqliteArguments};

use crate::error::StoreError;

/// 2^6 rows at most: longer statements win nothing.
const LARGEST_POWER: usize = 6;

/// A statement with one row of placeholders for each of 1, 2, 4 … 64 rows.
pub(super) struct Bulk {
    statements: [Arc<str>; LARGEST_POWER + 1],
}

impl Bulk {
    /// `head`, rows of `columns` placeholders, `tail`. With `numbered`, each row begins with its own number, from 0.
    pub(super) fn new(head: &str, columns: usize, tail: &str, numbered: bool) -> Self {
        let placeholders = vec!["?"; columns].join(",");
        let row = |number: usize| {
            if numbered { format!("({number},{placeholders})") } else { format!("({placeholders})") }
        };
        Self {
            statements: std::array::from_fn(|power| {
                let rows: Vec<_> = (0..1 << power).map(row).collect();
                format!("{head} {} {tail}", rows.join(",")).into()
            }),
        }
    }

    /// Cuts `rows` into pieces for which there is a statement, largest first, each with its values bound.
    pub(super) fn pieces<'a, T>(
        &'a self,
        rows: &'a [T],
        bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), BoxDynError> + 'a,
    ) -> impl Iterator<Item = Result<Piece<'a, T>, StoreError>> + 'a {
        let mut rest = rows;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let power = (rest.len().ilog2() as usize).min(LARGEST_POWER);
            let (rows, after) = rest.split_at(1 << power);
            rest = after;
            let mut arguments = SqliteArguments::default();
            let bound = rows.iter().try_for_each(|row| bind(&mut arguments, row));
            Some(match bound {
                Ok(()) => Ok(Piece { rows, statement: Arc::clone(&self.statements[power]), arguments }),
                Err(error) => Err(StoreError::Database(sqlx::Error::Encode(error))),
            })
        })
    }

    /// Runs the statement over all rows and answers how many it changed.
    pub(super) async fn execute<T>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), BoxDynError>,
    ) -> Result<u64, StoreError> {
        let mut changed = 0;
        for piece in self.pieces(rows, bind) {
            changed += piece?.query().execute(&mut *connection).await?.rows_affected();
        }
        Ok(changed)
    }
}

/// Some rows and the statement that takes just as many.
pub(super) struct Piece<'a, T> {
    /// The rows, in the order of their numbers.
    pub(super) rows: &'a [T],
    statement: Arc<str>,
    arguments: SqliteArguments,
}

impl<T> Piece<'_, T> {
    /// The statement, ready to run. Its text holds nothing but placeholders.
    pub(super) fn query(self) -> Query<'static, sqlx::Sqlite, SqliteArguments> {
        sqlx::query_with(AssertSqlSafe(self.statement), self.arguments)
    }
}

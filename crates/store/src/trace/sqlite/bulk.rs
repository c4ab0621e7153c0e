//! Statements over many rows. The number of rows in a statement is a power of two, so that a few prepared statements serve
//! batches of any size.

use std::sync::Arc;

use sqlx::{
    AssertSqlSafe, FromRow, Row, SqliteConnection,
    error::BoxDynError,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::error::StoreError;

/// At most 2^6 rows: longer statements are not faster.
const LARGEST_POWER: usize = 6;

/// A statement with placeholders for 1, 2, 4, …, or 64 rows.
pub(super) struct Bulk {
    statements: [Arc<str>; LARGEST_POWER + 1],
}

impl Bulk {
    /// Creates statements of `head`, rows of `columns` placeholders, and `tail`.
    pub(super) fn new(head: &str, columns: usize, tail: &str) -> Self {
        Self::with_rows(head, tail, |_| format!("({})", placeholders(columns)))
    }

    /// Creates statements like [`Bulk::new`] with the index of each row as its first column, for [`Bulk::fetch_indexed`].
    pub(super) fn indexed(head: &str, columns: usize, tail: &str) -> Self {
        Self::with_rows(head, tail, |index| format!("({index},{})", placeholders(columns)))
    }

    fn with_rows(head: &str, tail: &str, row: impl Fn(usize) -> String) -> Self {
        Self {
            statements: std::array::from_fn(|power| {
                let rows: Vec<_> = (0..1 << power).map(&row).collect();
                format!("{head} {} {tail}", rows.join(",")).into()
            }),
        }
    }

    /// Runs the statement over all rows and returns the number of changed rows.
    pub(super) async fn execute<T>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), BoxDynError>,
    ) -> Result<u64, StoreError> {
        let (mut changed, mut rest) = (0, rows);
        while !rest.is_empty() {
            let (query, _) = self.next(&mut rest, &bind)?;
            changed += query.execute(&mut *connection).await?.rows_affected();
        }
        Ok(changed)
    }

    /// Runs the statement over all rows. Returns its results, each with the index of the row in `rows` that its column
    /// `number` names.
    pub(super) async fn fetch_indexed<T, R>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), BoxDynError>,
    ) -> Result<Vec<(usize, R)>, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow>,
    {
        let (mut found, mut first, mut rest) = (Vec::new(), 0, rows);
        while !rest.is_empty() {
            let (query, count) = self.next(&mut rest, &bind)?;
            for row in query.fetch_all(&mut *connection).await? {
                let number = usize::try_from(row.try_get::<i64, _>("number")?).unwrap_or_default();
                found.push((first + number, R::from_row(&row)?));
            }
            first += count;
        }
        Ok(found)
    }

    /// Takes as many rows from `rest`, which has some, as the longest possible statement has. Returns the statement and the
    /// number of its rows.
    fn next<T>(
        &self,
        rest: &mut &[T],
        bind: impl Fn(&mut SqliteArguments, &T) -> Result<(), BoxDynError>,
    ) -> Result<(Query<'static, sqlx::Sqlite, SqliteArguments>, usize), StoreError> {
        let power = (rest.len().ilog2() as usize).min(LARGEST_POWER);
        let (rows, after) = rest.split_at(1 << power);
        *rest = after;
        let mut arguments = SqliteArguments::default();
        rows.iter().try_for_each(|row| bind(&mut arguments, row)).map_err(sqlx::Error::Encode)?;
        // Safe: the text contains constants and placeholders only.
        let query = sqlx::query_with(AssertSqlSafe(Arc::clone(&self.statements[power])), arguments);
        Ok((query, rows.len()))
    }
}

fn placeholders(columns: usize) -> String {
    vec!["?"; columns].join(",")
}

//! A list of ids as one argument of a statement.

use std::fmt::Write;

use sqlx::{
    Encode, Postgres, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo},
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo},
};

/// Ids to bind as one argument: an array on PostgreSQL, a JSON array on SQLite, which has no other arrays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids<'a>(pub(super) &'a [i64]);

impl Type<Postgres> for Ids<'_> {
    fn type_info() -> PgTypeInfo {
        <&[i64] as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Ids<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(self.0, buffer)
    }
}

impl Type<Sqlite> for Ids<'_> {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Ids<'_> {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        let mut json = String::from("[");
        for (index, id) in self.0.iter().enumerate() {
            write!(json, "{}{id}", if index == 0 { "" } else { "," })?;
        }
        json.push(']');
        Encode::<Sqlite>::encode(json, buffer)
    }
}

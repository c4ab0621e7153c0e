//! Timestamps in columns: an integer of microseconds on SQLite, TIMESTAMPTZ on PostgreSQL. One type for both allows one
//! statement and one row struct for both.

use shared::Timestamp;
use sqlx::{
    Decode, Encode, Postgres, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, types::Oid},
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef},
};

/// PostgreSQL's epoch, 2000-01-01T00:00:00Z, in microseconds since the Unix epoch.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;
/// The first timestamp that PostgreSQL supports (4714 BC), in microseconds since its epoch.
const POSTGRES_FIRST: i64 = -211_813_488_000_000_000;
/// The last timestamp that PostgreSQL supports, at the end of the year 294276.
const POSTGRES_LAST: i64 = 9_223_371_331_199_999_999;
/// `timestamptz` and `timestamptz[]`: their ids are the same on every server.
const TIMESTAMPTZ: PgTypeInfo = PgTypeInfo::with_oid(Oid(1184));
const TIMESTAMPTZ_ARRAY: PgTypeInfo = PgTypeInfo::with_oid(Oid(1185));

/// A [`Timestamp`] that can be bound and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlTimestamp(pub Timestamp);

impl SqlTimestamp {
    /// Returns the microseconds since PostgreSQL's epoch, within the range that PostgreSQL supports.
    pub fn to_postgres(self) -> i64 {
        self.0.as_micros().saturating_sub(POSTGRES_EPOCH).clamp(POSTGRES_FIRST, POSTGRES_LAST)
    }

    fn from_postgres(micros: i64) -> Self {
        Self(Timestamp::from_micros(micros.saturating_add(POSTGRES_EPOCH)))
    }
}

impl Type<Postgres> for SqlTimestamp {
    fn type_info() -> PgTypeInfo {
        TIMESTAMPTZ
    }
}

impl PgHasArrayType for SqlTimestamp {
    fn array_type_info() -> PgTypeInfo {
        TIMESTAMPTZ_ARRAY
    }
}

impl Encode<'_, Postgres> for SqlTimestamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(self.to_postgres(), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for SqlTimestamp {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Ok(Self::from_postgres(<i64 as Decode<Postgres>>::decode(value)?)),
            // Only statements without parameters return text, and none of them returns a timestamp.
            PgValueFormat::Text => Err("timestamp: expected the binary format, found text".into()),
        }
    }
}

impl Type<Sqlite> for SqlTimestamp {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}

impl Encode<'_, Sqlite> for SqlTimestamp {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.0.as_micros(), buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for SqlTimestamp {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(Timestamp::from_micros(<i64 as Decode<Sqlite>>::decode(value)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_timestamps_are_clamped_to_the_supported_range() {
        for micros in [0, -1, POSTGRES_EPOCH, 1_741_564_800_000_001, POSTGRES_FIRST + POSTGRES_EPOCH] {
            let timestamp = SqlTimestamp(Timestamp::from_micros(micros));
            assert_eq!(SqlTimestamp::from_postgres(timestamp.to_postgres()), timestamp);
        }
        assert_eq!(SqlTimestamp(Timestamp::from_micros(i64::MAX)).to_postgres(), i64::MAX - POSTGRES_EPOCH);
        assert_eq!(SqlTimestamp(Timestamp::from_micros(i64::MIN)).to_postgres(), POSTGRES_FIRST);
    }
}

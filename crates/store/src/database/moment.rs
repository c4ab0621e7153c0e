//! A moment as a column holds it: an integer of microseconds on SQLite, TIMESTAMPTZ on PostgreSQL, so that one statement
//! and one row serve both.

use shared::Timestamp;
use sqlx::{
    Decode, Encode, Postgres, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, types::Oid},
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef},
};

/// PostgreSQL counts from 2000-01-01T00:00:00Z; this is that moment, in microseconds since the Unix epoch.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;
/// The first moment that PostgreSQL can hold, in its count: it is in 4714 BC.
const POSTGRES_FIRST: i64 = -211_813_488_000_000_000;
/// The last one, at the end of the year 294276.
const POSTGRES_LAST: i64 = 9_223_371_331_199_999_999;
/// `timestamptz` and `timestamptz[]` in every PostgreSQL's catalog.
const TIMESTAMPTZ: PgTypeInfo = PgTypeInfo::with_oid(Oid(1184));
const TIMESTAMPTZ_ARRAY: PgTypeInfo = PgTypeInfo::with_oid(Oid(1185));

/// A [`Timestamp`] that can be bound and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// PostgreSQL's count of microseconds. What it cannot hold becomes the first or last moment that it can.
    pub fn to_postgres(self) -> i64 {
        self.0.as_micros().saturating_sub(POSTGRES_EPOCH).clamp(POSTGRES_FIRST, POSTGRES_LAST)
    }

    fn from_postgres(micros: i64) -> Self {
        Self(Timestamp::from_micros(micros.saturating_add(POSTGRES_EPOCH)))
    }
}

impl Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        TIMESTAMPTZ
    }
}

impl PgHasArrayType for Moment {
    fn array_type_info() -> PgTypeInfo {
        TIMESTAMPTZ_ARRAY
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(self.to_postgres(), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Moment {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Ok(Self::from_postgres(<i64 as Decode<Postgres>>::decode(value)?)),
            // Only statements without parameters answer in text; no time is read by one.
            PgValueFormat::Text => Err("a time in text where binary was expected".into()),
        }
    }
}

impl Type<Sqlite> for Moment {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}

impl Encode<'_, Sqlite> for Moment {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.0.as_micros(), buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for Moment {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(Timestamp::from_micros(<i64 as Decode<Sqlite>>::decode(value)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgres_can_hold_comes_back_and_the_rest_stops_at_its_ends() {
        for micros in [0, -1, POSTGRES_EPOCH, 1_741_564_800_000_001, POSTGRES_FIRST + POSTGRES_EPOCH] {
            let moment = Moment(Timestamp::from_micros(micros));
            assert_eq!(Moment::from_postgres(moment.to_postgres()), moment);
        }
        assert_eq!(Moment(Timestamp::from_micros(i64::MAX)).to_postgres(), i64::MAX - POSTGRES_EPOCH);
        assert_eq!(Moment(Timestamp::from_micros(i64::MIN)).to_postgres(), POSTGRES_FIRST);
    }
}

//! Encodings of values in columns: what the integers mean, in both directions.

use domain::trace::record::{Assembly, Basis, MICROS_PER_MILLI, MICROS_PER_POINT, NANOS_PER_DOLLAR};
use shared::{cost::CostBasis, span::SpanKind, trace::TraceStatus};
use sqlx::{Database, Decode, Type, error::BoxDynError};

use crate::error::StoreError;

/// Encodes a status.
pub(crate) fn status_number(status: TraceStatus) -> i16 {
    match status {
        TraceStatus::Success => 0,
        TraceStatus::Error => 1,
        TraceStatus::Timeout => 2,
    }
}

/// Decodes a status.
pub(crate) fn status(number: i16) -> Result<TraceStatus, StoreError> {
    TraceStatus::ALL
        .into_iter()
        .find(|&status| status_number(status) == number)
        .ok_or_else(|| StoreError::corrupt(format!("status {number}")))
}

/// Encodes the origin of a trace: `None` for a trace that was sent as one document.
pub(crate) fn assembly_number(assembly: Assembly) -> Option<i16> {
    match assembly {
        Assembly::Sent => None,
        Assembly::Complete => Some(1),
        Assembly::Incomplete => Some(2),
    }
}

/// Decodes the origin of a trace.
pub(crate) fn assembly(number: Option<i16>) -> Result<Assembly, StoreError> {
    match number {
        None => Ok(Assembly::Sent),
        Some(1) => Ok(Assembly::Complete),
        Some(2) => Ok(Assembly::Incomplete),
        Some(number) => Err(StoreError::corrupt(format!("assembly {number}"))),
    }
}

/// Encodes the origin of a cost: `None` if it is unknown.
pub(crate) fn basis_number(basis: &Basis) -> Option<i16> {
    match basis {
        Basis::Unknown => None,
        Basis::Reported => Some(1),
        Basis::Computed(_) => Some(2),
        Basis::NoPrice => Some(3),
    }
}

/// Returns the applied price, which is stored next to the origin of a cost.
pub(crate) fn basis_price(basis: &Basis) -> Option<&str> {
    if let Basis::Computed(price) = basis { Some(price) } else { None }
}

/// Decodes the origin of a cost and the applied price.
pub(crate) fn basis(number: Option<i16>, price: Option<String>) -> Result<Basis, StoreError> {
    Ok(match number {
        None => Basis::Unknown,
        Some(1) => Basis::Reported,
        Some(2) => Basis::Computed(price.unwrap_or_default()),
        Some(3) => Basis::NoPrice,
        Some(number) => return Err(StoreError::corrupt(format!("cost basis {number}"))),
    })
}

/// Decodes the origin of a cost for display.
pub(crate) fn cost_basis(
    number: Option<i16>,
    price: Option<String>,
) -> Result<Option<CostBasis>, StoreError> {
    Ok(match basis(number, price)? {
        Basis::Unknown => None,
        Basis::Reported => Some(CostBasis::Reported),
        Basis::Computed(price) => Some(CostBasis::Computed(
            serde_json::from_str(&price).map_err(|error| StoreError::corrupt(format!("price: {error}")))?,
        )),
        Basis::NoPrice => Some(CostBasis::NoPrice),
    })
}

/// Returns whether the encoded origin is [`Basis::NoPrice`].
pub(crate) fn is_no_price(number: Option<i16>) -> bool {
    number == basis_number(&Basis::NoPrice)
}

/// Returns whether the sender reported a cost with this encoded origin. Costs of unknown origin were reported.
pub(crate) fn is_reported(number: Option<i16>) -> bool {
    number.is_none() || number == basis_number(&Basis::Reported)
}

/// Encodes a number of calls without a price: `None` for zero.
pub(crate) fn unpriced(count: i64) -> Option<i32> {
    (count > 0).then(|| i32::try_from(count).unwrap_or(i32::MAX))
}

/// Encodes the line of a payload. Frames have far fewer lines than bytes.
pub(crate) fn line(line: i64) -> i32 {
    i32::try_from(line).unwrap_or(i32::MAX)
}

/// Converts microseconds to milliseconds.
pub(crate) fn millis(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_MILLI
}

/// Converts nano-dollars to dollars.
pub(crate) fn dollars(nanos: i64) -> f64 {
    nanos as f64 / NANOS_PER_DOLLAR
}

/// Converts millionths of a point to points.
pub(crate) fn points(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_POINT
}

/// The kind of a span. It is decoded without a copy of its text.
#[derive(Clone, Copy)]
pub(crate) struct Kind(pub(crate) SpanKind);

impl<DB: Database> Type<DB> for Kind
where
    str: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <str as Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <str as Type<DB>>::compatible(ty)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for Kind
where
    &'r str: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        let text = <&str as Decode<'r, DB>>::decode(value)?;
        Ok(Self(SpanKind::ALL.into_iter().find(|kind| kind.as_str() == text).unwrap_or_default()))
    }
}

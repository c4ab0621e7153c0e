//! Limits of single fields, and a reader that collects the errors of all fields.

use std::marker::PhantomData;

use domain::trace::record::{MICROS_PER_MILLI, MICROS_PER_POINT, NANOS_PER_DOLLAR};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::{Map, Value, value::RawValue};
use shared::{Timestamp, error::FieldError, limit, span::SpanKind, trace::TraceStatus};
use uuid::Uuid;

use super::{
    json::{self, Text},
    payload::Payload,
};

/// The longest accepted latency, 30 days: millions of such traces fit into the sum of one bucket.
pub(super) const LATENCY_MAX_MS: f64 = 30.0 * 86_400_000.0;
/// The highest accepted cost of a trace in dollars; bounds the sums like [`LATENCY_MAX_MS`].
pub(super) const COST_MAX_USD: f64 = 10_000.0;
/// The highest accepted number of tokens of a trace; bounds the sums like [`LATENCY_MAX_MS`].
pub(super) const TOKENS_MAX: f64 = 1e9;
/// 2000-01-01T00:00:00Z. An earlier time is most likely in the wrong unit.
pub(super) const MIN_TIMESTAMP: Timestamp = Timestamp::from_millis(946_684_800_000);
/// How far ahead a sender's clock may be.
pub(super) const MAX_CLOCK_SKEW: std::time::Duration = std::time::Duration::from_secs(86_400);

/// The workspace and the time for which a request is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The workspace that the records belong to.
    pub workspace_id: Uuid,
    /// The time at which the request arrived.
    pub now: Timestamp,
}

/// Reads fields and collects their errors.
pub(super) struct Reader {
    pub(super) arrival: Arrival,
    pub(super) prefix: String,
    pub(super) errors: Vec<FieldError>,
}

impl Reader {
    pub(super) fn fail(&mut self, field: &str, detail: impl Into<String>) {
        let path = format!("{}{field}", self.prefix);
        self.errors.push(FieldError::new(path.trim_end_matches('.'), detail));
    }

    pub(super) fn require(&mut self, field: &str, present: bool) {
        let path = format!("{}{field}", self.prefix);
        if !present && !self.errors.iter().any(|error| error.field == path) {
            self.fail(field, "is required");
        }
    }

    /// Reads a `T`; null gives `None`, anything else adds an error.
    pub(super) fn value<'a, T: Deserialize<'a>>(
        &mut self,
        field: &str,
        raw: &'a RawValue,
        expected: &str,
    ) -> Option<T> {
        match serde_json::from_str::<Option<T>>(raw.get()) {
            Ok(value) => value,
            Err(_) => {
                self.fail(field, format!("must be {expected}"));
                None
            }
        }
    }

    /// Returns a checked value, or adds its error.
    fn checked<T>(&mut self, field: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|detail| self.fail(field, detail)).ok()
    }

    pub(super) fn name(&mut self, field: &str, raw: &RawValue) -> Option<String> {
        let Text(text) = self.value(field, raw, "a string")?;
        self.checked(field, check_name(&text))?;
        Some(text.into_owned())
    }

    pub(super) fn message(&mut self, field: &str, raw: &RawValue) -> Option<String> {
        let Text(text) = self.value(field, raw, "a string")?;
        self.checked(field, check_message(&text))?;
        Some(text.into_owned())
    }

    pub(super) fn timestamp(&mut self, field: &str, raw: &RawValue) -> Option<Timestamp> {
        let timestamp: Timestamp =
            self.value(field, raw, "a time in RFC 3339, like 2025-10-22T10:35:22.120Z")?;
        if timestamp < MIN_TIMESTAMP {
            self.fail(field, "is before the year 2000");
            return None;
        }
        if timestamp > self.arrival.now + MAX_CLOCK_SKEW {
            self.fail(field, "is more than a day in the future");
            return None;
        }
        Some(timestamp)
    }

    fn number(&mut self, field: &str, raw: &RawValue, scale: f64, max: f64) -> Option<i64> {
        let number: f64 = self.value(field, raw, "a number")?;
        self.checked(field, scaled(number, scale, max))
    }

    pub(super) fn latency(&mut self, field: &str, raw: &RawValue) -> Option<i64> {
        self.number(field, raw, MICROS_PER_MILLI, LATENCY_MAX_MS)
    }

    pub(super) fn cost(&mut self, field: &str, raw: &RawValue) -> Option<i64> {
        self.number(field, raw, NANOS_PER_DOLLAR, COST_MAX_USD)
    }

    pub(super) fn score(&mut self, field: &str, raw: &RawValue) -> Option<i64> {
        self.number(field, raw, MICROS_PER_POINT, 100.0)
    }

    pub(super) fn tokens(&mut self, field: &str, raw: &RawValue) -> Option<i64> {
        // Some clients write whole numbers as `12.0`.
        let expected = "a whole number, 0 or more";
        let tokens: f64 = self.value(field, raw, expected)?;
        if tokens < 0.0 || tokens.fract() != 0.0 {
            self.fail(field, format!("must be {expected}"));
        } else if tokens > TOKENS_MAX {
            self.fail(field, format!("must be at most {TOKENS_MAX}"));
        } else {
            return Some(tokens as i64);
        }
        None
    }

    pub(super) fn status(&mut self, field: &str, raw: &RawValue) -> Option<TraceStatus> {
        self.value(field, raw, "success, error or timeout")
    }

    pub(super) fn kind(&mut self, field: &str, raw: &RawValue) -> Option<SpanKind> {
        let kinds = SpanKind::ALL.map(SpanKind::as_str).join(", ");
        self.value(field, raw, &format!("one of {kinds}"))
    }

    /// Reads tags into the JSON array that is stored; `None` if it is empty.
    pub(super) fn tags(&mut self, raw: &RawValue) -> Option<String> {
        let tags: Vec<String> = self.value("tags", raw, "an array of strings")?;
        if tags.len() > limit::TRACE_TAGS {
            self.fail("tags", format!("must be at most {}", limit::TRACE_TAGS));
            return None;
        }
        for (index, tag) in tags.iter().enumerate() {
            self.checked(&format!("tags[{index}]"), check_name(tag));
        }
        if tags.is_empty() { None } else { serde_json::to_string(&tags).ok() }
    }

    pub(super) fn own_workspace(&mut self, raw: &RawValue) {
        let named: Option<Uuid> = self.value("workspace_id", raw, "this workspace's id, or absent");
        if named.is_some_and(|named| named != self.arrival.workspace_id) {
            self.fail(
                "workspace_id",
                "is another workspace; omit it, the credentials determine the workspace",
            );
        }
    }

    /// Reads a field that is stored as it is, but whose type is documented.
    pub(super) fn typed<'a, T: DeserializeOwned>(
        &mut self,
        payload: &mut Payload<'a>,
        key: &str,
        raw: &'a RawValue,
        expected: &str,
    ) {
        match serde_json::from_str::<Option<T>>(raw.get()) {
            Ok(_) => self.payload(payload, key, raw),
            Err(_) => self.fail(key, format!("must be {expected}")),
        }
    }

    pub(super) fn payload<'a>(&mut self, payload: &mut Payload<'a>, key: &str, raw: &'a RawValue) {
        self.checked(key, json::check(raw).and_then(|()| payload.add(key, raw)));
    }
}

/// A JSON object with the fields of `T`. serde would accept an array of their values as well.
pub(super) struct Object<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        serde_json::from_value::<T>(Value::Object(fields)).map_err(D::Error::custom)?;
        Ok(Self(PhantomData))
    }
}

/// Checks an identifier or a name: not empty, at most [`limit::NAME_BYTES`] bytes, no control characters.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        Err("must not be empty".to_owned())
    } else if name.len() > limit::NAME_BYTES {
        Err(format!("must have at most {} bytes", limit::NAME_BYTES))
    } else if name.chars().any(char::is_control) {
        Err("must not contain control characters".to_owned())
    } else {
        Ok(())
    }
}

pub(super) fn check_message(message: &str) -> Result<(), String> {
    if message.len() > limit::ERROR_BYTES {
        Err(format!("must have at most {} bytes", limit::ERROR_BYTES))
    } else if message.contains('\0') {
        Err("must not contain a NUL character".to_owned())
    } else {
        Ok(())
    }
}

/// Converts a number from 0 to `max` to an integer in units of 1/`scale`, rounded.
pub(super) fn scaled(number: f64, scale: f64, max: f64) -> Result<i64, String> {
    if (0.0..=max).contains(&number) {
        Ok((number * scale).round() as i64)
    } else {
        Err(format!("must be from 0 to {max}"))
    }
}

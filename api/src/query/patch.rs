//! Request bodies without unknown fields, and JSON merge patches (RFC 7396). Unknown fields are rejected because an alert rule
//! with a misspelled threshold would never fire.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, forward_to_deserialize_any};
use serde_json::{Map, Value};
use shared::error::FieldError;

use crate::error::ApiError;

/// The maximum number of attempts of an update with concurrent updates.
const MAX_ATTEMPTS: usize = 5;

/// The fields of a body.
pub type Fields = Map<String, Value>;

/// Deserializes a body. All fields of `T` must be optional.
///
/// # Errors
/// Returns 422 with every field that is unknown or has the wrong type.
pub fn read<T: DeserializeOwned>(body: Fields) -> Result<T, ApiError> {
    ApiError::check(body.iter().filter_map(|(name, value)| invalid::<T>(name, value)).collect())?;
    deserialize(body)
}

/// Applies a merge patch to a stored value: absent fields do not change, and `null` resets a field to its default.
///
/// # Errors
/// Returns 422 with every field that is unknown or has the wrong type.
pub fn merge<T: DeserializeOwned>(stored: &impl Serialize, body: Fields) -> Result<T, ApiError> {
    // `null` is valid for every known field.
    let names = field_names::<T>();
    let error = |(name, value): (&String, &Value)| match value {
        Value::Null => unknown(names, name),
        value => invalid::<T>(name, value),
    };
    ApiError::check(body.iter().filter_map(error).collect())?;
    let stored = serde_json::to_value(stored).map_err(ApiError::internal)?;
    let Value::Object(mut merged) = stored else { return read(body) };
    merged.extend(body);
    merged.retain(|_, value| !value.is_null());
    deserialize(merged)
}

/// Retries an update until it succeeds. An attempt returns `None` if a concurrent update changed the stored value.
///
/// # Errors
/// Returns the error of an attempt, and 503 if no attempt succeeds.
pub async fn retry<T>(mut attempt: impl AsyncFnMut() -> Result<Option<T>, ApiError>) -> Result<T, ApiError> {
    for _ in 0..MAX_ATTEMPTS {
        if let Some(updated) = attempt().await? {
            return Ok(updated);
        }
    }
    Err(ApiError::Unavailable("too many concurrent updates".into()))
}

fn deserialize<T: DeserializeOwned>(fields: Fields) -> Result<T, ApiError> {
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| ApiError::invalid("body", error.to_string()))
}

/// Returns an error if the field is unknown or cannot be deserialized.
fn invalid<T: DeserializeOwned>(name: &str, value: &Value) -> Option<FieldError> {
    unknown(field_names::<T>(), name).or_else(|| {
        let alone = Fields::from_iter([(name.to_owned(), value.clone())]);
        let error = serde_json::from_value::<T>(Value::Object(alone)).err()?;
        Some(FieldError::new(name, error.to_string()))
    })
}

fn unknown(names: &[&str], name: &str) -> Option<FieldError> {
    (!names.contains(&name)).then(|| {
        let detail = format!("is not a known field; expected one of {}", names.join(", "));
        FieldError::new(name, detail)
    })
}

/// Returns the names of the fields of `T`.
fn field_names<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Names<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Names<'_> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("not a struct"))
        }

        fn deserialize_struct<V: serde::de::Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut names: &[&str] = &[];
    // Always an error: deserialization stops at the names.
    let _ = <T as Deserialize>::deserialize(Names(&mut names));
    names
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;
    use shared::{
        alert_channel::{AlertChannelFields, AlertChannelRequest, ChannelTarget},
        alert_rule::{AlertMetric, AlertRuleRequest},
    };

    use super::*;

    fn body(value: Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    /// Returns the invalid fields.
    fn invalid_fields<T: std::fmt::Debug>(read: Result<T, ApiError>) -> Vec<String> {
        read.unwrap_err().body().fields.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn absent_fields_of_a_body_have_defaults() {
        let rule: AlertRuleRequest =
            read(body(json!({"name": "errors", "warning": 5, "critical": null}))).unwrap();
        let expected =
            AlertRuleRequest { name: "errors".to_owned(), warning: Some(5.0), ..AlertRuleRequest::default() };
        assert_eq!(rule, expected);
    }

    #[test]
    fn reports_every_invalid_field() {
        let sent =
            json!({"treshold": 5, "metric": "speed", "warning": "5", "min_traces": -1, "name": "fine"});
        let mut fields = invalid_fields(read::<AlertRuleRequest>(body(sent.clone())));
        fields.sort();
        assert_eq!(fields, ["metric", "min_traces", "treshold", "warning"]);
        let mut fields = invalid_fields(merge::<AlertRuleRequest>(&AlertRuleRequest::default(), body(sent)));
        fields.sort();
        assert_eq!(fields, ["metric", "min_traces", "treshold", "warning"]);
        assert_eq!(invalid_fields(read::<AlertRuleRequest>(body(json!({"enabled": null})))), ["enabled"]);
        assert_eq!(
            invalid_fields(read::<AlertChannelFields>(body(json!({"id": "a", "to": ["a@b.c"]})))),
            ["id"]
        );
    }

    #[test]
    fn a_patch_updates_its_fields_and_resets_null_fields() {
        let stored = AlertRuleRequest {
            name: "cost".to_owned(),
            metric: AlertMetric::CostUsd,
            agent_id: Some("bot".to_owned()),
            window_minutes: 60,
            warning: Some(5.0),
            critical: Some(9.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(merge::<AlertRuleRequest>(&stored, Fields::new()).unwrap(), stored);
        let patch = json!({"agent_id": null, "critical": null, "warning": 7, "window_minutes": null});
        let expected = AlertRuleRequest {
            agent_id: None,
            critical: None,
            warning: Some(7.0),
            window_minutes: AlertRuleRequest::default().window_minutes,
            ..stored.clone()
        };
        assert_eq!(merge::<AlertRuleRequest>(&stored, body(patch)).unwrap(), expected);
        assert_eq!(
            invalid_fields(merge::<AlertRuleRequest>(&stored, body(json!({"model_id": null})))),
            ["model_id"]
        );
        let email = |to: &[&str]| {
            let to = to.iter().map(|&to| to.to_owned()).collect();
            AlertChannelRequest::new("ops", ChannelTarget::Email { to })
        };
        let merged: AlertChannelFields =
            merge(&email(&["a@b.c", "d@e.f"]), body(json!({"to": ["g@h.i"]}))).unwrap();
        assert_eq!(AlertChannelRequest::from(merged), email(&["g@h.i"]), "a patch replaces the whole list");
    }
}

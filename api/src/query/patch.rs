//! Bodies of which every field is checked by its name: what is not known is refused, since a threshold whose name is
//! misspelt would never be crossed. And changes of what is kept, as JSON merge patches (RFC 7396).

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, forward_to_deserialize_any};
use serde_json::{Map, Value};
use shared::error::FieldError;

use crate::error::ApiError;

/// How often a change is tried anew where somebody else changes the same thing meanwhile.
const ATTEMPTS: usize = 5;

/// A body, not yet understood.
pub type Fields = Map<String, Value>;

/// What a body says. All fields of `T` may be absent.
///
/// # Errors
/// 422 with every field that is unknown or of another type.
pub fn read<T: DeserializeOwned>(body: Fields) -> Result<T, ApiError> {
    ApiError::check(body.iter().filter_map(|(name, value)| wrong::<T>(name, value)).collect())?;
    understood(body)
}

/// What is kept, with what a body changes of it: absent fields stay, `null` takes away, which leaves the default.
///
/// # Errors
/// 422 with every field that is unknown or of another type.
pub fn merge<T: Serialize + DeserializeOwned>(kept: &T, body: Fields) -> Result<T, ApiError> {
    // A null is of every type, but not of every name.
    let names = field_names::<T>();
    let wrong = |(name, value): (&String, &Value)| match value {
        Value::Null => unknown(names, name),
        value => wrong::<T>(name, value),
    };
    ApiError::check(body.iter().filter_map(wrong).collect())?;
    let kept = serde_json::to_value(kept).map_err(|error| ApiError::Internal(error.into()))?;
    let Value::Object(mut merged) = kept else { return read(body) };
    merged.extend(body);
    merged.retain(|_, value| !value.is_null());
    understood(merged)
}

/// Changes what others may change meanwhile: an attempt gives nothing where they did, and is made again, on what is there then.
///
/// # Errors
/// What an attempt fails with, and 503 where none succeeds.
pub async fn persist<T>(
    mut attempt: impl AsyncFnMut() -> Result<Option<T>, ApiError>,
) -> Result<T, ApiError> {
    for _ in 0..ATTEMPTS {
        if let Some(changed) = attempt().await? {
            return Ok(changed);
        }
    }
    Err(ApiError::Unavailable("it was changed by others again and again".into()))
}

fn understood<T: DeserializeOwned>(fields: Fields) -> Result<T, ApiError> {
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| ApiError::ValidationFailed(vec![FieldError::new("body", error.to_string())]))
}

/// What is wrong with one field, read by itself.
fn wrong<T: DeserializeOwned>(name: &str, value: &Value) -> Option<FieldError> {
    unknown(field_names::<T>(), name).or_else(|| {
        let alone = Fields::from_iter([(name.to_owned(), value.clone())]);
        let error = serde_json::from_value::<T>(Value::Object(alone)).err()?;
        Some(FieldError::new(name, error.to_string()))
    })
}

fn unknown(names: &[&str], name: &str) -> Option<FieldError> {
    (!names.contains(&name)).then(|| {
        let detail = format!("is not a field of this: those are {}", names.join(", "));
        FieldError::new(name, detail)
    })
}

/// The names of the fields that `T` is read from.
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
    // It ends once the names are told.
    let _ = <T as Deserialize>::deserialize(Names(&mut names));
    names
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;
    use shared::{
        alert_channel::{AlertChannelRequest, ChannelKind},
        alert_rule::{AlertMetric, AlertRuleRequest},
    };

    use super::*;

    fn body(value: Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    /// The fields that are wrong.
    fn refused<T: std::fmt::Debug>(read: Result<T, ApiError>) -> Vec<String> {
        read.unwrap_err().body().fields.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn absent_fields_of_a_body_have_their_defaults() {
        let rule: AlertRuleRequest =
            read(body(json!({"name": "errors", "warning": 5, "critical": null}))).unwrap();
        let expected =
            AlertRuleRequest { name: "errors".to_owned(), warning: Some(5.0), ..AlertRuleRequest::default() };
        assert_eq!(rule, expected);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let sent =
            json!({"treshold": 5, "metric": "speed", "warning": "5", "min_traces": -1, "name": "fine"});
        let mut fields = refused(read::<AlertRuleRequest>(body(sent.clone())));
        fields.sort();
        assert_eq!(fields, ["metric", "min_traces", "treshold", "warning"]);
        let mut fields = refused(merge(&AlertRuleRequest::default(), body(sent)));
        fields.sort();
        assert_eq!(fields, ["metric", "min_traces", "treshold", "warning"]);
        assert_eq!(refused(read::<AlertRuleRequest>(body(json!({"enabled": null})))), ["enabled"]);
        assert_eq!(refused(read::<AlertChannelRequest>(body(json!({"id": "a", "to": ["a@b.c"]})))), ["id"]);
    }

    #[test]
    fn a_patch_changes_what_it_names_and_takes_away_what_it_says_is_null() {
        let kept = AlertRuleRequest {
            name: "cost".to_owned(),
            metric: AlertMetric::CostUsd,
            agent_id: Some("bot".to_owned()),
            window_minutes: 60,
            warning: Some(5.0),
            critical: Some(9.0),
            ..AlertRuleRequest::default()
        };
        assert_eq!(merge(&kept, Fields::new()).unwrap(), kept);
        let patch = json!({"agent_id": null, "critical": null, "warning": 7, "window_minutes": null});
        let expected = AlertRuleRequest {
            agent_id: None,
            critical: None,
            warning: Some(7.0),
            window_minutes: AlertRuleRequest::default().window_minutes,
            ..kept.clone()
        };
        assert_eq!(merge(&kept, body(patch)).unwrap(), expected);
        assert_eq!(refused(merge(&kept, body(json!({"model_id": null})))), ["model_id"]);
        let mail = AlertChannelRequest {
            kind: ChannelKind::Email,
            to: vec!["a@b.c".to_owned(), "d@e.f".to_owned()],
            ..AlertChannelRequest::default()
        };
        let merged = merge(&mail, body(json!({"to": ["g@h.i"]}))).unwrap();
        assert_eq!(merged.to, ["g@h.i"], "a list is replaced as a whole");
    }
}

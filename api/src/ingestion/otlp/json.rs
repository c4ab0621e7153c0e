//! OTLP's JSON: protobuf's mapping with ids in hex and enums as numbers. Read as its specification asks of servers, and a
//! little more: numbers may be text, enums may be names, null is absent, unknown fields are passed over.

use std::{fmt, marker::PhantomData};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value},
    resource::v1::Resource,
    trace::v1::{Span, Status, span},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::decode::{Batch, Count, RawSpan, SPAN_VALUES, Scoped};

/// Takes a request apart.
///
/// # Errors
/// Where it is none, or has more parts than there may be.
pub(super) fn read(body: &[u8]) -> Result<Vec<Batch<'_>>, String> {
    // serde takes arrays for objects, too.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("it must be a JSON object".to_owned());
    }
    let request: Request<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut count = Count::of_request();
    let mut batches = Vec::with_capacity(request.resource_spans.0.len());
    for resource_spans in request.resource_spans.0 {
        count.add()?;
        let mut scopes = Vec::with_capacity(resource_spans.scope_spans.0.len());
        for scope_spans in resource_spans.scope_spans.0 {
            count.add()?;
            let mut spans = Vec::with_capacity(scope_spans.spans.0.len());
            for raw in scope_spans.spans.0 {
                count.add()?;
                spans.push(RawSpan::Json(raw));
            }
            let scope = scope_spans.scope.map(|scope| InstrumentationScope {
                name: scope.name,
                version: scope.version,
                attributes: pairs(scope.attributes),
                dropped_attributes_count: 0,
            });
            scopes.push(Scoped { scope, spans });
        }
        let attributes = pairs(resource_spans.resource.attributes);
        batches.push(Batch { resource: Resource { attributes, ..Resource::default() }, scopes });
    }
    Ok(batches)
}

/// Decodes a span.
///
/// # Errors
/// Where it is none.
pub(super) fn span(raw: &RawValue) -> Result<Span, String> {
    if !raw.get().starts_with('{') {
        return Err("it must be a JSON object".to_owned());
    }
    let span: JsonSpan = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
    let event = |event: Event| span::Event {
        time_unix_nano: event.time_unix_nano.0,
        name: event.name,
        attributes: pairs(event.attributes),
        dropped_attributes_count: 0,
    };
    let link = |link: Link| span::Link {
        trace_id: link.trace_id.0,
        span_id: link.span_id.0,
        attributes: pairs(link.attributes),
        ..span::Link::default()
    };
    Ok(Span {
        trace_id: span.trace_id.0,
        span_id: span.span_id.0,
        parent_span_id: span.parent_span_id.0,
        name: span.name,
        start_time_unix_nano: span.start_time_unix_nano.0,
        end_time_unix_nano: span.end_time_unix_nano.0,
        attributes: pairs(span.attributes),
        events: span.events.0.into_iter().map(event).collect(),
        links: span.links.0.into_iter().map(link).collect(),
        status: span.status.map(|status| Status { message: status.message, code: status.code.0 }),
        ..Span::default()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default, deserialize_with = "nullable")]
    resource_spans: Many<ResourceSpans<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    #[serde(default, deserialize_with = "nullable")]
    resource: Attributed,
    #[serde(borrow, default, deserialize_with = "nullable")]
    scope_spans: Many<ScopeSpans<'a>>,
}

#[derive(Deserialize)]
struct ScopeSpans<'a> {
    scope: Option<Scope>,
    #[serde(borrow, default, deserialize_with = "nullable")]
    spans: Many<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Attributed {
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
}

#[derive(Deserialize)]
struct Scope {
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    #[serde(default, deserialize_with = "nullable")]
    version: String,
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonSpan {
    #[serde(default, deserialize_with = "nullable")]
    trace_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    span_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    parent_span_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    #[serde(default, deserialize_with = "nullable")]
    start_time_unix_nano: Number<u64>,
    #[serde(default, deserialize_with = "nullable")]
    end_time_unix_nano: Number<u64>,
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
    #[serde(default, deserialize_with = "nullable")]
    events: Many<Event>,
    #[serde(default, deserialize_with = "nullable")]
    links: Many<Link>,
    status: Option<JsonStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default, deserialize_with = "nullable")]
    time_unix_nano: Number<u64>,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    #[serde(default, deserialize_with = "nullable")]
    trace_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    span_id: Id,
    #[serde(default, deserialize_with = "nullable")]
    attributes: Many<Pair>,
}

#[derive(Deserialize)]
struct JsonStatus {
    #[serde(default, deserialize_with = "nullable")]
    message: String,
    #[serde(default, deserialize_with = "nullable")]
    code: Code,
}

#[derive(Deserialize)]
struct Pair {
    #[serde(default, deserialize_with = "nullable")]
    key: String,
    value: Option<Any>,
}

fn pairs(pairs: Many<Pair>) -> Vec<KeyValue> {
    let pair = |pair: Pair| KeyValue {
        key: pair.key,
        value: pair.value.map(|Any(value)| AnyValue { value }),
        key_strindex: 0,
    };
    pairs.0.into_iter().map(pair).collect()
}

/// Null is the same as absent.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A list that is not longer than what a span may hold: `{},{},…` would take far more memory than bytes.
struct Many<T>(Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = Many<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Many<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == SPAN_VALUES {
                        return Err(A::Error::custom(format_args!(
                            "there are more than {SPAN_VALUES} in an array"
                        )));
                    }
                    items.push(item);
                }
                Ok(Many(items))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// An id in hex.
#[derive(Default)]
struct Id(Vec<u8>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> =
            text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => {
                Ok(Self(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()))
            }
            _ => Err(D::Error::custom("an id must be an even number of hex digits")),
        }
    }
}

/// A number, or its text.
#[derive(Default)]
struct Number<T>(T);

trait FromNumber: Sized {
    const EXPECTED: &'static str;
    fn from_i128(number: i128) -> Option<Self>;
    fn from_f64(number: f64) -> Option<Self>;
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! whole {
    ($type:ty, $expected:literal) => {
        impl FromNumber for $type {
            const EXPECTED: &'static str = $expected;
            fn from_i128(number: i128) -> Option<Self> {
                number.try_into().ok()
            }
            fn from_f64(number: f64) -> Option<Self> {
                // JavaScript writes large numbers as 1.7e18.
                (number.fract() == 0.0 && number.abs() < 1e20).then_some(number as i128)?.try_into().ok()
            }
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok().or_else(|| Self::from_f64(text.parse().ok()?))
            }
        }
    };
}
whole!(u64, "a whole number from 0, or its text");
whole!(i64, "a whole number of 64 bits, or its text");

impl FromNumber for f64 {
    const EXPECTED: &'static str = "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";
    fn from_i128(number: i128) -> Option<Self> {
        Some(number as Self)
    }
    fn from_f64(number: f64) -> Option<Self> {
        Some(number)
    }
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl<'de, T: FromNumber> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<T: FromNumber> Visitor<'_> for Any<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::EXPECTED)
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
                T::from_i128(number.into()).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
                T::from_i128(number.into()).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
                T::from_f64(number).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
                T::from_text(text).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
            }
        }
        deserializer.deserialize_any(Any(PhantomData)).map(Self)
    }
}

/// A status code: 2 is an error.
#[derive(Default)]
struct Code(i32);

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum NumberOrName {
            Number(i32),
            Name(String),
        }
        Ok(Self(match NumberOrName::deserialize(deserializer)? {
            NumberOrName::Number(code) => code,
            NumberOrName::Name(name) if matches!(name.as_str(), "STATUS_CODE_ERROR" | "2") => 2,
            NumberOrName::Name(name) if matches!(name.as_str(), "STATUS_CODE_OK" | "1") => 1,
            NumberOrName::Name(_) => 0,
        }))
    }
}

/// A value of whatever kind; nothing where it says none that is known.
#[derive(Default)]
struct Any(Option<Value>);

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tagged;
        impl<'de> Visitor<'de> for Tagged {
            type Value = Any;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value like {\"stringValue\": \"…\"}")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
                let mut found = None;
                while let Some(key) = map.next_key::<String>()? {
                    let value = match key.as_str() {
                        "stringValue" => map.next_value::<Option<_>>()?.map(Value::StringValue),
                        "boolValue" => map.next_value::<Option<_>>()?.map(Value::BoolValue),
                        "intValue" => map.next_value::<Option<Number<_>>>()?.map(|n| Value::IntValue(n.0)),
                        "doubleValue" => {
                            map.next_value::<Option<Number<_>>>()?.map(|n| Value::DoubleValue(n.0))
                        }
                        "bytesValue" => map.next_value::<Option<Bytes>>()?.map(|b| Value::BytesValue(b.0)),
                        "arrayValue" => map.next_value::<Option<Values<Any>>>()?.map(|list| {
                            let values = list.values.0.into_iter().map(|Any(value)| AnyValue { value });
                            Value::ArrayValue(ArrayValue { values: values.collect() })
                        }),
                        "kvlistValue" => map
                            .next_value::<Option<Values<Pair>>>()?
                            .map(|list| Value::KvlistValue(KeyValueList { values: pairs(list.values) })),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            None
                        }
                    };
                    found = value.or(found);
                }
                Ok(Any(found))
            }
        }
        deserializer.deserialize_map(Tagged)
    }
}

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Values<T> {
    #[serde(default, deserialize_with = "nullable")]
    values: Many<T>,
}

struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const LENIENT: GeneralPurposeConfig =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let text = String::deserialize(deserializer)?;
        let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
        GeneralPurpose::new(alphabet, LENIENT).decode(&text).map(Self).map_err(D::Error::custom)
    }
}

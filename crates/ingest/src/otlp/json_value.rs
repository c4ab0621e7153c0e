//! The values of OTLP/JSON: ids in hex, numbers that may be text, and values of any type.

use std::{fmt, marker::PhantomData, str::FromStr};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value,
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::request::SPAN_VALUES;

/// A list with at most [`SPAN_VALUES`] items: `{},{},…` would take far more memory than it has bytes.
pub(super) struct BoundedList<T>(pub(super) Vec<T>);

/// Returns the items of a list; none if it is absent or null.
pub(super) fn items<T>(list: Option<BoundedList<T>>) -> Vec<T> {
    list.map(|BoundedList(items)| items).unwrap_or_default()
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for BoundedList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = BoundedList<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<BoundedList<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == SPAN_VALUES {
                        return Err(A::Error::custom(format_args!(
                            "an array has more than {SPAN_VALUES} items"
                        )));
                    }
                    items.push(item);
                }
                Ok(BoundedList(items))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// An id in hex.
#[derive(Default)]
pub(super) struct Id(pub(super) Vec<u8>);

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

/// A number, or a text that contains one.
#[derive(Default)]
pub(super) struct Number<T>(pub(super) T);

pub(super) trait FromNumber: FromStr {
    const EXPECTED: &'static str;
    fn from_i128(number: i128) -> Option<Self>;
    fn from_f64(number: f64) -> Option<Self> {
        // JavaScript writes large numbers as 1.7e18.
        (number.fract() == 0.0 && number.abs() < 1e20).then(|| Self::from_i128(number as i128))?
    }
}

impl FromNumber for u64 {
    const EXPECTED: &'static str = "a whole number from 0, or its text";
    fn from_i128(number: i128) -> Option<Self> {
        number.try_into().ok()
    }
}

impl FromNumber for i64 {
    const EXPECTED: &'static str = "a whole number of 64 bits, or its text";
    fn from_i128(number: i128) -> Option<Self> {
        number.try_into().ok()
    }
}

impl FromNumber for f64 {
    const EXPECTED: &'static str = "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";
    fn from_i128(number: i128) -> Option<Self> {
        Some(number as Self)
    }
    fn from_f64(number: f64) -> Option<Self> {
        Some(number)
    }
}

fn expected<T: FromNumber, E: Error>(number: Option<T>) -> Result<T, E> {
    number.ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
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
                expected(T::from_i128(number.into()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
                expected(T::from_i128(number.into()))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
                expected(T::from_f64(number))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
                expected(text.parse().ok().or_else(|| T::from_f64(text.parse().ok()?)))
            }
        }
        deserializer.deserialize_any(Any(PhantomData)).map(Self)
    }
}

/// A status code; 2 is an error.
#[derive(Default)]
pub(super) struct Code(pub(super) i32);

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

/// A value of any type; `None` if the type is unknown.
pub(super) struct Any(pub(super) Option<Value>);

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
                            let values = items(list.values).into_iter().map(|Any(value)| AnyValue { value });
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
struct Values<T> {
    values: Option<BoundedList<T>>,
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

/// An attribute.
#[derive(Deserialize)]
pub(super) struct Pair {
    key: Option<String>,
    value: Option<Any>,
}

/// Converts attributes to protobuf.
pub(super) fn pairs(pairs: Option<BoundedList<Pair>>) -> Vec<KeyValue> {
    let pair = |pair: Pair| KeyValue {
        key: pair.key.unwrap_or_default(),
        value: pair.value.map(|Any(value)| AnyValue { value }),
        key_strindex: 0,
    };
    items(pairs).into_iter().map(pair).collect()
}

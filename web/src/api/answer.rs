//! From an answer's JSON to what it says, for all types of answers: smaller than what serde makes of each type for
//! `serde_json`'s reader, which reads a struct from an array too and says where and why it stops. Nothing here asks
//! that; the page says that it cannot read the answer.

use std::fmt::Display;

use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Number, Value, map};

/// What `text` says.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unfit> {
    let value: Value = serde_json::from_str(text).map_err(|_| Unfit)?;
    T::deserialize(Node(&value))
}

/// It is not JSON, or not of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit;

impl Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not an answer of this kind")
    }
}

impl std::error::Error for Unfit {}

impl serde::de::Error for Unfit {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// A value that is not read yet.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Value);

impl<'a> Node<'a> {
    fn text(self) -> Result<&'a str, Unfit> {
        self.0.as_str().ok_or(Unfit)
    }

    fn items(self) -> Result<Items<'a>, Unfit> {
        self.0.as_array().map(|items| Items(items.iter())).ok_or(Unfit)
    }

    fn fields(self) -> Result<Fields<'a>, Unfit> {
        self.0.as_object().map(Fields::new).ok_or(Unfit)
    }
}

fn number<'a, V: Visitor<'a>>(number: &Number, visitor: V) -> Result<V::Value, Unfit> {
    if let Some(number) = number.as_u64() {
        visitor.visit_u64(number)
    } else if let Some(number) = number.as_i64() {
        visitor.visit_i64(number)
    } else {
        visitor.visit_f64(number.as_f64().ok_or(Unfit)?)
    }
}

/// Each method asks for one kind of value only, which leaves the others out of the binary.
macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
            number(self.0.as_number().ok_or(Unfit)?, visitor)
        }
    )*};
}

impl<'a> Deserializer<'a> for Node<'a> {
    type Error = Unfit;

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! {
        <W: Visitor<'a>>
        char bytes byte_buf unit unit_struct tuple tuple_struct
    }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(is) => visitor.visit_bool(*is),
            Value::Number(value) => number(value, visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            Value::Object(fields) => visitor.visit_map(Fields::new(fields)),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_bool(self.0.as_bool().ok_or(Unfit)?)
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_seq(self.items()?)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_map(self.fields()?)
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_map(visitor)
    }

    /// The enums of the API are words.
    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_enum(self.text()?.into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }
}

struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Unfit;

    fn next_element_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<Option<S::Value>, Unfit> {
        self.0.next().map(|item| seed.deserialize(Node(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Fields<'a> {
    rest: map::Iter<'a>,
    value: &'a Value,
}

impl<'a> Fields<'a> {
    fn new(fields: &'a Map<String, Value>) -> Self {
        Self { rest: fields.iter(), value: &Value::Null }
    }

    fn step(&mut self) -> Option<&'a str> {
        let (name, value) = self.rest.next()?;
        self.value = value;
        Some(name)
    }
}

impl<'a> MapAccess<'a> for Fields<'a> {
    type Error = Unfit;

    fn next_key_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<Option<S::Value>, Unfit> {
        self.step().map(|name| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Unfit> {
        seed.deserialize(Node(self.value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::{page::Page, price::Price, span::Span, trace::TraceDetail};

    use super::*;

    /// That both readers read the same from `value`.
    fn agree<T: DeserializeOwned + PartialEq + std::fmt::Debug>(value: &Value) {
        let text = value.to_string();
        let by_serde_json: Option<T> = serde_json::from_str(&text).ok();
        assert!(by_serde_json.is_some(), "{text}");
        assert_eq!(read(&text).ok(), by_serde_json, "{text}");
    }

    #[test]
    fn all_kinds_of_values_are_read() {
        agree::<Value>(&json!({"a": [null, true, -1, 1, u64::MAX, 0.5, "é", {"b": {}}]}));
        agree::<Page<Value>>(&json!({"items": [1], "total": 3, "page": 1, "limit": 2, "total_pages": 2}));
    }

    #[test]
    fn a_run_is_read_with_what_is_in_it() {
        let span = json!({
            "span_id": "s", "parent_span_id": null, "name": "chat", "kind": "llm", "status": "success",
            "timestamp": "2025-10-22T10:35:22.120Z", "latency_ms": 12, "tokens_input": 7, "cost_usd": 0.1,
            "input": {"messages": [{"role": "user", "content": "hi"}]}, "output": "hello", "attributes": {"a": [1]},
            "cost_basis": {"basis": "computed", "model": "m", "table": "file", "parts": [
                {"tokens_kind": "cache_read", "tokens": 7, "usd_per_million": 2.5, "cost_usd": 0.000_017_5}
            ]},
            "unknown": {"to": ["this", "page"]},
        });
        agree::<Span>(&span);
        agree::<TraceDetail>(&json!({
            "trace_id": "t", "workspace_id": "67e55044-10b1-426f-9247-bb680e5fe0c8", "agent_id": "a",
            "timestamp": "2025-10-22T10:35:22.120Z", "latency_ms": 12.5, "status": "error", "tags": ["x"],
            "tokens_input": 1, "cost_usd": 3, "input": null, "output": {"k": [1.5, -2]}, "metadata": {"m": true},
            "spans": [span], "scores": [], "cost_basis": {"basis": "no_price"},
        }));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert_eq!(read::<Value>("{"), Err(Unfit));
        assert_eq!(read::<Vec<u8>>("[256]"), Err(Unfit));
        assert_eq!(read::<Vec<u8>>("[-1]"), Err(Unfit));
        assert_eq!(read::<Vec<String>>("[null]"), Err(Unfit));
        assert_eq!(read::<Span>("[]"), Err(Unfit));
        assert_eq!(read::<Span>("{}"), Err(Unfit));
        assert!(read::<Price>("{}").is_err() && read::<TraceDetail>("{}").is_err());
    }
}

//! Raw JSON that is stored as it was received, checked without building a value.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use shared::limit;

/// The members of an object in their order, with raw values.
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(24);
                while let Some((Text(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A string, borrowed unless it contains escapes.
#[derive(Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// Checks that a value can be read back later: its strings are Unicode, its numbers fit, and it is nested at most
/// [`limit::JSON_DEPTH`] levels deep.
///
/// # Errors
/// Returns what is wrong.
pub fn check(raw: &RawValue) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    Check { depth: 0 }.deserialize(&mut deserializer).map_err(|error| error.to_string())
}

/// Appends a value on one line. Payloads are stored as lines of JSON; a line break outside a string is white space.
pub fn push_line(line: &mut String, raw: &RawValue) {
    let text = raw.get();
    if text.contains(['\n', '\r']) {
        line.extend(text.chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }));
    } else {
        line.push_str(text);
    }
}

#[derive(Clone, Copy)]
struct Check {
    depth: usize,
}

impl Check {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == limit::JSON_DEPTH {
            return Err(E::custom(format_args!("is nested more than {} levels deep", limit::JSON_DEPTH)));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        while seq.next_element_seed(deeper)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        while map.next_key_seed(deeper)?.is_some() {
            map.next_value_seed(deeper)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn rejects_json_that_could_not_be_read_back() {
        for bad in [r#"{"a": "\ud800"}"#, r#"[1e999]"#, &format!("{}1{}", "[".repeat(65), "]".repeat(65))] {
            assert!(check(&raw(bad)).is_err(), "{bad}");
        }
        for good in ["null", "\"text\"", r#"{"a":[1,-2,3.5,true,null,{"b":"\u00e9"}]}"#] {
            assert!(check(&raw(good)).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_multi_line_value_becomes_an_equivalent_single_line() {
        let pretty = "{\n  \"a\": \"x\\ny\",\r\n  \"b\": [1,\n2]\n}";
        let mut line = String::new();
        push_line(&mut line, &raw(pretty));
        assert!(!line.contains(['\n', '\r']));
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&line), value(pretty));
    }
}

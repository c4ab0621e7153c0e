//! JSON as text. serde's writers weigh some kilobytes, the tables by which they write a number most of them; the browser
//! writes those itself.

use serde::Serialize;
use serde_json::{Number, Value};

/// `value` in one line.
pub fn text(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, None);
    text
}

/// `value` with two spaces a level.
pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, Some(0));
    text
}

/// What `said` is as JSON; null where it cannot be.
pub fn value(said: &impl Serialize) -> Value {
    serde_json::to_value(said).unwrap_or_default()
}

/// A number as it is written in JSON.
pub fn number(number: &Number) -> String {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(whole), ..) => whole.to_string(),
        (_, Some(whole), _) => whole.to_string(),
        (_, _, float) => fraction(float.unwrap_or_default()),
    }
}

#[cfg(target_arch = "wasm32")]
fn fraction(float: f64) -> String {
    js_sys::Number::from(float).to_string_with_radix(10).map(String::from).unwrap_or_default()
}

#[cfg(not(target_arch = "wasm32"))]
fn fraction(float: f64) -> String {
    float.to_string()
}

/// In one line where there is no `level`.
fn write(text: &mut String, value: &Value, level: Option<usize>) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(is) => text.push_str(if *is { "true" } else { "false" }),
        Value::Number(of) => text.push_str(&number(of)),
        Value::String(of) => string(text, of),
        Value::Array(items) => {
            let inside = level.map(|level| level + 1);
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                begin(text, index, inside);
                write(text, item, inside);
            }
            end(text, items.is_empty(), level, ']');
        }
        Value::Object(fields) => {
            let inside = level.map(|level| level + 1);
            text.push('{');
            for (index, (name, item)) in fields.iter().enumerate() {
                begin(text, index, inside);
                string(text, name);
                text.push_str(if level.is_some() { ": " } else { ":" });
                write(text, item, inside);
            }
            end(text, fields.is_empty(), level, '}');
        }
    }
}

fn begin(text: &mut String, index: usize, level: Option<usize>) {
    if index > 0 {
        text.push(',');
    }
    line(text, level);
}

fn end(text: &mut String, is_empty: bool, level: Option<usize>, bracket: char) {
    if !is_empty {
        line(text, level);
    }
    text.push(bracket);
}

fn line(text: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        text.push('\n');
        text.push_str(&"  ".repeat(level));
    }
}

fn string(text: &mut String, of: &str) {
    text.push('"');
    for char in of.chars() {
        match char {
            '"' | '\\' => text.extend(['\\', char]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            char if char < ' ' => text.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => text.push(char),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_written_as_serde_writes_it() {
        let all = json!({
            "a": [null, true, false, 0, -1, u64::MAX, i64::MIN, 0.5, -2.25], "b": {}, "c": [], "d": {"e": {"f": [[1]]}},
            "text \"\\": "é\n\r\t\u{8}\u{c}\u{1}\u{1f}/\u{7f}☺",
        });
        for value in [all, json!("x"), json!([]), json!(7), Value::Null] {
            assert_eq!(text(&value), value.to_string());
            assert_eq!(pretty(&value), serde_json::to_string_pretty(&value).unwrap_or_default());
        }
    }
}

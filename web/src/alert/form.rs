//! Converts JSON to the input values of a form, and back. A form has the fields of its request, each with the text in its
//! input. Pure functions.

use serde_json::{Map, Value};

/// Returns the input values for `json`: strings, except for lists and switches.
#[must_use]
pub fn form_values(json: &Value, fields: &[&str]) -> Map<String, Value> {
    let text = |name: &&str| {
        let value = match json.get(*name) {
            None | Some(Value::Null) => Value::String(String::new()),
            Some(Value::Number(number)) => Value::String(number.as_f64().unwrap_or_default().to_string()),
            Some(other) => other.clone(),
        };
        ((*name).to_owned(), value)
    };
    // In contrast to `collect`, this adds no sorting to the page.
    let mut values = Map::new();
    values.extend(fields.iter().map(text));
    values
}

/// Returns the request body for `values`. An empty text becomes null, or 0 for a field of `counts`.
///
/// # Errors
/// Returns the name of the first field that is not a number.
pub fn request_body(
    values: &Map<String, Value>,
    numbers: &[&'static str],
    counts: &[&'static str],
) -> Result<Map<String, Value>, &'static str> {
    let mut body = values.clone();
    for (name, value) in &mut body {
        let Value::String(text) = value else { continue };
        let text = text.trim();
        let is_number = numbers.iter().chain(counts).find(|number| *number == name);
        *value = match is_number {
            Some(_) if text.is_empty() && counts.contains(&&**name) => Value::from(0_u64),
            _ if text.is_empty() && name != "name" => Value::Null,
            Some(name) => number(text).ok_or(*name)?,
            None => Value::String(text.to_owned()),
        };
    }
    Ok(body)
}

/// Parses a number, as an integer if possible.
fn number(text: &str) -> Option<Value> {
    match text.parse::<u64>() {
        Ok(whole) => Some(Value::from(whole)),
        Err(_) => shared::format::decimal(text).map(Value::from),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn form_values_convert_back_to_the_same_request() {
        let response = json!({
            "id": "x", "name": "Errors", "agent_id": null, "window_minutes": 30, "warning": 0.25, "critical": 5.0,
            "info": null, "enabled": true, "channel_ids": ["a"], "min_traces": 0,
        });
        let fields = [
            "name",
            "agent_id",
            "window_minutes",
            "warning",
            "critical",
            "info",
            "enabled",
            "channel_ids",
            "min_traces",
            "model",
        ];
        let mut form = form_values(&response, &fields);
        assert_eq!((&form["critical"], &form["info"], &form["model"]), (&json!("5"), &json!(""), &json!("")));
        form["min_traces"] = json!("");
        let sent = request_body(&form, &["warning", "critical", "info"], &["window_minutes", "min_traces"]);
        let expected = json!({
            "name": "Errors", "agent_id": null, "window_minutes": 30, "warning": 0.25, "critical": 5, "info": null,
            "enabled": true, "channel_ids": ["a"], "min_traces": 0, "model": null,
        });
        assert_eq!(sent.map(Value::Object), Ok(expected));
    }

    #[test]
    fn names_the_field_that_is_not_a_number() {
        let form = form_values(&json!({"name": "5", "warning": "five"}), &["name", "warning"]);
        assert_eq!(request_body(&form, &["warning"], &[]), Err("warning"));
        let change = form_values(&json!({"warning": "-12.5"}), &["warning"]);
        assert_eq!(
            request_body(&change, &["warning"], &[]).map(Value::Object),
            Ok(json!({"warning": -12.5}))
        );
    }
}

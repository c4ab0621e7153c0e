//! From JSON to what stands in a form's inputs, and back. Pure, and the same for every form: a form's fields are those of
//! the request, each with the text that was typed.

use serde_json::{Map, Value};

/// What stands in the inputs for what the API answered: texts, but for lists and switches.
#[must_use]
pub fn typed(answer: &Value, fields: &[&str]) -> Map<String, Value> {
    let text = |name: &&str| {
        let value = match answer.get(*name) {
            None | Some(Value::Null) => Value::String(String::new()),
            Some(Value::Number(number)) => Value::String(number.as_f64().unwrap_or_default().to_string()),
            Some(other) => other.clone(),
        };
        ((*name).to_owned(), value)
    };
    fields.iter().map(text).collect()
}

/// What is sent for `typed`, or the field that holds no number. An empty text is null, and 0 for a number of `counts`.
pub fn body(
    typed: &Map<String, Value>,
    numbers: &[&'static str],
    counts: &[&'static str],
) -> Result<Map<String, Value>, &'static str> {
    let mut body = typed.clone();
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

/// A number as it was typed: whole where it is.
fn number(text: &str) -> Option<Value> {
    match text.parse::<u64>() {
        Ok(whole) => Some(Value::from(whole)),
        Err(_) => crate::format::decimal(text).map(Value::from),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_into_a_form_is_sent_back_as_it_was() {
        let answer = json!({
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
        let mut form = typed(&answer, &fields);
        assert_eq!((&form["critical"], &form["info"], &form["model"]), (&json!("5"), &json!(""), &json!("")));
        form["min_traces"] = json!("");
        let sent = body(&form, &["warning", "critical", "info"], &["window_minutes", "min_traces"]);
        let expected = json!({
            "name": "Errors", "agent_id": null, "window_minutes": 30, "warning": 0.25, "critical": 5, "info": null,
            "enabled": true, "channel_ids": ["a"], "min_traces": 0, "model": null,
        });
        assert_eq!(sent.map(Value::Object), Ok(expected));
    }

    #[test]
    fn what_is_no_number_is_named() {
        let form = typed(&json!({"name": "5", "warning": "five"}), &["name", "warning"]);
        assert_eq!(body(&form, &["warning"], &[]), Err("warning"));
        let change = typed(&json!({"warning": "-12.5"}), &["warning"]);
        assert_eq!(body(&change, &["warning"], &[]).map(Value::Object), Ok(json!({"warning": -12.5})));
    }
}

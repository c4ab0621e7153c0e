//! The payload of a trace or span: input, output and every field without a column, as one line of JSON.

use serde_json::value::RawValue;

use super::json;

/// Collects input, output and every field without a column.
pub(super) struct Payload<'a> {
    /// The name of the object for all other fields: `metadata` or `attributes`.
    rest_name: &'static str,
    input: Option<&'a RawValue>,
    output: Option<&'a RawValue>,
    rest: serde_json::Map<String, serde_json::Value>,
    /// That object as it was sent; used unchanged unless other fields join it.
    rest_sent: Option<&'a RawValue>,
}

impl<'a> Payload<'a> {
    pub(super) fn new(rest_name: &'static str) -> Self {
        Self { rest_name, input: None, output: None, rest: serde_json::Map::new(), rest_sent: None }
    }

    pub(super) fn add(&mut self, key: &str, raw: &'a RawValue) -> Result<(), String> {
        let given = Some(raw).filter(|raw| raw.get() != "null");
        // The last value of a duplicate key counts, as is usual for JSON.
        if key == "input" {
            self.input = given;
        } else if key == "output" {
            self.output = given;
        } else if key == self.rest_name {
            if given.is_some_and(|raw| !raw.get().starts_with('{')) {
                return Err("must be an object".to_owned());
            }
            self.rest_sent = given;
        } else if given.is_some() {
            let value = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
            self.rest.insert(key.to_owned(), value);
        }
        Ok(())
    }

    pub(super) fn into_line(mut self) -> String {
        let rest = if self.rest.is_empty() {
            None
        } else {
            // Members of the object itself take precedence over fields beside it.
            if let Some(Ok(serde_json::Value::Object(sent))) =
                self.rest_sent.map(|raw| serde_json::from_str(raw.get()))
            {
                self.rest.extend(sent);
            }
            serde_json::value::to_raw_value(&self.rest).ok()
        };
        let members = [
            ("input", self.input),
            ("output", self.output),
            (self.rest_name, rest.as_deref().or(self.rest_sent)),
        ];
        let mut line = "{".to_owned();
        for (key, raw) in members {
            let Some(raw) = raw else { continue };
            if line.len() > 1 {
                line.push(',');
            }
            line.push('"');
            line.push_str(key);
            line.push_str("\":");
            json::push_line(&mut line, raw);
        }
        line.push('}');
        line
    }
}

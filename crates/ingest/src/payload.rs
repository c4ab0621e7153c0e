//! What of a trace or span has no column (input, output and everything else that came with it) as one line of JSON.

use serde_json::value::RawValue;

use super::json;

/// Gathers input, output and everything that has no column, as one line of JSON.
pub(super) struct Payload<'a> {
    /// What the object of everything else is called.
    rest_name: &'static str,
    input: Option<&'a RawValue>,
    output: Option<&'a RawValue>,
    rest: serde_json::Map<String, serde_json::Value>,
    /// That object as it was sent, where nothing else joins it.
    rest_sent: Option<&'a RawValue>,
}

impl<'a> Payload<'a> {
    pub(super) fn new(rest_name: &'static str) -> Self {
        Self { rest_name, input: None, output: None, rest: serde_json::Map::new(), rest_sent: None }
    }

    pub(super) fn add(&mut self, key: &str, raw: &'a RawValue) -> Result<(), String> {
        let given = Some(raw).filter(|raw| raw.get() != "null");
        // Where a key is there twice the last one counts, as everywhere in JSON.
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
            // What was sent under the name itself goes before fields of the same name beside it.
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

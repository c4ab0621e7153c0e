//! JSON, indented and coloured.

use yew::prelude::*;

/// Above this, colours would cost the browser more than they help the reader.
const COLOURED_BYTES: usize = 60_000;

/// Indented JSON, or its beginning.
pub fn coloured(text: &str) -> Html {
    if text.len() > COLOURED_BYTES {
        return html! { <code>{ text.to_owned() }</code> };
    }
    let token = |(class, token): (&'static str, &str)| {
        if class.is_empty() {
            html! { { token.to_owned() } }
        } else {
            html! { <span {class}>{ token.to_owned() }</span> }
        }
    };
    html! { <code class="json">{ for tokens(text).into_iter().map(token) }</code> }
}

/// The tokens of indented JSON with their classes; what stands between them has none.
fn tokens(text: &str) -> Vec<(&'static str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (class, length) = match first {
            '"' => {
                let length = string_length(rest);
                let is_key = rest.get(length..).is_some_and(|after| after.starts_with(':'));
                (if is_key { "json-key" } else { "json-string" }, length)
            }
            '-' | '0'..='9' => ("json-number", run(rest, |c| c.is_ascii_digit() || "+-.eE".contains(c))),
            't' | 'f' | 'n' => ("json-word", run(rest, |c| c.is_ascii_alphabetic())),
            _ => ("", run(rest, |c| !matches!(c, '"' | '-' | '0'..='9' | 't' | 'f' | 'n'))),
        };
        let (token, after) = rest.split_at(length.max(1).min(rest.len()));
        found.push((class, token));
        rest = after;
    }
    found
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_put_together_are_the_text_again() {
        let text = format!("{:#}", json!({"a\"b": [1, -2.5e3, true, null, "x: \"y\" \\"], "ü": {}}));
        let found = tokens(&text);
        assert_eq!(found.iter().map(|token| token.1).collect::<String>(), text);
        assert!(found.contains(&("json-key", "\"a\\\"b\"")));
        assert!(found.contains(&("json-string", "\"x: \\\"y\\\" \\\\\"")));
        assert!(found.contains(&("json-number", "-2500.0")));
        assert!(found.contains(&("json-word", "null")));
    }
}

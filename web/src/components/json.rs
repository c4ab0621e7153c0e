//! Syntax highlighting for JSON.

use yew::prelude::*;

/// Longer texts are not highlighted: the many elements would slow the browser down.
const HIGHLIGHT_BYTES: usize = 60_000;

/// Renders indented JSON, complete or cut off, with highlighting.
pub fn highlighted(text: &str) -> Html {
    if text.len() > HIGHLIGHT_BYTES {
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

/// Splits indented JSON into tokens with their CSS classes. Punctuation and whitespace have no class.
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
            '-' | '0'..='9' => {
                ("json-number", prefix_length(rest, |c| c.is_ascii_digit() || "+-.eE".contains(c)))
            }
            't' | 'f' | 'n' => ("json-word", prefix_length(rest, |c| c.is_ascii_alphabetic())),
            _ => ("", prefix_length(rest, |c| !matches!(c, '"' | '-' | '0'..='9' | 't' | 'f' | 'n'))),
        };
        let (token, after) = rest.split_at(length.max(1).min(rest.len()));
        found.push((class, token));
        rest = after;
    }
    found
}

fn prefix_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
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
    fn tokens_concatenate_to_the_original_text() {
        let text = format!("{:#}", json!({"a\"b": [1, -2.5e3, true, null, "x: \"y\" \\"], "ü": {}}));
        let found = tokens(&text);
        assert_eq!(found.iter().map(|token| token.1).collect::<String>(), text);
        assert!(found.contains(&("json-key", "\"a\\\"b\"")));
        assert!(found.contains(&("json-string", "\"x: \\\"y\\\" \\\\\"")));
        assert!(found.contains(&("json-number", "-2500.0")));
        assert!(found.contains(&("json-word", "null")));
    }
}

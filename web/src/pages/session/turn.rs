//! The messages of one trace of a conversation. Pure functions.
//!
//! An agent's input often contains the whole conversation so far. The earlier messages are separated so that they can be
//! collapsed.

use serde_json::Value;

use crate::components::conversation::{ChatMessage, Part, messages, parse_json};

/// The messages of a trace.
#[derive(Debug, Default, PartialEq)]
pub struct Turn {
    /// Instructions and the messages of earlier turns.
    pub earlier: Vec<ChatMessage>,
    /// The new messages: the last question and its answer.
    pub messages: Vec<ChatMessage>,
}

/// Returns the messages of an input and an output. An input that is not a conversation becomes a user message, such an
/// output an assistant message.
pub fn turn(input: Option<&Value>, output: Option<&Value>) -> Turn {
    let question = input.map_or_else(Vec::new, |input| parse(input, "user"));
    let response = output.map_or_else(Vec::new, |output| parse(output, "assistant"));
    let answer = match response.strip_prefix(&question[..]) {
        Some(rest) if !rest.is_empty() => rest.to_vec(),
        _ => response,
    };
    let last_answer = question.iter().rposition(|message| is_assistant(&message.role));
    let first_new = last_answer.map_or(0, |at| at + 1);
    let is_new = |(at, message): (usize, &ChatMessage)| at >= first_new && !is_instruction(&message.role);
    if !question.iter().enumerate().any(is_new) {
        return Turn { earlier: Vec::new(), messages: question.into_iter().chain(answer).collect() };
    }
    let mut turn = Turn::default();
    for (at, message) in question.into_iter().enumerate() {
        let part = if is_new((at, &message)) { &mut turn.messages } else { &mut turn.earlier };
        part.push(message);
    }
    turn.messages.extend(answer);
    turn
}

fn parse(value: &Value, role: &str) -> Vec<ChatMessage> {
    if value.is_null() {
        return Vec::new();
    }
    // JSON sent as a string is parsed.
    let value = value.as_str().and_then(parse_json).unwrap_or_else(|| value.clone());
    messages(&value).unwrap_or_else(|| {
        let part = match value {
            Value::String(text) => Part::Text(text),
            other => Part::Other(other),
        };
        vec![ChatMessage { role: role.to_owned(), parts: vec![part] }]
    })
}

fn is_assistant(role: &str) -> bool {
    matches!(role, "assistant" | "ai" | "model")
}

fn is_instruction(role: &str) -> bool {
    matches!(role, "system" | "developer")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(messages: &[ChatMessage]) -> Vec<String> {
        let text = |message: &ChatMessage| match &message.parts[..] {
            [Part::Text(text)] => format!("{}: {text}", message.role),
            other => format!("{}: {other:?}", message.role),
        };
        messages.iter().map(text).collect()
    }

    fn message(role: &str, content: &str) -> Value {
        json!({"role": role, "content": content})
    }

    #[test]
    fn treats_plain_texts_as_question_and_answer() {
        let turn = turn(Some(&json!("Where is it?")), Some(&json!("On its way.")));
        assert_eq!(texts(&turn.messages), ["user: Where is it?", "assistant: On its way."]);
        assert_eq!(turn.earlier, []);
    }

    #[test]
    fn separates_earlier_messages_from_new_ones() {
        let history = json!([
            message("system", "Be kind."),
            message("user", "Hello"),
            message("assistant", "Hi"),
            message("user", "Where is it?"),
        ]);
        let turn = turn(Some(&history), Some(&message("assistant", "On its way.")));
        assert_eq!(texts(&turn.earlier), ["system: Be kind.", "user: Hello", "assistant: Hi"]);
        assert_eq!(texts(&turn.messages), ["user: Where is it?", "assistant: On its way."]);
    }

    #[test]
    fn removes_the_question_from_an_output_that_repeats_it() {
        let (question, answer) = (message("user", "Hello"), message("assistant", "Hi"));
        let turn = turn(Some(&json!([question.clone()])), Some(&json!([question, answer])));
        assert_eq!(texts(&turn.messages), ["user: Hello", "assistant: Hi"]);
    }

    #[test]
    fn shows_the_whole_input_without_new_messages() {
        let turn = turn(Some(&json!([message("user", "Hello"), message("assistant", "Hi")])), None);
        assert_eq!(texts(&turn.messages), ["user: Hello", "assistant: Hi"]);
        assert_eq!(turn.earlier, []);
    }

    #[test]
    fn is_empty_without_input_and_output() {
        assert_eq!(turn(None, None), Turn::default());
        assert_eq!(turn(Some(&Value::Null), Some(&Value::Null)), Turn::default());
    }

    #[test]
    fn keeps_an_output_that_equals_the_input() {
        let turn = turn(Some(&message("user", "echo")), Some(&message("user", "echo")));
        assert_eq!(texts(&turn.messages), ["user: echo", "user: echo"]);
    }
}

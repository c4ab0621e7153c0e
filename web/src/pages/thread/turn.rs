//! What was said in one run of a conversation. Pure.
//!
//! An agent's input is often the conversation so far: shown with every run, it would bury what is new.

use serde_json::Value;

use crate::components::conversation::{ChatMessage, Part, messages, structured};

/// A run's messages.
#[derive(Debug, Default, PartialEq)]
pub struct Turn {
    /// Instructions, and what was said before.
    pub earlier: Vec<ChatMessage>,
    /// What is new: the last question, and its answer.
    pub said: Vec<ChatMessage>,
}

/// The messages in what went in and what came out. What is no conversation is what the user said, or the assistant.
pub fn turn(input: Option<&Value>, output: Option<&Value>) -> Turn {
    let asked = input.map_or_else(Vec::new, |input| spoken(input, "user"));
    let answered = output.map_or_else(Vec::new, |output| spoken(output, "assistant"));
    let answer = match answered.strip_prefix(&asked[..]) {
        Some(rest) if !rest.is_empty() => rest.to_vec(),
        _ => answered,
    };
    let last_answer = asked.iter().rposition(|message| is_assistant(&message.role));
    let first_new = last_answer.map_or(0, |at| at + 1);
    let is_new = |(at, message): (usize, &ChatMessage)| at >= first_new && !is_instruction(&message.role);
    if !asked.iter().enumerate().any(is_new) {
        return Turn { earlier: Vec::new(), said: asked.into_iter().chain(answer).collect() };
    }
    let mut turn = Turn::default();
    for (at, message) in asked.into_iter().enumerate() {
        let part = if is_new((at, &message)) { &mut turn.said } else { &mut turn.earlier };
        part.push(message);
    }
    turn.said.extend(answer);
    turn
}

fn spoken(value: &Value, role: &str) -> Vec<ChatMessage> {
    if value.is_null() {
        return Vec::new();
    }
    // A program that sends JSON as text means JSON.
    let value = value.as_str().and_then(structured).unwrap_or_else(|| value.clone());
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

    fn says(role: &str, content: &str) -> Value {
        json!({"role": role, "content": content})
    }

    #[test]
    fn plain_texts_are_a_question_and_its_answer() {
        let turn = turn(Some(&json!("Where is it?")), Some(&json!("On its way.")));
        assert_eq!(texts(&turn.said), ["user: Where is it?", "assistant: On its way."]);
        assert_eq!(turn.earlier, []);
    }

    #[test]
    fn what_was_said_before_is_set_apart_from_what_is_new() {
        let history = json!([
            says("system", "Be kind."),
            says("user", "Hello"),
            says("assistant", "Hi"),
            says("user", "Where is it?"),
        ]);
        let turn = turn(Some(&history), Some(&says("assistant", "On its way.")));
        assert_eq!(texts(&turn.earlier), ["system: Be kind.", "user: Hello", "assistant: Hi"]);
        assert_eq!(texts(&turn.said), ["user: Where is it?", "assistant: On its way."]);
    }

    #[test]
    fn an_answer_that_repeats_the_question_says_it_once() {
        let (asked, answered) = (says("user", "Hello"), says("assistant", "Hi"));
        let turn = turn(Some(&json!([asked.clone()])), Some(&json!([asked, answered])));
        assert_eq!(texts(&turn.said), ["user: Hello", "assistant: Hi"]);
    }

    #[test]
    fn an_input_with_nothing_new_is_shown_whole() {
        let turn = turn(Some(&json!([says("user", "Hello"), says("assistant", "Hi")])), None);
        assert_eq!(texts(&turn.said), ["user: Hello", "assistant: Hi"]);
        assert_eq!(turn.earlier, []);
    }

    #[test]
    fn nothing_in_and_nothing_out_is_nothing_said() {
        assert_eq!(turn(None, None), Turn::default());
        assert_eq!(turn(Some(&Value::Null), Some(&Value::Null)), Turn::default());
    }

    #[test]
    fn an_output_that_is_its_input_is_not_swallowed() {
        let turn = turn(Some(&says("user", "echo")), Some(&says("user", "echo")));
        assert_eq!(texts(&turn.said), ["user: echo", "user: echo"]);
    }
}

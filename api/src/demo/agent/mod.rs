//! The agents of the demo, as data: who they are, what they are asked, which steps they take. One file each.

mod code_reviewer;
mod invoice_extractor;
mod onboarding_guide;
mod research_assistant;
mod sql_analyst;
mod support_bot;

use super::{model::Model, rhythm::Rhythm};

/// All of them. The order is part of what a seed means: new ones go last.
pub const AGENTS: [&Agent; 6] = [
    &support_bot::AGENT,
    &research_assistant::AGENT,
    &code_reviewer::AGENT,
    &sql_analyst::AGENT,
    &invoice_extractor::AGENT,
    &onboarding_guide::AGENT,
];

/// An agent.
#[derive(Debug)]
pub struct Agent {
    /// Its `agent_id`.
    pub id: &'static str,
    /// What its root span is called.
    pub entry: &'static str,
    /// What its model is told first; agents without it take text instead of messages.
    pub system: Option<&'static str>,
    /// The models that it uses, and how often.
    pub models: &'static [(&'static Model, f64)],
    /// When it is busy.
    pub rhythm: Rhythm,
    /// Conversations on an average day.
    pub conversations: f64,
    /// Runs of a conversation, at least and at most.
    pub turns: (u64, u64),
    /// Runs that end badly on a normal day.
    pub failures: f64,
    /// Seconds after which a run is given up.
    pub limit_seconds: u64,
    /// Mean quality, before the model's and the moment's share.
    pub quality: f64,
    /// Median tokens into a call.
    pub tokens_input: f64,
    /// Median tokens of an answer.
    pub tokens_output: f64,
    /// Words to find it by.
    pub tags: &'static [&'static str],
    /// What a conversation opens with.
    pub topics: &'static [Topic],
    /// What may be asked after that.
    pub follow_ups: &'static [Topic],
}

/// Something that an agent is asked, and what it does about it.
#[derive(Debug)]
pub struct Topic {
    /// Ways to ask.
    pub asks: &'static [&'static str],
    /// Ways to answer.
    pub answers: &'static [Answer],
    /// What happens between.
    pub steps: &'static [Step],
}

/// What an agent answers.
#[derive(Debug)]
pub enum Answer {
    /// Text with slots.
    Text(&'static str),
    /// An object: names and templates of its values.
    Object(Fields),
}

/// Names and templates of values; a value that reads as a number becomes one.
pub type Fields = &'static [(&'static str, &'static str)];

/// What an agent does.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Checks what came in.
    Guardrail(&'static str),
    /// Looks up documents.
    Search(&'static Search),
    /// Lets the model decide on the tool that the next step calls.
    Decide,
    /// Calls a tool.
    Call(&'static Tool),
    /// Lets the model answer.
    Answer,
}

/// A look-up of documents.
#[derive(Debug)]
pub struct Search {
    /// What it is called.
    pub name: &'static str,
    /// Median milliseconds.
    pub millis: f64,
    /// Names and beginnings of what it finds, best first.
    pub documents: Fields,
}

/// A tool.
#[derive(Debug)]
pub struct Tool {
    /// What it is called.
    pub name: &'static str,
    /// Median milliseconds.
    pub millis: f64,
    /// What it is called with.
    pub arguments: Fields,
    /// What it answers.
    pub result: Fields,
    /// What it says when it fails.
    pub failure: &'static str,
}

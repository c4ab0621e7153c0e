//! The agents of the demo: what they are asked, which steps they take, and what they answer. One data file each, in
//! `agent/`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{
    model::{self, Model},
    rhythm::Rhythm,
};

/// The data files. The order is part of the meaning of a seed: new agents go last.
const FILES: [&str; 6] = [
    include_str!("agent/support_bot.json"),
    include_str!("agent/research_assistant.json"),
    include_str!("agent/code_reviewer.json"),
    include_str!("agent/sql_analyst.json"),
    include_str!("agent/invoice_extractor.json"),
    include_str!("agent/onboarding_guide.json"),
];

/// All agents. A test checks that every file can be read.
pub static AGENTS: LazyLock<Vec<Agent>> = LazyLock::new(|| {
    let read =
        |&file| Agent::read(file).inspect_err(|error| tracing::error!(error, "failed to read a demo agent"));
    FILES.iter().flat_map(read).collect()
});

/// An agent.
#[derive(Debug)]
pub struct Agent {
    /// The values that need no lookup.
    pub data: Data,
    /// The models it uses, with their weights.
    pub models: Vec<(&'static Model, f64)>,
    /// The topics that open a conversation.
    pub topics: Vec<Topic>,
    /// The topics of later turns.
    pub follow_ups: Vec<Topic>,
}

/// The values of an agent.
#[derive(Debug, Deserialize)]
pub struct Data {
    /// Its `agent_id`.
    pub id: String,
    /// The name of its root span.
    pub entry: String,
    /// The system prompt; agents without one receive text instead of messages.
    pub system: Option<String>,
    /// When it is busy.
    pub rhythm: Rhythm,
    /// Conversations on an average day.
    pub conversations: f64,
    /// The minimum and maximum number of runs in a conversation.
    pub turns: (u64, u64),
    /// The share of runs that fail on a normal day.
    pub failures: f64,
    /// The timeout of a run in seconds.
    pub limit_seconds: u64,
    /// The mean quality, before the contributions of the model and the time.
    pub quality: f64,
    /// The median number of input tokens of a call.
    pub tokens_input: f64,
    /// The median number of output tokens of an answer.
    pub tokens_output: f64,
    /// The tags of its traces.
    pub tags: Vec<String>,
}

/// A question and how the agent handles it.
#[derive(Debug)]
pub struct Topic {
    /// Variants of the question.
    pub asks: Vec<String>,
    /// Variants of the answer.
    pub answers: Vec<Answer>,
    /// The steps between question and answer.
    pub steps: Vec<Step>,
}

/// An answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// A text with slots.
    Text(String),
    /// A JSON object.
    Object(Fields),
}

/// Names and templates of values; a value that looks like a number becomes one.
pub type Fields = Vec<(String, String)>;

/// A step of a run.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Checks the input or the answer.
    Guardrail(&'static str),
    /// Looks up documents.
    Search(&'static Search),
    /// Lets the model choose the tool that the next step calls.
    Decide,
    /// Calls a tool.
    Call(&'static Tool),
    /// Lets the model answer.
    Answer,
}

/// A document search.
#[derive(Debug, Deserialize)]
pub struct Search {
    /// Its name.
    pub name: String,
    /// The median latency in milliseconds.
    pub millis: f64,
    /// The titles and beginnings of the documents it finds, best first.
    pub documents: Fields,
}

/// A tool.
#[derive(Debug, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// The median latency in milliseconds.
    pub millis: f64,
    /// Its arguments.
    pub arguments: Fields,
    /// Its result.
    pub result: Fields,
    /// Its error message when it fails.
    pub failure: String,
}

/// A data file.
#[derive(Deserialize)]
struct File {
    #[serde(flatten)]
    data: Data,
    models: Vec<(String, f64)>,
    topics: Vec<FileTopic>,
    follow_ups: Vec<FileTopic>,
    tools: Vec<Tool>,
    searches: Vec<Search>,
}

#[derive(Deserialize)]
struct FileTopic {
    asks: Vec<String>,
    answers: Vec<Answer>,
    steps: Vec<FileStep>,
}

/// A step that names its search or tool.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileStep {
    Guardrail(String),
    Search(String),
    Decide,
    Call(String),
    Answer,
}

impl Agent {
    /// Reads a data file. What its steps refer to is leaked: agents live as long as the process.
    fn read(file: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(file).map_err(|error| error.to_string())?;
        let (tools, searches): (&'static [Tool], &'static [Search]) =
            (file.tools.leak(), file.searches.leak());
        let step = |step| {
            Ok(match step {
                FileStep::Guardrail(name) => Step::Guardrail(name.leak()),
                FileStep::Search(name) => Step::Search(named(searches, &name, |search| &search.name)?),
                FileStep::Decide => Step::Decide,
                FileStep::Call(name) => Step::Call(named(tools, &name, |tool| &tool.name)?),
                FileStep::Answer => Step::Answer,
            })
        };
        let topic = |FileTopic { asks, answers, steps }| {
            let steps = steps.into_iter().map(step).collect::<Result<_, String>>()?;
            Ok(Topic { asks, answers, steps })
        };
        let topics = |topics: Vec<FileTopic>| topics.into_iter().map(topic).collect::<Result<_, String>>();
        let model =
            |(name, weight): (String, f64)| Ok((named(&model::ALL, &name, |model| &model.name)?, weight));
        Ok(Self {
            data: file.data,
            models: file.models.into_iter().map(model).collect::<Result<_, String>>()?,
            topics: topics(file.topics)?,
            follow_ups: topics(file.follow_ups)?,
        })
    }
}

/// Returns the item with this name.
fn named<'a, T>(items: &'a [T], name: &str, name_of: impl Fn(&T) -> &str) -> Result<&'a T, String> {
    items.iter().find(|item| name_of(item) == name).ok_or_else(|| format!("unknown name {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_data_file_can_be_read() {
        for file in FILES {
            assert_eq!(Agent::read(file).map(|_| ()), Ok(()));
        }
    }
}

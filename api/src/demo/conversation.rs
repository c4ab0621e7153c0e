//! Conversations: who talks to which agent about what, and when each of its runs starts. All runs of a conversation come
//! from the minute in which it begins.

use std::{sync::Arc, time::Duration};

use super::{
    agent::{Agent, Answer, Topic},
    model::Model,
    random::Random,
    rhythm::Minute,
    run::Run,
    words::Words,
};

/// Minutes after its beginning in which a conversation may still start a run: five runs of half a minute and the pauses
/// between them, or three of a minute and a half.
pub const MINUTES: i64 = 30;
/// Milliseconds from an answer to the next question.
const PAUSE_MILLIS: (u64, u64) = (8_000, 180_000);
/// People who use the agents.
const USERS: u64 = 420;

/// What the runs of a conversation share.
#[derive(Debug)]
pub struct Conversation {
    /// Who answers.
    pub agent: &'static Agent,
    /// The model it uses.
    pub model: &'static Model,
    /// What it is about.
    pub words: Words,
    /// What is asked and answered, turn by turn.
    pub turns: Vec<Turn>,
    /// The `session_id`; work that is not a conversation has none.
    pub session_id: Option<String>,
    /// Who asks.
    pub user_id: String,
    /// Where it runs.
    pub region: &'static str,
    /// Whether it runs on the next version.
    pub beta: bool,
}

/// A question and its answer.
#[derive(Debug)]
pub struct Turn {
    /// What it is about.
    pub topic: &'static Topic,
    /// The question's template.
    pub ask: &'static str,
    /// The answer's template.
    pub answer: &'static Answer,
}

/// The runs of all conversations with `agent`, the `index`th, that begin in `minute`.
pub fn runs(seed: u64, index: u64, agent: &'static Agent, minute: Minute) -> Vec<Run> {
    let mut random = Random::of(&[seed, index, minute.0.cast_unsigned()]);
    let count = random.poisson(agent.data.conversations / 1_440.0 * agent.data.rhythm.at(minute));
    (0..count).flat_map(|nth| converse(Random::of(&[random.bits(), nth]), agent, minute)).collect()
}

fn converse(mut random: Random, agent: &'static Agent, minute: Minute) -> Vec<Run> {
    let Some(conversation) = Conversation::draw(&mut random, agent) else { return Vec::new() };
    let conversation = Arc::new(conversation);
    // To the millisecond, as most clients send it.
    let mut start = minute.start() + Duration::from_millis(random.below(60_000));
    let mut runs = Vec::with_capacity(conversation.turns.len());
    for turn in 0..conversation.turns.len() {
        let run = Run::play(&conversation, turn, start, &mut random);
        let pause = PAUSE_MILLIS.0 + random.below(PAUSE_MILLIS.1 - PAUSE_MILLIS.0);
        start = start + Duration::from_millis(run.latency / 1_000 + pause);
        runs.push(run);
    }
    runs
}

impl Conversation {
    /// Draws one; nothing for an agent that lacks models or topics.
    fn draw(random: &mut Random, agent: &'static Agent) -> Option<Self> {
        let model = weighted(&agent.models, random)?;
        let user = random.below(USERS).min(random.below(USERS));
        let region = if user.is_multiple_of(3) { "us-east-1" } else { "eu-west-1" };
        let (least, most) = agent.data.turns;
        let count = least + random.below(most - least + 1);
        let turns = (0..count).map(|nth| Turn::draw(random, agent, nth)).collect::<Option<_>>()?;
        Some(Self {
            agent,
            model,
            words: Words::draw(random),
            turns,
            session_id: (most > 1).then(|| format!("s-{:010x}", random.bits() >> 24)),
            user_id: format!("u-{}", 1_000 + user),
            region,
            beta: random.chance(0.12),
        })
    }
}

impl Turn {
    fn draw(random: &mut Random, agent: &'static Agent, nth: u64) -> Option<Self> {
        // Now and then somebody has a second concern.
        let new_concern = nth == 0 || random.chance(0.2);
        let topic = random.pick(if new_concern { &agent.topics } else { &agent.follow_ups })?;
        Some(Self { topic, ask: random.pick(&topic.asks)?, answer: random.pick(&topic.answers)? })
    }
}

fn weighted(models: &[(&'static Model, f64)], random: &mut Random) -> Option<&'static Model> {
    let mut left = random.between(0.0, models.iter().map(|(_, weight)| weight).sum());
    for &(model, weight) in models {
        left -= weight;
        if left < 0.0 {
            return Some(model);
        }
    }
    models.last().map(|&(model, _)| model)
}

//! Conversations: which user talks to which agent about which topics.

use super::{
    agent::{Agent, Answer, Topic},
    model::Model,
    random::Random,
    words::Words,
};

/// The people who use the agents.
const USERS: u64 = 420;

/// What the runs of a conversation share.
#[derive(Debug)]
pub struct Conversation {
    /// The agent.
    pub agent: &'static Agent,
    /// Its model.
    pub model: &'static Model,
    /// The words for the slots of the templates.
    pub words: Words,
    /// The questions and answers.
    pub turns: Vec<Turn>,
    /// The `session_id`; `None` for work that is not a conversation.
    pub session_id: Option<String>,
    /// The user.
    pub user_id: String,
    /// The region.
    pub region: &'static str,
    /// Whether it runs on the next version.
    pub beta: bool,
}

/// A question and its answer.
#[derive(Debug)]
pub struct Turn {
    /// The topic.
    pub topic: &'static Topic,
    /// The template of the question.
    pub ask: &'static str,
    /// The template of the answer.
    pub answer: &'static Answer,
}

impl Conversation {
    /// Draws a conversation; `None` if the agent has no models or topics.
    pub fn draw(random: &mut Random, agent: &'static Agent) -> Option<Self> {
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
        // Sometimes there is a second topic.
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

//! When conversations begin and their runs start. All runs of a conversation are derived from the minute in which it begins.

use std::{sync::Arc, time::Duration};

use super::{agent::Agent, conversation::Conversation, random::Random, rhythm::Minute, run::Run};

/// The number of minutes within which all runs of a conversation start: five runs of half a minute with pauses, or
/// three of one and a half minutes.
pub const MINUTES: i64 = 30;
/// The milliseconds between an answer and the next question.
const PAUSE_MILLIS: (u64, u64) = (8_000, 180_000);

/// Returns the runs of all conversations with `agent`, which has this index, that begin in `minute`.
pub fn runs(seed: u64, index: u64, agent: &'static Agent, minute: Minute) -> Vec<Run> {
    let mut random = Random::of(&[seed, index, minute.0.cast_unsigned()]);
    let count = random.poisson(agent.data.conversations / 1_440.0 * agent.data.rhythm.at(minute));
    (0..count).flat_map(|nth| converse(Random::of(&[random.bits(), nth]), agent, minute)).collect()
}

fn converse(mut random: Random, agent: &'static Agent, minute: Minute) -> Vec<Run> {
    let Some(conversation) = Conversation::draw(&mut random, agent) else { return Vec::new() };
    let conversation = Arc::new(conversation);
    // Starts are rounded to milliseconds, as most clients do.
    let mut start = minute.start() + Duration::from_millis(random.below(60_000));
    let mut runs = Vec::with_capacity(conversation.turns.len());
    for turn in 0..conversation.turns.len() {
        let run = Run::execute(&conversation, turn, start, &mut random);
        let pause = PAUSE_MILLIS.0 + random.below(PAUSE_MILLIS.1 - PAUSE_MILLIS.0);
        start = start + Duration::from_millis(run.latency / 1_000 + pause);
        runs.push(run);
    }
    runs
}

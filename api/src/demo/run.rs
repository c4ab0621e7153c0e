//! The numbers of a run without texts: its steps, latencies, costs and status. Charts and alerts depend only on
//! these.

use std::sync::Arc;

use shared::{Timestamp, trace::TraceStatus};

use super::{agent::Step, conversation::Conversation, incident, random::Random, rhythm::Minute};

/// The median number of tokens of a tool decision.
const DECISION_TOKENS: f64 = 28.0;
/// The share of runs with a quality score.
const SCORED_SHARE: f64 = 0.7;

/// A run. Times are in microseconds, money in nano-dollars.
#[derive(Debug)]
pub struct Run {
    /// The trace id: 128 random bits.
    pub id: u128,
    /// The conversation.
    pub conversation: Arc<Conversation>,
    /// The index of its turn.
    pub turn: usize,
    /// The start.
    pub start: Timestamp,
    /// The latency.
    pub latency: u64,
    /// The status.
    pub status: TraceStatus,
    /// The error.
    pub error: Option<String>,
    /// Input tokens of all calls.
    pub tokens_input: u64,
    /// Output tokens of all calls.
    pub tokens_output: u64,
    /// The cost of all calls.
    pub cost: u64,
    /// The quality score.
    pub quality: Option<f64>,
    /// The executed steps.
    pub steps: Vec<ExecutedStep>,
}

/// An executed step.
#[derive(Debug)]
pub struct ExecutedStep {
    /// The step.
    pub step: Step,
    /// The start relative to the run.
    pub offset: u64,
    /// The latency.
    pub latency: u64,
    /// The status.
    pub status: TraceStatus,
    /// The error.
    pub error: Option<String>,
    /// Input and output tokens of a successful model call.
    pub tokens: Option<(u64, u64)>,
    /// The cost of that call.
    pub cost: u64,
}

impl Run {
    /// Executes one turn of a conversation at `start`.
    pub fn execute(
        conversation: &Arc<Conversation>,
        turn: usize,
        start: Timestamp,
        random: &mut Random,
    ) -> Self {
        let (agent, model) = (conversation.agent, conversation.model);
        let steps = conversation.turns.get(turn).map_or(&[][..], |turn| turn.topic.steps.as_slice());
        let incident = incident::of(&model.provider, Minute::of(start));
        let (failures, slowdown) =
            incident.map_or((agent.data.failures, 1.0), |now| (now.failures, now.slowdown));
        let end = if random.chance(failures) {
            incident::failure_status(slowdown, random)
        } else {
            TraceStatus::Success
        };
        let broken = broken_step(steps, end, incident.is_some(), random);
        let limit = agent.data.limit_seconds * 1_000_000;
        let id = u128::from(random.bits()) << 64 | u128::from(random.bits());
        let mut run = Self {
            id,
            turn,
            start,
            latency: micros(random.between(2.0, 12.0)),
            status: TraceStatus::Success,
            error: None,
            tokens_input: 0,
            tokens_output: 0,
            cost: 0,
            quality: None,
            steps: Vec::with_capacity(steps.len()),
            conversation: Arc::clone(conversation),
        };
        for (index, &step) in steps.iter().enumerate() {
            let mut executed = time(step, conversation, run.turn, run.steps.len(), slowdown, random);
            executed.offset = run.latency;
            if broken == Some(index) {
                fail(&mut executed, conversation, end, incident, random);
            }
            if executed.offset + executed.latency >= limit {
                time_out(&mut executed, limit, agent.data.limit_seconds);
            }
            run.add_step(executed);
            if run.status != TraceStatus::Success {
                break;
            }
            run.latency += micros(random.between(0.5, 4.0));
        }
        run.quality = quality(&run, slowdown, random);
        run
    }

    fn add_step(&mut self, executed: ExecutedStep) {
        self.latency = executed.offset + executed.latency;
        self.status = executed.status;
        self.error.clone_from(&executed.error);
        let (tokens_input, tokens_output) = executed.tokens.unwrap_or_default();
        self.tokens_input += tokens_input;
        self.tokens_output += tokens_output;
        self.cost += executed.cost;
        self.steps.push(executed);
    }
}

/// Chooses the failing step: a model call for failures of the provider or timeouts, otherwise sometimes a tool.
fn broken_step(
    steps: &[Step],
    end: TraceStatus,
    providers_fault: bool,
    random: &mut Random,
) -> Option<usize> {
    let of_kind = |wanted: fn(&Step) -> bool| -> Vec<usize> {
        steps.iter().enumerate().filter(|(_, step)| wanted(step)).map(|(index, _)| index).collect()
    };
    let models = of_kind(|step| matches!(step, Step::Decide | Step::Answer));
    let tools = of_kind(|step| matches!(step, Step::Call(_)));
    match end {
        TraceStatus::Success => None,
        TraceStatus::Timeout => models.last().copied(),
        TraceStatus::Error if !providers_fault && !tools.is_empty() && random.chance(0.4) => {
            random.pick(&tools).copied()
        }
        TraceStatus::Error => random.pick(&models).copied(),
    }
}

/// Draws the latency, tokens and cost of a successful step.
fn time(
    step: Step,
    of: &Conversation,
    turn: usize,
    nth: usize,
    slowdown: f64,
    random: &mut Random,
) -> ExecutedStep {
    let mut executed = ExecutedStep {
        step,
        offset: 0,
        latency: 0,
        status: TraceStatus::Success,
        error: None,
        tokens: None,
        cost: 0,
    };
    let millis = match step {
        Step::Guardrail(_) => random.log_normal(22.0, 0.3),
        Step::Search(search) => random.log_normal(search.millis, 0.35),
        Step::Call(tool) => random.log_normal(tool.millis, 0.4),
        Step::Decide | Step::Answer => {
            // The prompt includes earlier turns and results.
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let longer = 1.0 + 0.15 * turn as f64 + 0.06 * nth as f64;
            let tokens_input = whole(random.log_normal(of.agent.data.tokens_input * longer, 0.3));
            let out =
                if matches!(step, Step::Decide) { DECISION_TOKENS } else { of.agent.data.tokens_output };
            let tokens_output = whole(random.log_normal(out, 0.35)).max(1);
            executed.tokens = Some((tokens_input, tokens_output));
            executed.cost = of.model.cost(tokens_input, tokens_output);
            of.model.latency(tokens_output, random) * slowdown
        }
    };
    executed.latency = micros(millis);
    executed
}

fn fail(
    executed: &mut ExecutedStep,
    of: &Conversation,
    end: TraceStatus,
    incident: Option<&incident::Incident>,
    random: &mut Random,
) {
    executed.tokens = None;
    executed.cost = 0;
    if end == TraceStatus::Timeout {
        executed.latency = u64::from(u32::MAX);
        return;
    }
    executed.status = TraceStatus::Error;
    executed.error = Some(match (executed.step, incident) {
        (Step::Call(tool), _) => of.words.fill(&tool.failure),
        (_, Some(incident)) => incident.error(random),
        (_, None) => incident::everyday_error(random),
    });
}

/// Cuts a run at its timeout, in the middle of this step.
fn time_out(executed: &mut ExecutedStep, limit: u64, seconds: u64) {
    executed.latency = limit.saturating_sub(executed.offset);
    executed.tokens = None;
    executed.cost = 0;
    executed.status = TraceStatus::Timeout;
    let what = match executed.step {
        Step::Guardrail(name) => name,
        Step::Search(search) => search.name.as_str(),
        Step::Call(tool) => tool.name.as_str(),
        Step::Decide | Step::Answer => "the model's answer",
    };
    executed.error = Some(format!("Timed out after {seconds} s waiting for {what}"));
}

fn quality(run: &Run, slowdown: f64, random: &mut Random) -> Option<f64> {
    if !random.chance(SCORED_SHARE) {
        return None;
    }
    let mean = run.conversation.agent.data.quality + run.conversation.model.quality - (slowdown - 1.0) * 4.0;
    let share = match run.status {
        TraceStatus::Success => 1.0,
        TraceStatus::Error => 0.3,
        TraceStatus::Timeout => 0.15,
    };
    let score = (random.normal(mean, 8.0) * share).clamp(0.0, 100.0);
    Some((score * 10.0).round() / 10.0)
}

fn micros(millis: f64) -> u64 {
    whole(millis * 1_000.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and minus counts as 0")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

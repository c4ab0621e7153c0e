//! Computes the totals that a dashboard must show after the recordings were sent. They are computed from the recordings by the
//! rule in `rule.rs`, not from the traces, so that errors in the conversion are visible as differences.

use std::collections::BTreeSet;

use serde::Serialize;

use super::rule::{CALL_MS, INPUT_PRICE, Message, OUTPUT_PRICE, Recording, TOOL_MS};

/// The totals of all runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expected {
    /// Number of runs.
    pub traces: u64,
    /// Number of sessions, one per task.
    pub sessions: u64,
    /// Number of model calls.
    pub llm_spans: u64,
    /// Number of tool calls.
    pub tool_spans: u64,
    /// Input tokens of all model calls.
    pub tokens_input: u64,
    /// Output tokens of all model calls.
    pub tokens_output: u64,
    /// Cost of all model calls in nano-dollars.
    pub cost_nano_usd: u64,
    /// Sum of the latencies of all runs in milliseconds.
    pub latency_sum_ms: u64,
    /// Number of runs that ended in an error.
    pub errors: u64,
    /// Mean quality score, 0 to 100.
    pub avg_quality_score: f64,
    /// Mean latency in milliseconds.
    pub avg_latency_ms: f64,
    /// Percentage of runs that ended in an error.
    pub error_rate: f64,
}

/// Computes the totals of `recordings`.
pub fn expected(recordings: &[Recording]) -> Expected {
    let mut all = Expected { traces: recordings.len() as u64, ..Expected::default() };
    let tasks: BTreeSet<u32> = recordings.iter().map(|recording| recording.task_id).collect();
    all.sessions = tasks.len() as u64;
    for recording in recordings {
        let messages = &recording.traj;
        let tokens: Vec<u64> = messages.iter().map(Message::tokens).collect();
        for (index, message) in messages.iter().enumerate() {
            if message.role == "assistant" {
                all.llm_spans += 1;
                all.tokens_input += tokens[..index].iter().sum::<u64>();
                all.tokens_output += tokens[index];
                all.latency_sum_ms += CALL_MS.0 + CALL_MS.1 * tokens[index];
            } else if message.role == "tool" {
                all.tool_spans += 1;
                all.latency_sum_ms += TOOL_MS.0 + TOOL_MS.1 * tokens[index];
            }
        }
        let replies: Vec<bool> =
            messages.iter().filter(|message| message.role == "tool").map(Message::is_failure).collect();
        all.errors += u64::from(replies.last() == Some(&true));
        all.avg_quality_score += recording.reward * 100.0;
    }
    let count = all.traces.max(1) as f64;
    all.cost_nano_usd = all.tokens_input * INPUT_PRICE + all.tokens_output * OUTPUT_PRICE;
    all.avg_quality_score /= count;
    all.avg_latency_ms = all.latency_sum_ms as f64 / count;
    all.error_rate = 100.0 * all.errors as f64 / count;
    all
}

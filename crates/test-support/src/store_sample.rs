//! Random traces with times at boundaries: the start of minutes, hours and days, a microsecond before and after, and the
//! times of other traces.

use std::ops::RangeInclusive;

use domain::trace::record::{Assembly, NewTrace};
use proptest::{option, prelude::*, sample::Index};
use shared::{Timestamp, time_range::Window, trace::TraceStatus};
use store::trace::TraceStore;
use uuid::Uuid;

pub const MINUTE: i64 = 60_000_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// 2025-03-10T00:00:00Z, the first day of samples, in microseconds.
pub const START: i64 = 1_741_564_800_000_000;
/// The number of days that samples span.
pub const DAYS: i64 = 5;

pub const AGENTS: [&str; 3] = ["support-bot", "Übersetzer ' -- %_", "z"];
pub const MODELS: [&str; 3] = ["gpt-4o", "claude-sonnet-4", "o3"];

pub const SESSIONS: [&str; 3] = ["s-17", "a/b?c ü", "S-17"];
pub const USERS: [&str; 3] = ["u-9", "Ünal ' -- %_", "u"];

/// Returns a plain trace.
pub fn plain(workspace_id: Uuid, trace_id: impl Into<String>, timestamp: i64) -> NewTrace {
    NewTrace {
        workspace_id,
        trace_id: trace_id.into(),
        agent_id: AGENTS[0].to_owned(),
        timestamp: Timestamp::from_micros(timestamp),
        latency: 1_234_567,
        status: TraceStatus::Success,
        model: Some(MODELS[0].to_owned()),
        tokens_total: Some(10),
        cost: Some(2_990_000),
        payload: "{}".to_owned(),
        ..NewTrace::default()
    }
}

/// Times in the sampled days, often at a boundary or one microsecond from it.
pub fn moment() -> impl Strategy<Value = i64> {
    let edge =
        |unit: i64| (0..=DAYS * DAY / unit, -1_i64..=1).prop_map(move |(n, off)| START + n * unit + off);
    prop_oneof![
        3 => START..START + DAYS * DAY,
        2 => START + DAY + 11 * HOUR..START + DAY + 11 * HOUR + 3 * MINUTE,
        1 => edge(MINUTE),
        2 => edge(HOUR),
        2 => edge(DAY),
    ]
}

/// Any trace. [`named`] assigns its workspace and id.
pub fn trace() -> impl Strategy<Value = NewTrace> {
    let status = prop_oneof![6 => Just(TraceStatus::Success), 2 => Just(TraceStatus::Error), 1 => Just(TraceStatus::Timeout)];
    let latency = prop_oneof![1 => Just(0_i64), 6 => 1_i64..20_000_000, 1 => 0_i64..=2_592_000_000_000];
    let tokens = option::of(0_i64..1_000_000);
    let cost = option::of(prop_oneof![5 => 0_i64..50_000_000, 1 => 0_i64..=10_000_000_000_000]);
    let quality = option::of(0_i64..=100_000_000);
    let agent = prop::sample::select(AGENTS.to_vec());
    let model = option::of(prop::sample::select(MODELS.to_vec()));
    let name = |names: [&'static str; 3]| option::of(prop::sample::select(names.to_vec()));
    let (session, user) = (name(SESSIONS), name(USERS));
    let assembly =
        prop::sample::select(vec![Assembly::Sent, Assembly::Sent, Assembly::Complete, Assembly::Incomplete]);
    let extras = (option::of("[a-zé]{1,6}"), assembly, prop_oneof![3 => Just(0_i64), 1 => 1_i64..5]);
    (moment(), status, latency, tokens, cost, quality, agent, model, session, user, extras).prop_map(
        |(timestamp, status, latency, tokens_total, cost, quality, agent, model, session, user, extras)| {
            NewTrace {
                name: extras.0,
                assembly: extras.1,
                unpriced: extras.2,
                latency,
                status,
                tokens_total,
                cost,
                quality,
                agent_id: agent.to_owned(),
                model: model.map(str::to_owned),
                session_id: session.map(str::to_owned),
                user_id: user.map(str::to_owned),
                ..plain(Uuid::nil(), "", timestamp)
            }
        },
    )
}

/// Random traces of one workspace.
pub fn traces(count: RangeInclusive<usize>) -> impl Strategy<Value = Vec<NewTrace>> {
    prop::collection::vec(trace(), count)
}

/// Assigns a workspace to the traces, and the ids `t0`, `t1` and so on.
pub fn named(mut traces: Vec<NewTrace>, workspace_id: Uuid) -> Vec<NewTrace> {
    for (number, trace) in traces.iter_mut().enumerate() {
        trace.workspace_id = workspace_id;
        trace.trace_id = format!("t{number}");
    }
    traces
}

/// One end of a window: any time, or the time of a trace with an offset of at most a microsecond.
#[derive(Clone, Debug)]
pub enum Bound {
    Time(i64),
    Trace(Index, i64),
}

impl Bound {
    fn resolve(&self, traces: &[NewTrace]) -> i64 {
        match self {
            Self::Time(micros) => *micros,
            Self::Trace(index, off) if !traces.is_empty() => index.get(traces).timestamp.as_micros() + off,
            Self::Trace(..) => START,
        }
    }
}

fn bound() -> impl Strategy<Value = Bound> {
    prop_oneof![
        moment().prop_map(Bound::Time),
        (any::<Index>(), -1_i64..=1).prop_map(|(index, off)| Bound::Trace(index, off)),
    ]
}

/// A window in the sampled days, resolved with the traces.
#[derive(Clone, Debug)]
pub enum Cut {
    /// The window between two bounds.
    Between(Bound, Bound),
    /// The given number of microseconds before a bound, as in `1h`, `24h`, `7d` and `30d`.
    Before(Bound, i64),
    /// The given number of microseconds from a bound.
    From(Bound, i64),
}

impl Cut {
    /// Returns the window, which is never empty.
    pub fn window(&self, traces: &[NewTrace]) -> Window {
        let (start, end) = match self {
            Self::Between(a, b) => {
                let (a, b) = (a.resolve(traces), b.resolve(traces));
                (a.min(b), a.max(b).max(a.min(b) + 1))
            }
            Self::Before(end, length) => (end.resolve(traces) - length, end.resolve(traces)),
            Self::From(start, length) => (start.resolve(traces), start.resolve(traces) + length),
        };
        window(start, end)
    }
}

pub fn cut() -> impl Strategy<Value = Cut> {
    let length =
        || prop::sample::select(vec![1, MINUTE, MINUTE + 1, HOUR - 1, HOUR, DAY, DAY + 1, 7 * DAY, 30 * DAY]);
    prop_oneof![
        3 => (bound(), bound()).prop_map(|(a, b)| Cut::Between(a, b)),
        2 => (bound(), length()).prop_map(|(end, length)| Cut::Before(end, length)),
        1 => (bound(), length()).prop_map(|(start, length)| Cut::From(start, length)),
    ]
}

pub fn window(start: i64, end: i64) -> Window {
    Window { start: Timestamp::from_micros(start), end: Timestamp::from_micros(end) }
}

/// Returns a window that contains all samples.
pub fn always() -> Window {
    window(START - 40 * DAY, START + 40 * DAY)
}

/// Writes traces in batches of `batch` and returns the number of new ones.
pub async fn write(store: &TraceStore, traces: &[NewTrace], batch: usize) -> usize {
    let mut new = 0;
    for batch in traces.chunks(batch.max(1)) {
        new += store.write(&batch.iter().collect::<Vec<_>>()).await.unwrap().new;
    }
    new
}

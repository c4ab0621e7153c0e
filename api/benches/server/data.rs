//! Deterministic traces with 500 bytes of words as input and as output.

use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use shared::Timestamp;

const WORDS: [&str; 64] = [
    "the",
    "refund",
    "order",
    "was",
    "shipped",
    "on",
    "monday",
    "and",
    "customer",
    "asked",
    "for",
    "an",
    "invoice",
    "with",
    "tax",
    "please",
    "check",
    "status",
    "of",
    "flight",
    "booking",
    "number",
    "before",
    "departure",
    "we",
    "found",
    "three",
    "matching",
    "documents",
    "in",
    "knowledge",
    "base",
    "summary",
    "follows",
    "agent",
    "called",
    "search",
    "tool",
    "returned",
    "error",
    "retry",
    "after",
    "seconds",
    "price",
    "changed",
    "since",
    "yesterday",
    "account",
    "email",
    "updated",
    "successfully",
    "thanks",
    "patience",
    "region",
    "europe",
    "server",
    "latency",
    "query",
    "planner",
    "index",
    "table",
    "column",
    "value",
    "result",
];
pub(crate) const AGENTS: [&str; 8] = [
    "support-bot-v2",
    "research-assistant",
    "code-reviewer",
    "sql-analyst",
    "invoice-extractor",
    "onboarding-guide",
    "triage-agent",
    "travel-planner",
];
const MODELS: [(&str, &str); 5] = [
    ("gpt-4o", "openai"),
    ("gpt-4o-mini", "openai"),
    ("claude-sonnet-4-5", "anthropic"),
    ("claude-haiku-4-5", "anthropic"),
    ("gemini-2.5-flash", "google"),
];
/// Size of an input and of an output in bytes.
const TEXT_BYTES: usize = 500;

/// A deterministic random number generator (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from[index]
    }

    fn text(&mut self) -> String {
        let mut text = String::with_capacity(TEXT_BYTES + 16);
        while text.len() < TEXT_BYTES {
            text.push_str(self.pick(&WORDS));
            text.push(' ');
        }
        text.truncate(TEXT_BYTES);
        text
    }
}

/// The fields of a trace.
pub(crate) struct Row {
    pub(crate) trace_id: String,
    pub(crate) agent: &'static str,
    pub(crate) model: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) timestamp: Timestamp,
    /// In microseconds.
    pub(crate) latency: i64,
    pub(crate) status: &'static str,
    pub(crate) tokens_input: i64,
    pub(crate) tokens_output: i64,
    /// In nano-dollars.
    pub(crate) cost: i64,
    /// From 0 to 100.
    pub(crate) quality: i64,
    pub(crate) input: String,
    pub(crate) output: String,
}

/// Generates trace `number`, which starts at `timestamp`.
pub(crate) fn row(number: u64, timestamp: Timestamp) -> Row {
    let mut numbers = Numbers(number);
    let (model, provider) = numbers.pick(&MODELS);
    let signed = |number: u64| i64::try_from(number).unwrap_or(0);
    Row {
        // Random like a UUID, so that the index is not written in order.
        trace_id: format!("{:016x}{:016x}", numbers.next(), numbers.next()),
        agent: numbers.pick(&AGENTS),
        model,
        provider,
        timestamp,
        latency: signed(200_000 + numbers.below(3_000_000)),
        status: match numbers.below(100) {
            0..=2 => "error",
            3 => "timeout",
            _ => "success",
        },
        tokens_input: signed(100 + numbers.below(2000)),
        tokens_output: signed(20 + numbers.below(500)),
        cost: signed(100_000 + numbers.below(20_000_000)),
        quality: signed(50 + numbers.below(51)),
        input: numbers.text(),
        output: numbers.text(),
    }
}

/// Generates the request body of a batch: `count` traces from `first` on, with the starts that `timestamp` returns.
pub(crate) fn batch(first: u64, count: u64, timestamp: impl Fn(u64) -> Timestamp) -> String {
    let mut body = String::with_capacity(1500 * usize::try_from(count).unwrap_or(0));
    body.push_str("{\"traces\":[");
    for number in first..first + count {
        let row = row(number, timestamp(number));
        if number > first {
            body.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(
            body,
            "{{\"trace_id\":\"{}\",\"agent_id\":\"{}\",\"timestamp\":\"{}\",\"latency_ms\":{}.{:03},\"status\":\"{}\",\
             \"model\":\"{}\",\"model_provider\":\"{}\",\"tokens_input\":{},\"tokens_output\":{},\"cost_usd\":0.{:09},\
             \"quality_score\":{},\"session_id\":\"s-{}\",\"user_id\":\"u-{}\",\"input\":\"{}\",\"output\":\"{}\"}}",
            row.trace_id,
            row.agent,
            row.timestamp,
            row.latency / 1000,
            row.latency % 1000,
            row.status,
            row.model,
            row.provider,
            row.tokens_input,
            row.tokens_output,
            row.cost,
            row.quality,
            number / 5,
            number % 997,
            row.input,
            row.output,
        );
    }
    body.push_str("]}");
    body
}

/// Creates a directory with a static page of the size of the KPI response.
pub(crate) fn constant_page(directory: &Path) -> io::Result<PathBuf> {
    let web = directory.join("web");
    fs::create_dir_all(&web)?;
    fs::write(web.join("constant.json"), format!("{{\"constant\":\"{}\"}}", "x".repeat(440)))?;
    Ok(web)
}

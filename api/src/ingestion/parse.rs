//! A trace as JSON becomes a trace to be written: every field checked, everything wrong named.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::{
    Timestamp,
    error::FieldError,
    limit,
    span::SpanKind,
    trace::{ScoreRequest, TraceStatus},
};
use uuid::Uuid;

use super::json::{self, Members, Text};
use crate::store::trace::record::{
    MICROS_PER_MILLI, MICROS_PER_POINT, NANOS_PER_DOLLAR, NewScore, NewSpan, NewTrace,
};

/// 30 days: nothing that runs longer is one request, and a bucket takes millions of these before its sum is full.
const LATENCY_MAX_MS: f64 = 30.0 * 86_400_000.0;
/// Dollars of one trace at most, for the same reason.
const COST_MAX_USD: f64 = 10_000.0;
/// Tokens of one trace at most, for the same reason.
const TOKENS_MAX: u64 = 1_000_000_000;
/// 2000-01-01T00:00:00Z: what is older is a unit mixed up.
const OLDEST: Timestamp = Timestamp::from_millis(946_684_800_000);
/// How far a sender's clock may be ahead.
const AHEAD: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What a trace is read for.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Whose traces these will be.
    pub workspace_id: Uuid,
    /// The time of arrival.
    pub now: Timestamp,
}

/// Reads one trace.
///
/// # Errors
/// Every field that is wrong.
pub fn trace(raw: &RawValue, arrival: Arrival) -> Result<NewTrace, Vec<FieldError>> {
    if raw.get().len() > limit::TRACE_BYTES {
        return Err(vec![FieldError::new("trace", format!("is larger than {} bytes", limit::TRACE_BYTES))]);
    }
    let Members(members) = serde_json::from_str(raw.get())
        .map_err(|_| vec![FieldError::new("trace", "must be a JSON object")])?;
    let mut read = Reader { arrival, prefix: String::new(), errors: Vec::new() };
    let mut payload = Payload::new("metadata");
    let (mut trace_id, mut agent_id, mut timestamp, mut latency, mut status) = (None, None, None, None, None);
    let (mut model, mut model_provider, mut session_id, mut user_id) = (None, None, None, None);
    let (mut tokens_input, mut tokens_output, mut tokens_total) = (None, None, None);
    let (mut cost, mut quality, mut tags, mut error) = (None, None, None, None);
    let mut spans = Vec::new();
    for (key, raw) in &members {
        match &**key {
            "trace_id" => trace_id = read.name("trace_id", raw),
            "agent_id" => agent_id = read.name("agent_id", raw),
            "timestamp" => timestamp = read.timestamp("timestamp", raw),
            "latency_ms" => latency = read.latency("latency_ms", raw),
            "status" => status = read.status("status", raw),
            "model" => model = read.name("model", raw),
            "model_provider" => model_provider = read.name("model_provider", raw),
            "tokens_input" => tokens_input = read.tokens("tokens_input", raw),
            "tokens_output" => tokens_output = read.tokens("tokens_output", raw),
            "tokens_total" => tokens_total = read.tokens("tokens_total", raw),
            "cost_usd" => cost = read.cost("cost_usd", raw),
            "quality_score" => quality = read.score("quality_score", raw),
            "session_id" => session_id = read.name("session_id", raw),
            "user_id" => user_id = read.name("user_id", raw),
            "tags" => tags = read.tags(raw),
            "error" => error = read.message("error", raw),
            "spans" => spans = read.spans(raw),
            "workspace_id" => read.own_workspace(raw),
            _ => read.payload(&mut payload, key, raw),
        }
    }
    read.require("agent_id", agent_id.is_some());
    read.require("latency_ms", latency.is_some());
    read.require("status", status.is_some());
    let (Some(agent_id), Some(latency), Some(status), []) =
        (agent_id, latency, status, read.errors.as_slice())
    else {
        return Err(read.errors);
    };
    let sum_of_both = || Some(tokens_input.unwrap_or(0) + tokens_output.unwrap_or(0));
    let any_tokens = tokens_input.is_some() || tokens_output.is_some();
    Ok(NewTrace {
        workspace_id: arrival.workspace_id,
        trace_id: trace_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        agent_id,
        timestamp: timestamp.unwrap_or(arrival.now),
        latency,
        status,
        model,
        model_provider,
        tokens_input,
        tokens_output,
        tokens_total: tokens_total.or_else(|| any_tokens.then(sum_of_both).flatten()),
        cost,
        quality,
        session_id,
        user_id,
        tags,
        error,
        payload: payload.into_line(),
        spans,
    })
}

/// Checks a score.
///
/// # Errors
/// Every field that is wrong.
pub fn score(trace_id: &str, request: ScoreRequest, arrival: Arrival) -> Result<NewScore, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut check = |field: &str, result: Result<(), String>| {
        errors.extend(result.err().map(|detail| FieldError::new(field, detail)));
    };
    check("trace_id", check_name(trace_id));
    let name = request.name.unwrap_or_else(|| shared::trace::DEFAULT_SCORE_NAME.to_owned());
    check("name", check_name(&name));
    check("comment", check_message(request.comment.as_deref().unwrap_or_default()));
    let score = scaled(request.score, MICROS_PER_POINT, 100.0);
    check("score", score.as_ref().map(|_| ()).map_err(Clone::clone));
    let (Ok(score), true) = (score, errors.is_empty()) else { return Err(errors) };
    let (workspace_id, timestamp) = (arrival.workspace_id, arrival.now);
    Ok(NewScore {
        workspace_id,
        trace_id: trace_id.to_owned(),
        name,
        score,
        comment: request.comment,
        timestamp,
    })
}

/// Reads fields and gathers what is wrong with them.
struct Reader {
    arrival: Arrival,
    prefix: String,
    errors: Vec<FieldError>,
}

impl Reader {
    fn fail(&mut self, field: &str, detail: impl Into<String>) {
        let path = format!("{}{field}", self.prefix);
        self.errors.push(FieldError::new(path.trim_end_matches('.'), detail));
    }

    fn require(&mut self, field: &str, present: bool) {
        let path = format!("{}{field}", self.prefix);
        if !present && !self.errors.iter().any(|error| error.field == path) {
            self.fail(field, "is required");
        }
    }

    /// A value of type `T`, `None` for null, an error for anything else.
    fn value<'a, T: Deserialize<'a>>(&mut self, field: &str, raw: &'a RawValue, expected: &str) -> Option<T> {
        match serde_json::from_str::<Option<T>>(raw.get()) {
            Ok(value) => value,
            Err(_) => {
                self.fail(field, format!("must be {expected}"));
                None
            }
        }
    }

    /// Takes a checked value, or notes what is wrong.
    fn checked<T>(&mut self, field: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|detail| self.fail(field, detail)).ok()
    }

    fn name(&mut self, field: &str, raw: &RawValue) -> Option<String> {
        let Text(text) = self.value(field, raw, "a string")?;
        self.checked(field, check_name(&text))?;
        Some(text.into_owned())
    }

    fn message(&mut self, field: &str, raw: &RawValue) -> Option<String> {
        let Text(text) = self.value(field, raw, "a string")?;
        self.checked(field, check_message(&text))?;
        Some(text.into_owned())
    }

    fn timestamp(&mut self, field: &str, raw: &RawValue) -> Option<Timestamp> {
        let timestamp: Timestamp =
            self.value(field, raw, "a time in RFC 3339, like 2025-10-22T10:35:22.120Z")?;
        if timestamp < OLDEST {
            self.fail(field, "lies before the year 2000");
            return None;
        }
        if timestamp > self.arrival.now + AHEAD {
            self.fail(field, "lies more than a day in the future");
            return None;
        }
        Some(timestamp)
    }

    fn number(&mut self, field: &str, raw: &RawValue, scale: f64, max: f64) -> Option<i64> {
        let number: f64 = self.value(field, raw, "a number")?;
        self.checked(field, scaled(number, scale, max))
    }

    fn latency(&mut self, field: &str, raw: &RawValue) -> Option<i64> {
        self.number(field, raw, MICROS_PER_MILLI, LATENCY_MAX_MS)
    }

    fn cost(&mut self, field: &str, raw: &RawValue) -> Option<i64> {
        self.number(field, raw, NANOS_PER_DOLLAR, COST_MAX_USD)
    }

    fn score(&mut self, field: &str, raw: &RawValue) -> Option<i64> {
        self.number(field, raw, MICROS_PER_POINT, 100.0)
    }

    fn tokens(&mut self, field: &str, raw: &RawValue) -> Option<i64> {
        let tokens: u64 = self.value(field, raw, "a whole number, 0 or more")?;
        if tokens > TOKENS_MAX {
            self.fail(field, format!("must be at most {TOKENS_MAX}"));
            return None;
        }
        i64::try_from(tokens).ok()
    }

    fn status(&mut self, field: &str, raw: &RawValue) -> Option<TraceStatus> {
        self.value(field, raw, "success, error or timeout")
    }

    fn kind(&mut self, field: &str, raw: &RawValue) -> Option<SpanKind> {
        let kinds = SpanKind::ALL.map(SpanKind::as_str).join(", ");
        self.value(field, raw, &format!("one of {kinds}"))
    }

    /// Tags as the JSON array that is stored; nothing for an empty one.
    fn tags(&mut self, raw: &RawValue) -> Option<String> {
        let tags: Vec<String> = self.value("tags", raw, "an array of strings")?;
        if tags.len() > limit::TRACE_TAGS {
            self.fail("tags", format!("must be at most {}", limit::TRACE_TAGS));
            return None;
        }
        for (index, tag) in tags.iter().enumerate() {
            self.checked(&format!("tags[{index}]"), check_name(tag));
        }
        if tags.is_empty() { None } else { serde_json::to_string(&tags).ok() }
    }

    fn own_workspace(&mut self, raw: &RawValue) {
        let named: Option<Uuid> = self.value("workspace_id", raw, "this workspace's id, or absent");
        if named.is_some_and(|named| named != self.arrival.workspace_id) {
            self.fail("workspace_id", "is another workspace's: leave it out, the credentials say it");
        }
    }

    fn payload<'a>(&mut self, payload: &mut Payload<'a>, key: &str, raw: &'a RawValue) {
        if let Err(detail) = json::check(raw) {
            return self.fail(key, detail);
        }
        if let Err(detail) = payload.add(key, raw) {
            self.fail(key, detail);
        }
    }

    fn spans(&mut self, raw: &RawValue) -> Vec<NewSpan> {
        let raws: Vec<&RawValue> = self.value("spans", raw, "an array of objects").unwrap_or_default();
        if raws.len() > limit::TRACE_SPANS {
            self.fail("spans", format!("must be at most {}", limit::TRACE_SPANS));
            return Vec::new();
        }
        let mut spans: Vec<NewSpan> = Vec::with_capacity(raws.len());
        for (index, raw) in raws.into_iter().enumerate() {
            self.prefix = format!("spans[{index}].");
            spans.extend(self.span(raw));
        }
        self.prefix.clear();
        let mut seen = HashSet::with_capacity(spans.len());
        if let Some(twice) = spans.iter().find(|span| !seen.insert(span.span_id.as_str())) {
            let detail = format!("the span_id {:?} is there twice", twice.span_id);
            self.fail("spans", detail);
        }
        spans
    }

    fn span(&mut self, raw: &RawValue) -> Option<NewSpan> {
        if raw.get() == "null" {
            // An absent value in all other places; here it would be a step that is lost.
            self.fail("", "must be an object");
        }
        let Members(members) = self.value("", raw, "an object")?;
        let mut payload = Payload::new("attributes");
        let (mut span_id, mut parent_span_id, mut name, mut kind) = (None, None, None, None);
        let (mut timestamp, mut latency, mut status, mut model) = (None, None, None, None);
        let (mut tokens_input, mut tokens_output, mut cost, mut error) = (None, None, None, None);
        for (key, raw) in &members {
            match &**key {
                "span_id" => span_id = self.name("span_id", raw),
                "parent_span_id" => parent_span_id = self.name("parent_span_id", raw),
                "name" => name = self.name("name", raw),
                "kind" => kind = self.kind("kind", raw),
                "timestamp" => timestamp = self.timestamp("timestamp", raw),
                "latency_ms" => latency = self.latency("latency_ms", raw),
                "status" => status = self.status("status", raw),
                "model" => model = self.name("model", raw),
                "tokens_input" => tokens_input = self.tokens("tokens_input", raw),
                "tokens_output" => tokens_output = self.tokens("tokens_output", raw),
                "cost_usd" => cost = self.cost("cost_usd", raw),
                "error" => error = self.message("error", raw),
                _ => self.payload(&mut payload, key, raw),
            }
        }
        self.require("span_id", span_id.is_some());
        self.require("name", name.is_some());
        self.require("timestamp", timestamp.is_some());
        self.require("latency_ms", latency.is_some());
        Some(NewSpan {
            span_id: span_id?,
            parent_span_id,
            name: name?,
            kind: kind.unwrap_or_default(),
            timestamp: timestamp?,
            latency: latency?,
            status: status.unwrap_or_default(),
            model,
            tokens_input,
            tokens_output,
            cost,
            error,
            payload: payload.into_line(),
        })
    }
}

/// Gathers input, output and everything that has no column, as one line of JSON.
struct Payload<'a> {
    /// What the object of everything else is called.
    rest_name: &'static str,
    input: Option<&'a RawValue>,
    output: Option<&'a RawValue>,
    rest: serde_json::Map<String, serde_json::Value>,
    /// That object as it was sent, where nothing else joins it.
    rest_sent: Option<&'a RawValue>,
}

impl<'a> Payload<'a> {
    fn new(rest_name: &'static str) -> Self {
        Self { rest_name, input: None, output: None, rest: serde_json::Map::new(), rest_sent: None }
    }

    fn add(&mut self, key: &str, raw: &'a RawValue) -> Result<(), String> {
        let given = Some(raw).filter(|raw| raw.get() != "null");
        // Where a key is there twice the last one counts, as everywhere in JSON.
        if key == "input" {
            self.input = given;
        } else if key == "output" {
            self.output = given;
        } else if key == self.rest_name {
            if given.is_some_and(|raw| !raw.get().starts_with('{')) {
                return Err("must be an object".to_owned());
            }
            self.rest_sent = given;
        } else if given.is_some() {
            let value = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
            self.rest.insert(key.to_owned(), value);
        }
        Ok(())
    }

    fn into_line(mut self) -> String {
        let rest = if self.rest.is_empty() {
            None
        } else {
            // What was sent under the name itself goes before fields of the same name beside it.
            if let Some(Ok(serde_json::Value::Object(sent))) =
                self.rest_sent.map(|raw| serde_json::from_str(raw.get()))
            {
                self.rest.extend(sent);
            }
            serde_json::value::to_raw_value(&self.rest).ok()
        };
        let members = [
            ("input", self.input),
            ("output", self.output),
            (self.rest_name, rest.as_deref().or(self.rest_sent)),
        ];
        let mut line = "{".to_owned();
        for (key, raw) in members {
            let Some(raw) = raw else { continue };
            if line.len() > 1 {
                line.push(',');
            }
            line.push('"');
            line.push_str(key);
            line.push_str("\":");
            json::push_line(&mut line, raw);
        }
        line.push('}');
        line
    }
}

/// An identifier or a name: something, not too long, on one line.
fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        Err("must not be empty".to_owned())
    } else if name.len() > limit::NAME_BYTES {
        Err(format!("must have at most {} bytes", limit::NAME_BYTES))
    } else if name.chars().any(char::is_control) {
        Err("must not contain control characters".to_owned())
    } else {
        Ok(())
    }
}

fn check_message(message: &str) -> Result<(), String> {
    if message.len() > limit::ERROR_BYTES {
        Err(format!("must have at most {} bytes", limit::ERROR_BYTES))
    } else if message.contains('\0') {
        Err("must not contain a NUL character".to_owned())
    } else {
        Ok(())
    }
}

/// A number from 0 to `max` in units of 1/`scale`, rounded.
fn scaled(number: f64, scale: f64, max: f64) -> Result<i64, String> {
    if (0.0..=max).contains(&number) {
        Ok((number * scale).round() as i64)
    } else {
        Err(format!("must be from 0 to {max}"))
    }
}

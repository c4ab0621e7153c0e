//! Compares what a client sent with what the server returns. Reports all differences at once and prints a row of a table
//! (`cargo test -p api --test otlp -- --nocapture`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::script::{Run, SentSpan};
use test_support::server::Member;

/// The comparison of a client's run with what the server stored.
pub struct Report<'a> {
    client: String,
    run: &'a Run,
    traces: BTreeMap<String, Value>,
    listed: Vec<Value>,
    right: usize,
    wrong: Vec<String>,
}

impl<'a> Report<'a> {
    /// Reads everything in the member's workspace, and compares what is the same for every library: each span is stored
    /// once, under its parent, with its name, its status and every attribute as sent.
    pub async fn new(client: &str, run: &'a Run, member: &Member) -> Self {
        let page = member.traces("range=1h&limit=100").await;
        let listed = page["items"].as_array().unwrap().clone();
        let ids: BTreeSet<&str> = run.spans.iter().map(|span| span.trace_id.as_str()).collect();
        let mut traces = BTreeMap::new();
        for id in &ids {
            let response = member.get_fresh(&format!("/api/v1/traces/{id}")).await;
            let trace = if response.status == 200 { response.json() } else { Value::Null };
            traces.insert((*id).to_owned(), trace);
        }
        let mut report = Self { client: client.to_owned(), run, traces, listed, right: 0, wrong: Vec::new() };
        report.same("traces listed", &page["total"], &ids.len().into());
        report.same("spans", &report.found().into(), &run.spans.len().into());
        for sent in &run.spans {
            report.compare_span(sent);
        }
        report
    }

    fn found(&self) -> usize {
        self.traces.values().filter_map(|trace| trace["spans"].as_array()).map(Vec::len).sum()
    }

    fn span(&self, sent: &SentSpan) -> Value {
        let spans = self.traces[&sent.trace_id]["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
        spans.iter().find(|span| span["span_id"] == *sent.span_id).cloned().unwrap_or_default()
    }

    fn compare_span(&mut self, sent: &SentSpan) {
        let found = self.span(sent);
        let at = |what: &str| format!("{} {}: {what}", sent.name, sent.span_id);
        self.same(&at("parent"), &found["parent_span_id"], &sent.parent_span_id.clone().into());
        self.same(&at("name"), &found["name"], &sent.name.clone().into());
        for (name, value) in &sent.attributes {
            self.same(&at(name), &found["attributes"][name], value);
        }
        for (event, at_event) in sent.events.iter().zip(0..) {
            let found = &found["events"][at_event];
            self.same(&at("event"), &found["name"], &event.name.clone().into());
            for (name, value) in &event.attributes {
                self.same(&at(name), &found["attributes"][name], value);
            }
        }
        self.same(&at("scope"), &found["scope"]["name"], &sent.scope.clone().into());
        self.same(&at("service"), &found["resource"]["service.name"], &sent.resource["service.name"]);
        if sent.status == "ERROR" {
            let found_error = found["error"].as_str().unwrap_or_default().to_owned();
            let message = sent.message.clone().unwrap_or_default();
            self.check(found_error.contains(&message), || {
                format!("{}: {found_error:?} does not contain {message:?}", at("error"))
            });
            let status = found["status"].clone();
            self.check(status == "error" || status == "timeout", || format!("{}: {status}", at("status")));
        } else {
            self.same(&at("status"), &found["status"], &"success".into());
        }
    }

    /// Compares the span that the server returned with these values.
    pub fn span_has(&mut self, sent: &SentSpan, expected: &Value) {
        let found = self.span(sent);
        self.compare(&format!("{} {}", sent.name, sent.span_id), &found, expected.as_object().unwrap());
    }

    /// Compares the trace of the span with these values, both in the detail and in the list.
    pub fn trace_has(&mut self, sent: &SentSpan, expected: &Value) {
        let expected = expected.as_object().unwrap();
        let trace = self.traces[&sent.trace_id].clone();
        self.compare("trace", &trace, expected);
        let listed = self.listed.iter().find(|item| item["trace_id"] == *sent.trace_id);
        let listed = listed.cloned().unwrap_or_default();
        // Lists omit payloads.
        let short = expected.iter().filter(|(name, _)| !["input", "output"].contains(&name.as_str()));
        let short: Map<_, _> = short.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.compare("listed trace", &listed, &short);
    }

    /// Checks that the span has the time to its first chunk.
    pub fn has_first_chunk(&mut self, sent: &SentSpan) {
        let found = self.span(sent)["time_to_first_chunk_ms"].clone();
        self.check(found.as_f64().is_some_and(|millis| millis > 0.0), || {
            format!("{}: time_to_first_chunk_ms is {found}", sent.name)
        });
    }

    fn compare(&mut self, at: &str, found: &Value, expected: &Map<String, Value>) {
        for (name, value) in expected {
            self.same(&format!("{at}: {name}"), &found[name], value);
        }
    }

    fn same(&mut self, what: &str, found: &Value, expected: &Value) {
        let same = match (found.as_f64(), expected.as_f64()) {
            // Equal to a billionth of a dollar.
            (Some(found), Some(expected)) => (found - expected).abs() < 5e-10,
            _ => found == expected,
        };
        self.check(same, || format!("{what}: {found}, not {expected}"));
    }

    fn check(&mut self, is_right: bool, what: impl FnOnce() -> String) {
        if is_right {
            self.right += 1;
        } else {
            self.wrong.push(what());
        }
    }

    /// Prints the row of the table; panics if anything differed.
    #[track_caller]
    pub fn finish(self) {
        let fields = self.right + self.wrong.len();
        let (sent, found) = (self.run.spans.len(), self.found());
        println!("| {} | {sent} | {found} | {} of {fields} |", self.client, self.right);
        assert!(self.wrong.is_empty(), "{}:\n{}\n{}", self.client, self.wrong.join("\n"), self.run.errors);
    }
}

//! The report: a part for each way to run the server, each with a table. A part that was not measured stays as it is in
//! the file.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use crate::machine::{self, Memory};

const TITLE: &str = "# Benchmarks";
/// What every part's heading begins with.
const HEADING: &str = "## ";

/// How much is measured, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Traces in the database that is queried.
    pub(crate) traces: u64,
    /// Each measurement of a rate.
    pub(crate) time: Duration,
}

/// One way to run the server.
pub(crate) struct Part {
    title: &'static str,
    about: String,
    rows: Vec<[String; 3]>,
}

impl Part {
    /// `what` says what runs, as in "the release binary on its embedded default".
    pub(crate) fn new(title: &'static str, what: &str, size: Size) -> Self {
        let about = format!(
            "{what}, {} traces over 30 days (500 B of words in, 500 B out, ids as random as UUIDs), server, load generator and \
             client together on {}. Times are of whole HTTP requests. Rates are over {} s. wrk sends the cached requests.",
            size.traces,
            machine::processor(),
            size.time.as_secs(),
        );
        Self { title, about, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, what: impl Into<String>, target: &str, measured: impl Into<String>) {
        let row = [what.into(), target.to_owned(), measured.into()];
        eprintln!("{}: {}", row[0], row[2]);
        self.rows.push(row);
    }

    /// Milliseconds of many answers.
    pub(crate) fn times(&mut self, what: &str, target: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
        self.row(what, target, format!("p50 {:.2} ms, p95 {:.2} ms", at(0.50), at(0.95)));
    }

    /// One value of each process, and of several their sum.
    fn each(
        &mut self,
        what: &str,
        target: &str,
        unit: &str,
        values: &[(String, f64)],
        sum: impl Fn(f64) -> String,
    ) {
        let measured = match values {
            [(_, value)] => format!("{value:.0} {unit}"),
            values => {
                let each: Vec<_> =
                    values.iter().map(|(name, value)| format!("{name} {value:.0} {unit}")).collect();
                format!("{}{}", each.join(", "), sum(values.iter().map(|(_, value)| value).sum()))
            }
        };
        self.row(what, target, measured);
    }

    pub(crate) fn idle(&mut self, what: &str, memory: &[(String, Memory)]) {
        let now: Vec<_> = memory.iter().map(|(name, memory)| (name.clone(), memory.now)).collect();
        self.each(&format!("memory, idle, {what}"), "< 60 MB", "MB", &now, sum_of_megabytes);
    }

    pub(crate) fn busy(&mut self, memory: &[(String, Memory)]) {
        let peak: Vec<_> = memory.iter().map(|(name, memory)| (name.clone(), memory.peak)).collect();
        self.each("memory while ingesting, at most", "< 250 MB", "MB", &peak, sum_of_megabytes);
    }

    pub(crate) fn start(&mut self, started_in: &[(String, Duration)]) {
        let times: Vec<_> =
            started_in.iter().map(|(name, time)| (name.clone(), time.as_secs_f64() * 1e3)).collect();
        self.each("start to the first 200, existing database", "< 300 ms", "ms", &times, |_| String::new());
    }

    pub(crate) fn disk(&mut self, bytes: u64, traces: u64) {
        let each = bytes as f64 / traces as f64;
        self.row("disk per trace, indexes and rollups included", "< 1000 B", format!("{each:.0} B"));
    }

    pub(crate) fn ingestion(&mut self, target: &str, rate: f64) {
        self.row("ingestion, batches of 100, until counted", target, format!("{rate:.0} traces/s"));
    }

    pub(crate) fn spans(&mut self, rate: f64) {
        self.row(
            "OTLP over HTTP, protobuf, batches of 512 spans, 8 to a trace, until counted",
            "",
            format!("{rate:.0} spans/s"),
        );
    }

    /// What stands beside a rate of ingestion.
    pub(crate) fn beside(&mut self, what: &str, target: &str, rate: f64, raw: f64) {
        self.row(
            format!("… beside {what}"),
            target,
            format!("{:.0} % of {raw:.0} rows/s", 100.0 * rate / raw),
        );
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n\n| what | target | measured |\n| --- | --- | --- |\n", self.about);
        for [what, target, measured] in &self.rows {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {what} | {target} | {measured} |");
        }
        text
    }
}

fn sum_of_megabytes(sum: f64) -> String {
    format!(": {sum:.0} MB in all")
}

/// The whole report: what is `old`, with the parts that were measured in it.
pub(crate) fn text(old: &str, measured: &[Part]) -> String {
    let heading = format!("\n{HEADING}");
    let old = old.split(heading.as_str()).skip(1).filter_map(|part| part.split_once("\n\n"));
    let mut parts: BTreeMap<&str, String> =
        old.map(|(title, text)| (title, format!("{}\n", text.trim_end()))).collect();
    for part in measured {
        parts.insert(part.title, part.text());
    }
    let mut text = format!("{TITLE}\n\nWritten by `make bench` (`api/benches/server`).\n");
    for (title, part) in parts {
        // Writing to a String cannot fail.
        let _ = write!(text, "{heading}{title}\n\n{part}");
    }
    text
}

//! Writes the report: one section with a table per setup of the server. Sections that were not measured are kept
//! unchanged.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use crate::machine::{self, Memory};

const TITLE: &str = "# Benchmarks";
/// The prefix of each section heading.
const HEADING: &str = "## ";

/// The amount of data and the duration of the measurements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Number of traces in the database.
    pub(crate) traces: u64,
    /// Duration of each measurement of a rate.
    pub(crate) time: Duration,
}

/// A section of the report: the measurements of one setup of the server.
pub(crate) struct Part {
    title: &'static str,
    about: String,
    rows: Vec<[String; 3]>,
}

impl Part {
    /// Creates an empty section. `what` describes the setup, for example "Release binary with embedded stores".
    pub(crate) fn new(title: &'static str, what: &str, size: Size) -> Self {
        let about = format!(
            "{what}, {} traces over 30 days (500 B of text as input, 500 B as output, random ids). Server, load generator \
             and client run together on {}. Times are those of complete HTTP requests. Rates are measured over {} s. \
             wrk sends the cached requests.",
            size.traces,
            machine::processor(),
            size.time.as_secs(),
        );
        Self { title, about, rows: Vec::new() }
    }

    /// Adds a row and prints it to stderr.
    pub(crate) fn row(&mut self, what: impl Into<String>, target: &str, measured: impl Into<String>) {
        let row = [what.into(), target.to_owned(), measured.into()];
        eprintln!("{}: {}", row[0], row[2]);
        self.rows.push(row);
    }

    /// Adds the percentiles of response times in milliseconds.
    pub(crate) fn times(&mut self, what: &str, target: &str, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
        self.row(what, target, format!("p50 {:.2} ms, p95 {:.2} ms", at(0.50), at(0.95)));
    }

    /// Adds one value per process, and their sum if there are several.
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

    /// Adds the memory of the idle processes.
    pub(crate) fn idle(&mut self, what: &str, memory: &[(String, Memory)]) {
        let now: Vec<_> = memory.iter().map(|(name, memory)| (name.clone(), memory.now)).collect();
        self.each(&format!("memory, idle, {what}"), "< 60 MB", "MB", &now, sum_of_megabytes);
    }

    /// Adds the peak memory of the processes during ingestion.
    pub(crate) fn busy(&mut self, memory: &[(String, Memory)]) {
        let peak: Vec<_> = memory.iter().map(|(name, memory)| (name.clone(), memory.peak)).collect();
        self.each("memory during ingestion, peak", "< 250 MB", "MB", &peak, sum_of_megabytes);
    }

    /// Adds the time from the start of each process to its first 200.
    pub(crate) fn start(&mut self, started_in: &[(String, Duration)]) {
        let times: Vec<_> =
            started_in.iter().map(|(name, time)| (name.clone(), time.as_secs_f64() * 1e3)).collect();
        self.each("start to first 200 response, existing database", "< 300 ms", "ms", &times, |_| {
            String::new()
        });
    }

    /// Adds the size of the database per trace.
    pub(crate) fn disk(&mut self, bytes: u64, traces: u64) {
        let each = bytes as f64 / traces as f64;
        self.row("disk per trace, including indexes and rollups", "< 1000 B", format!("{each:.0} B"));
    }

    /// Adds the ingestion rate of traces.
    pub(crate) fn ingestion(&mut self, target: &str, rate: f64) {
        self.row("ingestion, batches of 100, until counted", target, format!("{rate:.0} traces/s"));
    }

    /// Adds the ingestion rate of OTLP spans.
    pub(crate) fn spans(&mut self, rate: f64) {
        self.row(
            "OTLP over HTTP, protobuf, batches of 512 spans, 8 spans per trace, until counted",
            "",
            format!("{rate:.0} spans/s"),
        );
    }

    /// Adds the comparison of an ingestion rate with a reference rate.
    pub(crate) fn comparison(&mut self, what: &str, target: &str, rate: f64, raw: f64) {
        self.row(
            format!("… compared with {what}"),
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
    format!(": {sum:.0} MB in total")
}

/// Returns the report `old` with the measured sections replaced.
pub(crate) fn text(old: &str, measured: &[Part]) -> String {
    let heading = format!("\n{HEADING}");
    let old = old.split(heading.as_str()).skip(1).filter_map(|part| part.split_once("\n\n"));
    let mut parts: BTreeMap<&str, String> =
        old.map(|(title, text)| (title, format!("{}\n", text.trim_end()))).collect();
    for part in measured {
        parts.insert(part.title, part.text());
    }
    let mut text = format!("{TITLE}\n\nGenerated by `make bench` (`api/benches/server`).\n");
    for (title, part) in parts {
        // Writing to a String cannot fail.
        let _ = write!(text, "{heading}{title}\n\n{part}");
    }
    text
}

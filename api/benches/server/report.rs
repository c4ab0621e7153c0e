//! The table.

use std::{fmt::Write, time::Duration};

use crate::{
    Result,
    machine::{self, Memory},
    query::Rate,
};

pub(crate) struct Report {
    traces: u64,
    seconds: u64,
    rows: Vec<[String; 3]>,
    ingestion: Option<f64>,
}

impl Report {
    pub(crate) fn new(traces: u64, time: Duration) -> Result<Self> {
        Ok(Self { traces, seconds: time.as_secs(), rows: Vec::new(), ingestion: None })
    }

    fn row(&mut self, what: impl Into<String>, target: &str, measured: impl Into<String>) {
        let row = [what.into(), target.to_owned(), measured.into()];
        eprintln!("{}: {}", row[0], row[2]);
        self.rows.push(row);
    }

    pub(crate) fn idle(&mut self, memory: Memory) {
        self.row("memory, idle, new database", "< 60 MB", format!("{:.0} MB", memory.now));
    }

    pub(crate) fn start(&mut self, started_in: Duration, memory: Memory) {
        let target = "< 300 ms";
        self.row(
            "start to the first 200, existing database",
            target,
            format!("{:.0} ms", started_in.as_secs_f64() * 1e3),
        );
        self.row("memory, idle, existing database", "< 60 MB", format!("{:.0} MB", memory.now));
    }

    pub(crate) fn disk(&mut self, bytes: u64) {
        let each = bytes as f64 / self.traces as f64;
        self.row("disk per trace, indexes and rollups included", "< 1000 B", format!("{each:.0} B"));
    }

    pub(crate) fn cached(&mut self, kpis: Rate, constant: Rate) {
        let share = 100.0 * kpis.per_second / constant.per_second;
        self.row("home KPIs, cached, 100 connections", "p99 < 5 ms", format!("p99 {:.2} ms", kpis.p99));
        let rates = format!("{:.0}/s = {share:.0} % of {:.0}/s", kpis.per_second, constant.per_second);
        self.row("… beside a constant of the same size without login", "≥ 50 %", rates);
    }

    pub(crate) fn question(&mut self, what: &str, target: &str, times: Vec<f64>) {
        self.row(what, target, percentiles(times));
    }

    pub(crate) fn visible(&mut self, times: Vec<f64>) {
        self.row("acknowledged → in the cached list", "< 1 s", percentiles(times));
    }

    pub(crate) fn ingestion(&mut self, rate: f64, memory: Memory) {
        self.ingestion = Some(rate);
        self.row("ingestion, batches of 100, until counted", "≥ 40,000/s", format!("{rate:.0} traces/s"));
        self.row("memory while ingesting, at most", "< 250 MB", format!("{:.0} MB", memory.peak));
    }

    pub(crate) fn raw(&mut self, rate: f64) {
        let share = self.ingestion.map_or(0.0, |ingestion| 100.0 * ingestion / rate);
        self.row(
            "… beside a raw bulk load of the same rows",
            "≥ 50 %",
            format!("{share:.0} % of {rate:.0} rows/s"),
        );
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "# Benchmarks\n\nWritten by `make bench` (`api/benches/server`): the release binary on its embedded default, {} \
             traces over 30 days (500 B of words in, 500 B out, ids as random as UUIDs), server, load generator and client \
             together on {}. Times are of whole HTTP requests. Rates are over {} s. wrk sends the cached requests.\n\n\
             | what | target | measured |\n| --- | --- | --- |\n",
            self.traces,
            machine::processor(),
            self.seconds,
        );
        for [what, target, measured] in &self.rows {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {what} | {target} | {measured} |");
        }
        text
    }
}

fn percentiles(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    format!("p50 {:.2} ms, p95 {:.2} ms", at(0.50), at(0.95))
}

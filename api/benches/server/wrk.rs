//! Runs the load generator wrk.

use std::{process::Command, time::Duration};

use crate::Result;

/// The result of a run of wrk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Responses per second.
    pub(crate) per_second: f64,
    /// 99th percentile of the latency in milliseconds.
    pub(crate) p99: f64,
}

/// Requests `url` repeatedly for `time`.
pub(crate) fn wrk(url: &str, headers: &[&str], connections: usize, time: Duration) -> Result<Rate> {
    let mut command = Command::new("wrk");
    command.args(["-t1", "--latency", &format!("-c{connections}"), &format!("-d{}s", time.as_secs())]);
    for header in headers {
        command.args(["-H", header]);
    }
    let output = command.arg(url).output()?;
    let text = String::from_utf8(output.stdout)?;
    if text.contains("Non-2xx") || !output.status.success() {
        return Err(format!("wrk {url}: {text}").into());
    }
    let field = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1))
            .ok_or_else(|| format!("the output of wrk has no {name}: {text}"))
    };
    let p99 = field("99%")?;
    let split = p99.find(|c: char| c.is_alphabetic()).ok_or("the latency of wrk has no unit")?;
    let unit = match &p99[split..] {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1000.0,
        other => return Err(format!("unknown unit in the output of wrk: {other}").into()),
    };
    Ok(Rate { per_second: field("Requests/sec:")?.parse()?, p99: p99[..split].parse::<f64>()? * unit })
}

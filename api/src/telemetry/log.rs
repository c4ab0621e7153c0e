//! Logging. No line contains an input, an output, a password or a token; a request is logged with its method, path,
//! status and duration only.

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// Starts logging to standard error at `level` and in `format`, by default pretty on a terminal and JSON otherwise.
pub fn start(level: &str, format: Option<LogFormat>) {
    // sqlx logs statements, whose parameters may be customer data.
    let filter =
        EnvFilter::new(format!("{level},sqlx=warn,actix_server=warn,actix_http=warn,h2=warn,hyper=warn"));
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Pretty } else { LogFormat::Json });
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second call, as in tests, leaves the first subscriber in place.
    let _ = match format {
        LogFormat::Pretty => builder.with_ansi(terminal).compact().try_init(),
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
}

/// Limits log lines to one per second, so that a failure that affects every request does not flood the log.
#[derive(Debug, Default)]
pub struct LogThrottle(Mutex<Option<Instant>>);

impl LogThrottle {
    /// Calls `line` unless it was called less than a second ago.
    pub fn log(&self, line: impl FnOnce()) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
            *last = Some(Instant::now());
            drop(last);
            line();
        }
    }
}

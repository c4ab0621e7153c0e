//! The log. No line holds an input, an output, a password or a token: what is logged of a request is its method, path,
//! status and duration.

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// Starts logging to standard error at `level`, in `format` (pretty on a terminal and JSON elsewhere where `None`).
pub fn start(level: &str, format: Option<LogFormat>) {
    // sqlx logs statements, and what is bound to them could be anybody's data.
    let filter =
        EnvFilter::new(format!("{level},sqlx=warn,actix_server=warn,actix_http=warn,h2=warn,hyper=warn"));
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Pretty } else { LogFormat::Json });
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second start, in a test, leaves the first one's subscriber in place.
    let _ = match format {
        LogFormat::Pretty => builder.with_ansi(terminal).compact().try_init(),
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
}

/// Lets a line through once a second, so that what fails for every request does not fill the log.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Says it, unless something was said less than a second ago.
    pub fn say(&self, line: impl FnOnce()) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
            *last = Some(Instant::now());
            drop(last);
            line();
        }
    }
}

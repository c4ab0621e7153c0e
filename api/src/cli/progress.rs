//! The progress of a command on standard error: a bar on a terminal, otherwise a line at an interval.

use std::{
    io::{IsTerminal, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The interval of lines without a terminal.
pub const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// A progress bar or its replacement without a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts at 0 of `length`, if it is known; `template` is a [`ProgressStyle`] template.
    pub fn start(length: Option<u64>, template: &str) -> Self {
        Self { bar: stderr().is_terminal().then(|| bar(length, template)) }
    }

    /// Moves the bar.
    pub fn set(&self, position: u64, message: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(message());
        }
    }

    /// Prints the line that replaces the bar without a terminal.
    pub fn line(&self, text: impl FnOnce() -> String) {
        if self.bar.is_none() {
            eprintln!("{}", text());
        }
    }

    /// Prints a permanent message.
    pub fn print(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(length: Option<u64>, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

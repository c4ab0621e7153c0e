//! Collects lines into batches, on its own thread because reading a file blocks.

use std::{
    io::{self, BufRead},
    ops::Range,
};

use shared::limit;
use tokio::sync::mpsc::Sender;

use super::line::Lines;

/// The approximate size of a request body in bytes: half the limit of the server, so that a long line still fits.
const BODY_BYTES: usize = limit::INGEST_BODY_BYTES / 2;

/// The traces of one request.
#[derive(Debug, Default)]
pub struct Batch {
    /// The traces, separated by commas.
    text: String,
    /// The line number and the range in the text of each trace.
    places: Vec<(u64, Range<usize>)>,
    /// The position in the file after the last trace.
    pub position: u64,
}

impl Batch {
    /// Returns the number of traces.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns the line number of the trace at `index`; 0 if there is none.
    pub fn number(&self, index: usize) -> u64 {
        self.places.get(index).map_or(0, |&(number, _)| number)
    }

    /// Returns the request body of some of the traces.
    pub fn body(&self, part: Range<usize>) -> Vec<u8> {
        let places = self.places.get(part).unwrap_or_default();
        let text = match (places.first(), places.last()) {
            (Some((_, first)), Some((_, last))) => &self.text[first.start..last.end],
            _ => "",
        };
        format!("{{\"traces\":[{text}]}}").into_bytes()
    }

    fn push(&mut self, number: u64, trace: &str) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
        let start = self.text.len();
        self.text.push_str(trace);
        self.places.push((number, start..self.text.len()));
    }

    fn is_full(&self, most: usize) -> bool {
        self.places.len() >= most || self.text.len() >= BODY_BYTES
    }
}

/// An item read from a file.
#[derive(Debug)]
pub enum Read {
    /// Traces to send.
    Batch(Batch),
    /// A line without a valid trace.
    Invalid {
        /// The line number, from 1.
        line: u64,
        /// What is wrong with the line.
        detail: String,
    },
    /// Reading the file failed.
    Failed(io::Error),
}

/// Reads `reader` to its end in batches of at most `most` traces. Stops if the receiver is dropped.
pub fn read(reader: impl BufRead, most: usize, to: &Sender<Read>) {
    let mut lines = Lines::new(reader);
    let mut batch = Batch::default();
    loop {
        let (event, ends) = match lines.next() {
            Ok(Some(line)) => {
                match line.trace.and_then(|trace| String::from_utf8(trace).map_err(|e| e.to_string())) {
                    Ok(trace) => {
                        batch.push(line.number, &trace);
                        batch.position = lines.position();
                        if !batch.is_full(most) {
                            continue;
                        }
                        (Read::Batch(std::mem::take(&mut batch)), false)
                    }
                    Err(detail) => (Read::Invalid { line: line.number, detail }, false),
                }
            }
            Ok(None) if batch.len() > 0 => (Read::Batch(std::mem::take(&mut batch)), true),
            Ok(None) => return,
            Err(error) => (Read::Failed(error), true),
        };
        if to.blocking_send(event).is_err() || ends {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    fn batches(text: &str, most: usize) -> Vec<Read> {
        let (to, mut from) = mpsc::channel(100);
        read(text.as_bytes(), most, &to);
        drop(to);
        std::iter::from_fn(|| from.try_recv().ok()).collect()
    }

    #[test]
    fn all_batches_but_the_last_are_full_and_have_line_numbers() {
        let text = "{\"trace_id\":\"1\"}\n\n{\"trace_id\":\"3\"}\nbad\n{\"trace_id\":\"5\"}\n";
        let read = batches(text, 2);
        let [Read::Batch(first), Read::Invalid { line: 4, .. }, Read::Batch(last)] = read.as_slice() else {
            panic!("{read:?}");
        };
        assert_eq!((first.len(), first.number(0), first.number(1)), (2, 1, 3));
        assert_eq!(first.body(0..2), b"{\"traces\":[{\"trace_id\":\"1\"},{\"trace_id\":\"3\"}]}");
        assert_eq!(first.body(1..2), b"{\"traces\":[{\"trace_id\":\"3\"}]}");
        assert_eq!((last.len(), last.number(0), last.position), (1, 5, text.len() as u64));
    }

    #[test]
    fn long_lines_make_short_batches() {
        let long = format!("{{\"trace_id\":\"1\",\"input\":\"{}\"}}\n", "x".repeat(limit::TRACE_BYTES - 100));
        let read = batches(&long.repeat(5), 1_000);
        let sizes: Vec<_> =
            read.iter().map(|read| if let Read::Batch(batch) = read { batch.len() } else { 0 }).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 5);
        assert!(sizes.iter().all(|&size| size <= 3), "{sizes:?}");
    }
}

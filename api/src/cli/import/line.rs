//! Reads JSON lines one at a time; memory is limited to one line, and a line to the size that the server accepts.

use std::io::{self, BufRead};

use serde::{Deserialize, de::IgnoredAny};
use sha2::{Digest, Sha256};
use shared::limit;

/// A line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The line number, from 1.
    pub number: u64,
    /// The trace with an id, or why the line is invalid.
    pub trace: Result<Vec<u8>, String>,
}

/// The lines of a file.
pub struct Lines<R> {
    reader: R,
    number: u64,
    position: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads lines from the beginning of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0, position: 0 }
    }

    /// Returns the number of bytes read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the next line that is not blank.
    ///
    /// # Errors
    /// Returns an error if reading fails.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        while let Some(length) = self.read(&mut line)? {
            let number = self.number;
            if length > limit::TRACE_BYTES {
                let detail = format!("is longer than {} bytes", limit::TRACE_BYTES);
                return Ok(Some(Line { number, trace: Err(detail) }));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(&line);
            let text = text.trim_ascii();
            if !text.is_empty() {
                return Ok(Some(Line { number, trace: with_id(text, number) }));
            }
        }
        Ok(None)
    }

    /// Reads a line and returns its length; only the beginning of a line that is too long is kept.
    fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<usize>> {
        line.clear();
        let mut length = 0;
        loop {
            let chunk = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                if length == 0 {
                    return Ok(None);
                }
                break;
            }
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = end.map_or(chunk, |end| &chunk[..end]);
            length += part.len();
            if length <= limit::TRACE_BYTES {
                line.extend_from_slice(part);
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.reader.consume(used);
            self.position += used as u64;
            if end.is_some() {
                break;
            }
        }
        self.number += 1;
        Ok(Some(length))
    }
}

/// Prepares a line for sending: one without a `trace_id` gets `import-` and a hash of its text and number, so that
/// importing the same file again gives the same ids, and equal lines get different ones.
fn with_id(text: &[u8], number: u64) -> Result<Vec<u8>, String> {
    #[derive(Deserialize)]
    struct Head {
        trace_id: Option<IgnoredAny>,
    }
    let text = std::str::from_utf8(text).map_err(|_| "is not UTF-8".to_owned())?;
    let not_json = |error: serde_json::Error| format!("is not valid JSON: {error}");
    if !text.starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text).map_err(not_json)?;
        return Err("must be a JSON object".to_owned());
    }
    let head: Head = serde_json::from_str(text).map_err(not_json)?;
    if head.trace_id.is_some() {
        return Ok(text.as_bytes().to_vec());
    }
    let members = text.strip_suffix('}').unwrap_or(text).trim_end();
    let comma = if members.len() > 1 { "," } else { "" };
    // The id comes last, so that it overrides an earlier `"trace_id": null`.
    Ok(format!("{members}{comma}\"trace_id\":\"import-{}\"}}", hash(text, number)).into_bytes())
}

fn hash(text: &str, number: u64) -> String {
    let digest = Sha256::new().chain_update(number.to_le_bytes()).chain_update(text).finalize();
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::BufReader;

    use serde_json::Value;

    use super::*;

    /// A small buffer, so that lines span buffers.
    fn read(text: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(BufReader::with_capacity(7, text));
        let read = std::iter::from_fn(|| lines.next().unwrap()).collect();
        assert_eq!(lines.position(), text.len() as u64);
        read
    }

    fn trace(line: &Line) -> Value {
        serde_json::from_slice(line.trace.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn lines_are_numbered_from_1_and_blank_ones_are_skipped() {
        let lines = read(b"\xef\xbb\xbf{\"trace_id\":\"a\"}\r\n\n  \n{\"trace_id\":\"b\"}");
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(lines[0].trace.as_deref().unwrap(), b"{\"trace_id\":\"a\"}");
        assert!(read(b"").is_empty());
        assert!(read(b"\n").is_empty());
    }

    #[test]
    fn reports_lines_that_are_not_objects_and_continues() {
        let lines = read(b"{\"a\":\n[1]\n7\n{\"a\":\"\xff\"}\n{\"trace_id\":\"x\",\"trace_id\":\"y\"}\n{\"trace_id\":\"ok\"}\n");
        let details: Vec<_> =
            lines.iter().map(|line| line.trace.as_ref().err().cloned().unwrap_or_default()).collect();
        assert!(details[0].starts_with("is not valid JSON: EOF"), "{}", details[0]);
        assert_eq!(details[1..4], ["must be a JSON object", "must be a JSON object", "is not UTF-8"]);
        assert!(details[4].contains("duplicate field"), "{}", details[4]);
        assert_eq!(details[5], "");
    }

    #[test]
    fn a_line_without_an_id_gets_the_same_id_in_every_import() {
        let text = b"{\"agent_id\":\"a\", \"n\":{\"m\":{}}}\n{\"agent_id\":\"a\", \"n\":{\"m\":{}}}\n{}\n{\"trace_id\":null }\n";
        let lines = read(text);
        let ids: Vec<_> =
            lines.iter().map(|line| trace(line)["trace_id"].as_str().unwrap().to_owned()).collect();
        assert!(ids.iter().all(|id| id.starts_with("import-") && id.len() == 39), "{ids:?}");
        assert_ne!(ids[0], ids[1], "equal lines are two traces");
        assert_eq!(trace(&lines[0])["n"]["m"], serde_json::json!({}));
        assert_eq!(lines, read(text));
    }

    #[test]
    fn reports_a_line_that_is_too_long_without_keeping_it() {
        let mut text = vec![b'x'; limit::TRACE_BYTES + 10];
        text.extend_from_slice(b"\n{\"trace_id\":\"b\"}\n");
        let lines = read(&text);
        assert!(lines[0].trace.as_ref().unwrap_err().contains("longer than"));
        assert_eq!((lines[1].number, lines[1].trace.is_ok()), (2, true));
    }
}

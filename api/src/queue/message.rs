//! A message of the queue as bytes: a version, then a zstd frame of postcard.

use domain::trace::record::{IncomingSpan, NewScore, NewTrace};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The first byte. Increment it when the records change. A consumer moves messages of unknown versions to the dead letters,
/// so update consumers before producers.
const VERSION: u8 = 2;
/// The fastest regular level of zstd.
const COMPRESSION_LEVEL: i32 = 1;
/// The maximum uncompressed size, which is that of the largest request body and the overhead of its records.
const MAX_RAW_BYTES: usize = 64 * 1024 * 1024;

/// The contents of a message: the records of one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// Traces of one workspace.
    Traces(Vec<NewTrace>),
    /// A score.
    Score(NewScore),
    /// Incoming spans of one workspace.
    Spans(Vec<IncomingSpan>),
}

/// An encoded message.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The bytes.
    pub data: Vec<u8>,
    /// The uncompressed size in bytes.
    pub raw: usize,
    /// The number of traces or incoming spans.
    pub traces: usize,
}

/// Why bytes cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The version is unknown.
    #[error("unknown version of the message: {0:?}")]
    Version(Option<u8>),
    /// The zstd frame is invalid or too large.
    #[error("the message cannot be decompressed: {0}")]
    Frame(#[from] std::io::Error),
    /// The records cannot be decoded.
    #[error("the message cannot be decoded: {0}")]
    Record(#[from] postcard::Error),
}

impl Message {
    /// Returns the workspace of the records; `None` if there are no records.
    pub(super) fn workspace_id(&self) -> Option<Uuid> {
        match self {
            Self::Traces(traces) => traces.first().map(|trace| trace.workspace_id),
            Self::Spans(spans) => spans.first().map(|span| span.workspace_id),
            Self::Score(score) => Some(score.workspace_id),
        }
    }

    /// Returns the approximate size of the records in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Traces(traces) => traces.iter().map(NewTrace::bytes).sum(),
            Self::Spans(spans) => spans.iter().map(IncomingSpan::bytes).sum(),
            Self::Score(_) => size_of::<NewScore>(),
        }
    }

    /// Encodes the message.
    ///
    /// # Errors
    /// Returns an error if it cannot be compressed, for lack of memory.
    pub fn encode(&self) -> Result<Encoded, MessageError> {
        let raw = postcard::to_stdvec(self)?;
        let mut data = vec![0; 1 + zstd::zstd_safe::compress_bound(raw.len())];
        data[0] = VERSION;
        let length = zstd::bulk::compress_to_buffer(&raw, &mut data[1..], COMPRESSION_LEVEL)?;
        data.truncate(1 + length);
        let traces = match self {
            Self::Traces(traces) => traces.len(),
            Self::Spans(spans) => spans.len(),
            Self::Score(_) => 0,
        };
        Ok(Encoded { data, raw: raw.len(), traces })
    }

    /// Decodes a message.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a message of this version.
    pub fn decode(data: &[u8]) -> Result<Self, MessageError> {
        let Some((&VERSION, frame)) = data.split_first() else {
            return Err(MessageError::Version(data.first().copied()));
        };
        Ok(postcard::from_bytes(&zstd::bulk::decompress(frame, MAX_RAW_BYTES)?)?)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use domain::trace::record::NewSpan;
    use shared::{Timestamp, span::SpanKind, trace::TraceStatus};

    use super::*;

    fn trace() -> NewTrace {
        NewTrace {
            workspace_id: Uuid::from_u128(7),
            trace_id: "run-1".to_owned(),
            agent_id: "Übersetzer".to_owned(),
            timestamp: Timestamp::from_micros(-1),
            latency: i64::MAX,
            status: TraceStatus::Timeout,
            model: Some(String::new()),
            model_provider: None,
            tokens_input: Some(0),
            tokens_output: None,
            tokens_total: Some(-1),
            cost: Some(1),
            quality: None,
            session_id: None,
            user_id: Some("u".to_owned()),
            tags: Some("[]".to_owned()),
            error: Some("e".repeat(1000)),
            payload: r#"{"input":"\u0000"}"#.to_owned(),
            spans: SpanKind::ALL
                .map(|kind| NewSpan {
                    span_id: kind.as_str().to_owned(),
                    parent_span_id: None,
                    name: "call".to_owned(),
                    kind,
                    timestamp: Timestamp::EPOCH,
                    latency: 0,
                    status: TraceStatus::Success,
                    model: None,
                    tokens_input: None,
                    tokens_output: Some(3),
                    cost: None,
                    error: None,
                    payload: String::new(),
                    ..NewSpan::default()
                })
                .into(),
            ..NewTrace::default()
        }
    }

    #[test]
    fn decodes_encoded_messages() {
        let score = NewScore {
            workspace_id: Uuid::nil(),
            trace_id: "run".to_owned(),
            name: "quality".to_owned(),
            score: 5,
            comment: None,
            timestamp: Timestamp::EPOCH,
        };
        let span = IncomingSpan {
            workspace_id: Uuid::from_u128(8),
            trace_id: "5b8efff798038103d269b633813fc60c".to_owned(),
            arrived: Timestamp::from_micros(7),
            span: trace().spans.swap_remove(0),
            agent_id: Some("a".to_owned()),
            tags: Some("[\"x\"]".to_owned()),
            ..IncomingSpan::default()
        };
        let spans = Message::Spans(vec![span; 2]);
        assert_eq!(spans.encode().unwrap().traces, 2);
        let traces = Message::Traces(vec![trace(); 3]);
        for message in [traces, Message::Score(score), Message::Traces(Vec::new()), spans] {
            let encoded = message.encode().unwrap();
            assert_eq!(Message::decode(&encoded.data).unwrap(), message);
        }
    }

    #[test]
    fn rejects_invalid_messages_without_panicking() {
        let data = Message::Traces(vec![trace()]).encode().unwrap().data;
        for length in 0..data.len() {
            assert!(Message::decode(&data[..length]).is_err(), "{length} bytes");
        }
        let mut other = data.clone();
        other[0] = 99;
        assert!(Message::decode(&other).unwrap_err().to_string().contains("99"));
        let bomb = zstd::bulk::compress(&vec![0; MAX_RAW_BYTES + 1], COMPRESSION_LEVEL).unwrap();
        assert!(Message::decode(&[&[VERSION], bomb.as_slice()].concat()).is_err());
    }
}

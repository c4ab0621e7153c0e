//! A message of the queue as bytes: a version, then a zstd frame of postcard.

use domain::trace::record::{IncomingSpan, NewScore, NewTrace};
use serde::{Deserialize, Serialize};

/// The first byte. To be raised when the records change: who cannot read a version puts it aside and loses nothing, so
/// consumers are brought up to date before producers.
const VERSION: u8 = 2;
/// zstd's fastest ordinary level: of what it does not save, the network and Redis take the cost.
const LEVEL: i32 = 1;
/// What one request can hold: its body, and what the records add to it. Larger is not one of ours.
const RAW_BYTES: usize = 64 * 1024 * 1024;

/// What is queued: all that one request brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// Traces of one workspace.
    Traces(Vec<NewTrace>),
    /// A score.
    Score(NewScore),
    /// Spans of one workspace that came by themselves.
    Spans(Vec<IncomingSpan>),
}

/// A message, ready to be sent.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// Its bytes.
    pub data: Vec<u8>,
    /// How many bytes it will have when it is unpacked.
    pub raw: usize,
    /// How many traces, or spans that came by themselves, it holds.
    pub traces: usize,
}

/// Why bytes are no message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Another version's.
    #[error("version {0:?} of the message is not known here")]
    Version(Option<u8>),
    /// They cannot be unpacked.
    #[error("the message cannot be unpacked: {0}")]
    Frame(#[from] std::io::Error),
    /// They do not hold what they should.
    #[error("the message cannot be read: {0}")]
    Record(#[from] postcard::Error),
}

impl Message {
    /// Its bytes.
    ///
    /// # Errors
    /// Where it cannot be packed, which is for want of memory.
    pub fn encode(&self) -> Result<Encoded, MessageError> {
        let raw = postcard::to_stdvec(self)?;
        let mut data = vec![0; 1 + zstd::zstd_safe::compress_bound(raw.len())];
        data[0] = VERSION;
        let length = zstd::bulk::compress_to_buffer(&raw, &mut data[1..], LEVEL)?;
        data.truncate(1 + length);
        let traces = match self {
            Self::Traces(traces) => traces.len(),
            Self::Spans(spans) => spans.len(),
            Self::Score(_) => 0,
        };
        Ok(Encoded { data, raw: raw.len(), traces })
    }

    /// The message that these bytes are.
    ///
    /// # Errors
    /// Where they are none.
    pub fn decode(data: &[u8]) -> Result<Self, MessageError> {
        let Some((&VERSION, frame)) = data.split_first() else {
            return Err(MessageError::Version(data.first().copied()));
        };
        Ok(postcard::from_bytes(&zstd::bulk::decompress(frame, RAW_BYTES)?)?)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use domain::trace::record::NewSpan;
    use shared::{Timestamp, span::SpanKind, trace::TraceStatus};
    use uuid::Uuid;

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
    fn messages_come_back_as_they_were() {
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
    fn what_is_no_message_is_refused_and_nothing_panics() {
        let data = Message::Traces(vec![trace()]).encode().unwrap().data;
        for length in 0..data.len() {
            assert!(Message::decode(&data[..length]).is_err(), "{length} bytes");
        }
        let mut other = data.clone();
        other[0] = 99;
        assert!(Message::decode(&other).unwrap_err().to_string().contains("99"));
        let bomb = zstd::bulk::compress(&vec![0; RAW_BYTES + 1], LEVEL).unwrap();
        assert!(Message::decode(&[&[VERSION], bomb.as_slice()].concat()).is_err());
    }
}

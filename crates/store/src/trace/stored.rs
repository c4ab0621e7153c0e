//! Rows on their way into a store, and those that are read to be changed.

use std::{borrow::Cow, collections::HashMap};

use domain::trace::{
    assembly::{Fact, Reason, forget_tags},
    place::Place,
    record::{Assembly, LooseSpan, NewSpan, NewTrace},
};
use shared::Timestamp;
use uuid::Uuid;

use super::{
    StoreError,
    row::{self, Columns},
};

/// The columns of [`Record::read`].
macro_rules! record_columns {
    () => {
        "id, workspace_id, trace_id, agent_id, timestamp, latency, CAST(status AS BIGINT), model, model_provider, \
         tokens_input, tokens_output, tokens_total, cost, quality_sent, quality, session_id, user_id, tags, error, \
         payload_id, CAST(payload_line AS BIGINT), name, CAST(assembly AS BIGINT), CAST(unpriced AS BIGINT), \
         CAST(cost_basis AS BIGINT), price"
    };
}
pub(super) use record_columns;

/// The columns of [`fact`].
macro_rules! fact_columns {
    () => {
        "trace, span_id, parent_span_id, name, kind, timestamp, latency, CAST(status AS BIGINT), model, \
         model_provider, tokens_input, tokens_output, cost, CAST(cost_basis AS BIGINT), \
         CAST(CASE WHEN error IS NULL THEN 0 ELSE 1 END AS BIGINT), payload_id, CAST(payload_line AS BIGINT), \
         agent_id, service, session_id, user_id, tags"
    };
}
pub(super) use fact_columns;

/// A trace with its number.
#[derive(Clone, Copy)]
pub(super) struct TraceRow<'a> {
    /// Its number in the order of arrival.
    pub(super) id: i64,
    /// What is written of it; its `quality` is the mean of all its scores.
    pub(super) trace: &'a NewTrace,
    /// The quality that came with it, in millionths of a point.
    pub(super) quality_sent: Option<i64>,
    /// Where its payload stands in the store.
    pub(super) payload: Place,
}

/// A span with the number of its trace.
#[derive(Clone, Copy)]
pub(super) struct SpanRow<'a> {
    /// The number of its trace.
    pub(super) trace: i64,
    /// What is written of it.
    pub(super) span: &'a NewSpan,
    /// What it says of its trace, where it came by itself.
    pub(super) loose: Option<&'a LooseSpan>,
    /// Where its payload stands in the store.
    pub(super) payload: Place,
}

impl<'a> SpanRow<'a> {
    /// The tags that it says its trace has. One that came by itself and says nothing says that there are none: that tells it
    /// from those that were sent with their trace.
    pub(super) fn tags(&self) -> Option<&'a str> {
        let loose = self.loose?;
        loose.tags.as_deref().or((!loose.says_something()).then_some("[]"))
    }

    /// Something that it says of its trace.
    pub(super) fn claim(&self, of: fn(&'a LooseSpan) -> Option<&'a str>) -> Option<&'a str> {
        self.loose.and_then(of)
    }
}

/// A trace that is stored, without its payload and its spans.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Its number in the order of arrival.
    pub(super) id: i64,
    /// What its row says; its `quality` is the mean of all its scores.
    pub(super) trace: NewTrace,
    /// The quality that came with it, in millionths of a point.
    pub(super) quality_sent: Option<i64>,
    /// Where its payload stands.
    pub(super) payload: Place,
}

impl Record {
    /// As it is written.
    pub(super) fn row(&self) -> TraceRow<'_> {
        TraceRow { id: self.id, trace: &self.trace, quality_sent: self.quality_sent, payload: self.payload }
    }

    /// Reads a row of [`record_columns`].
    pub(super) fn read(row: &impl Columns) -> Result<Self, StoreError> {
        let trace = NewTrace {
            workspace_id: row.uuid(1)?,
            trace_id: row.text(2)?.to_owned(),
            agent_id: row.text(3)?.to_owned(),
            timestamp: row.moment(4)?,
            latency: row.integer(5)?,
            status: row::status(row.integer(6)?)?,
            model: row.text_or_null(7)?,
            model_provider: row.text_or_null(8)?,
            tokens_input: row.integer_or_null(9)?,
            tokens_output: row.integer_or_null(10)?,
            tokens_total: row.integer_or_null(11)?,
            cost: row.integer_or_null(12)?,
            quality: row.integer_or_null(14)?,
            session_id: row.text_or_null(15)?,
            user_id: row.text_or_null(16)?,
            tags: row.text_or_null(17)?,
            error: row.text_or_null(18)?,
            name: row.text_or_null(21)?,
            assembly: row::assembly(row.integer_or_null(22)?)?,
            unpriced: row.integer_or_null(23)?.unwrap_or(0),
            basis: row::basis(row, 24)?,
            ..NewTrace::default()
        };
        Ok(Self {
            id: row.integer(0)?,
            trace,
            quality_sent: row.integer_or_null(13)?,
            payload: Place { frame: row.integer(19)?, line: row.integer(20)? },
        })
    }
}

/// Bytes of tags of stored spans that are in memory before those are forgotten that no trace has of them.
const TAG_BYTES: usize = 8 * 1024 * 1024;

/// What stored spans say, by the number of their trace, while it is read.
#[derive(Default)]
pub(super) struct FactRows {
    traces: HashMap<i64, Vec<Fact<'static>>>,
    tag_bytes: usize,
}

impl FactRows {
    /// Takes in a row of [`fact_columns`].
    pub(super) fn push(&mut self, row: &impl Columns) -> Result<(), StoreError> {
        let (trace, fact) = fact(row)?;
        self.tag_bytes += fact.tags.as_ref().map_or(0, |tags| tags.len());
        self.traces.entry(trace).or_default().push(fact);
        if self.tag_bytes > TAG_BYTES {
            self.traces.values_mut().for_each(|facts| forget_tags(facts));
            self.tag_bytes = 0;
        }
        Ok(())
    }

    /// All of them.
    pub(super) fn finish(self) -> HashMap<i64, Vec<Fact<'static>>> {
        self.traces
    }
}

/// Reads a row of [`fact_columns`]: the number of the trace, and what its span says.
fn fact(row: &impl Columns) -> Result<(i64, Fact<'static>), StoreError> {
    let text = |column| Ok::<_, sqlx::Error>(row.text_or_null(column)?.map(Cow::Owned));
    let cost = row.integer_or_null(12)?;
    let fact = Fact {
        span_id: Cow::Owned(row.text(1)?.to_owned()),
        parent_span_id: text(2)?,
        name: Cow::Owned(row.text(3)?.to_owned()),
        kind: row::span_kind(row.text(4)?),
        timestamp: row.moment(5)?,
        latency: row.integer(6)?,
        status: row::status(row.integer(7)?)?,
        model: text(8)?,
        model_provider: text(9)?,
        tokens_input: row.integer_or_null(10)?,
        tokens_output: row.integer_or_null(11)?,
        cost,
        reported: cost.is_some() && row::is_reported(row.integer_or_null(13)?),
        no_price: row::is_no_price(row.integer_or_null(13)?),
        error: if row.integer(14)? == 0 { Reason::None } else { Reason::Stored },
        payload: Place { frame: row.integer(15)?, line: row.integer(16)? },
        agent_id: text(17)?,
        service: text(18)?,
        session_id: text(19)?,
        user_id: text(20)?,
        tags: text(21)?,
    };
    Ok((row.integer(0)?, fact))
}

/// Which trace is meant: whose, and its id there.
pub(super) type TraceName<'a> = (Uuid, &'a str);

/// A trace whose outermost span has not come.
pub(super) struct Waiting<'a> {
    /// The number that it will have.
    pub(super) id: i64,
    /// Which it is.
    pub(super) name: TraceName<'a>,
    /// When the last of its spans arrived.
    pub(super) last_seen: Timestamp,
}

/// What the store holds of a trace.
pub(super) enum Known {
    /// Nothing.
    New,
    /// Spans that wait for the outermost.
    Waiting,
    /// The trace.
    Trace(Box<Record>),
    /// The trace was there once, and was dropped for its age.
    Dropped,
}

/// A trace's number, and what there is of it.
pub(super) struct Numbered {
    /// What its spans stand under.
    pub(super) id: i64,
    /// What there is.
    pub(super) known: Known,
}

impl Known {
    /// Whether the trace was sent whole: what comes later changes none of its figures.
    pub(super) fn is_sent(&self) -> bool {
        matches!(self, Self::Trace(record) if record.trace.assembly == Assembly::Sent)
    }
}

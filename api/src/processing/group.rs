//! Messages on their way into the store: unpacked together, written together, each acknowledged or put aside.

use std::time::Duration;

use domain::{
    error::chain,
    trace::record::{IncomingSpan, NewScore, NewTrace},
};
use store::trace::StoreError;
use tokio::sync::watch;

use super::{
    order::Marks,
    sink::{self, Record, Sink},
};
use crate::{
    queue::{Consumer, Delivery, Message},
    redis::RedisFailure,
    telemetry::metrics::Metrics,
};

/// A message that was delivered so often and never acknowledged is put aside: it kills who works on it.
pub(super) const DELIVERIES: u32 = 5;
/// The first wait after a failure; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Messages that are written together.
#[derive(Debug, Default)]
pub(super) struct Group {
    traces: Part<NewTrace>,
    spans: Part<IncomingSpan>,
    scores: Vec<(Delivery, NewScore)>,
    /// What cannot be written, and why.
    bad: Vec<(Delivery, String)>,
    marks: Marks,
}

/// Requests of one kind, which one transaction writes.
#[derive(Debug)]
struct Part<T> {
    /// Whose records stand at the same place in `requests`.
    deliveries: Vec<Delivery>,
    requests: Vec<Vec<T>>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { deliveries: Vec::new(), requests: Vec::new() }
    }
}

impl<T: Record> Part<T> {
    fn add(&mut self, delivery: Delivery, request: Vec<T>) {
        self.deliveries.push(delivery);
        self.requests.push(request);
    }

    /// Prices and writes the requests, and says of each message what became of it.
    async fn write(
        &mut self,
        tools: &Tools,
        what: &str,
    ) -> Result<Vec<(&Delivery, Result<(), StoreError>)>, GivenUp> {
        if self.requests.is_empty() {
            return Ok(Vec::new());
        }
        let workspaces = sink::workspaces(&self.requests);
        let prices =
            retry(tools, "reading prices", StoreError::is_transient, || tools.sink.prices(&workspaces));
        // All its errors are transient, and so tried again.
        if let Ok(prices) = prices.await? {
            self.requests = sink::price(prices, std::mem::take(&mut self.requests)).await;
        }
        let results = retry(tools, what, StoreError::is_transient, || tools.sink.write(&self.requests));
        // All errors of the whole are transient, and so tried again.
        Ok(self.deliveries.iter().zip(results.await?.unwrap_or_default()).collect())
    }
}

/// What a group is written with.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    pub(super) consumer: Consumer,
    pub(super) sink: Sink,
    pub(super) metrics: Metrics,
    pub(super) stop: watch::Receiver<bool>,
}

/// The worker is told to stop, and what is in hand cannot be finished: the next one takes it over.
#[derive(Clone, Copy, Debug)]
pub(super) struct GivenUp;

impl Group {
    /// Unpacks messages. Costs time: not for async threads.
    pub(super) fn unpack(deliveries: Vec<Delivery>) -> Self {
        let mut group = Self::default();
        for delivery in deliveries {
            if delivery.delivered >= DELIVERIES {
                let reason = format!("it was delivered {} times and never acknowledged", delivery.delivered);
                group.bad.push((delivery, reason));
                continue;
            }
            match Message::decode(&delivery.data) {
                Ok(Message::Traces(traces)) => group.traces.add(delivery, traces),
                Ok(Message::Spans(spans)) => group.spans.add(delivery, spans),
                Ok(Message::Score(score)) => group.scores.push((delivery, score)),
                Err(error) => group.bad.push((delivery, chain(&error))),
            }
        }
        let traces = group.traces.requests.iter().flatten();
        let spans = group.spans.requests.iter().flatten();
        let ids = traces
            .map(|trace| (trace.workspace_id, trace.trace_id.as_str()))
            .chain(spans.map(|span| (span.workspace_id, span.trace_id.as_str())));
        group.marks = Marks::of(ids, !group.scores.is_empty());
        group
    }

    /// What others must know of it that are written at the same time.
    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The same, to be kept while it is written.
    pub(super) fn take_marks(&mut self) -> Marks {
        std::mem::take(&mut self.marks)
    }

    /// All its messages.
    pub(super) fn deliveries(&self) -> Vec<&Delivery> {
        let scores = self.scores.iter().map(|(delivery, _)| delivery);
        let bad = self.bad.iter().map(|(delivery, _)| delivery);
        self.traces.deliveries.iter().chain(&self.spans.deliveries).chain(scores).chain(bad).collect()
    }

    /// Writes everything, the scores after the traces and spans, and only then takes the messages out of their streams. A store or
    /// a Redis that fails is tried again for ever, unless the worker is to stop.
    pub(super) async fn write(&mut self, tools: &Tools) -> Result<(), GivenUp> {
        let mut written = self.traces.write(tools, "writing traces").await?;
        written.extend(self.spans.write(tools, "writing spans").await?);
        let mut done: Vec<&Delivery> = Vec::with_capacity(written.len() + self.scores.len());
        for (delivery, result) in written {
            match result {
                Ok(()) => done.push(delivery),
                Err(error) => self.bad.push((delivery.clone(), chain(&error))),
            }
        }
        for (delivery, score) in &self.scores {
            if *tools.stop.borrow() {
                // There may be hundreds, a transaction each: the next worker goes on with them.
                settle(tools, || tools.consumer.ack(&done)).await?;
                return Err(GivenUp);
            }
            let result =
                retry(tools, "writing a score", StoreError::is_transient, || tools.sink.score(score));
            match result.await? {
                Ok(()) => done.push(delivery),
                Err(error) => self.bad.push((delivery.clone(), chain(&error))),
            }
        }
        settle(tools, || tools.consumer.ack(&done)).await?;
        for (delivery, reason) in &self.bad {
            tracing::error!(
                reason,
                stream = delivery.stream,
                id = delivery.id,
                "a message cannot be processed and goes to the dead letters"
            );
            let gone = settle(tools, || tools.consumer.bury(delivery, reason)).await?;
            tools.metrics.dead_letters_dropped(gone);
        }
        tools.metrics.queue_group_written(self.bad.len());
        Ok(())
    }
}

/// Tells Redis what became of messages, until it hears.
async fn settle<T: Default, F: Future<Output = Result<T, RedisFailure>>>(
    tools: &Tools,
    work: impl FnMut() -> F,
) -> Result<T, GivenUp> {
    let result = retry(tools, "taking messages off the queue", |_| true, work).await?;
    // Every failure is tried again.
    Ok(result.unwrap_or_default())
}

/// Does `work` until it succeeds or fails for good, with growing waits.
async fn retry<T, E: std::error::Error + 'static, F: Future<Output = Result<T, E>>>(
    tools: &Tools,
    what: &str,
    transient: impl Fn(&E) -> bool,
    mut work: impl FnMut() -> F,
) -> Result<Result<T, E>, GivenUp> {
    let mut stop = tools.stop.clone();
    let mut wait = FIRST_WAIT;
    loop {
        let error = match work().await {
            Err(error) if transient(&error) => error,
            result => return Ok(result),
        };
        if *stop.borrow() {
            tracing::warn!(error = chain(&error), "{what} failed at the end; the next worker takes it over");
            return Err(GivenUp);
        }
        tracing::warn!(error = chain(&error), "{what} failed, trying again in {wait:?}");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

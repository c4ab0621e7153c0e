//! Messages on their way into the store: unpacked together, written together, each acknowledged or put aside.

use std::time::Duration;

use tokio::sync::watch;

use super::{
    order::Marks,
    sink::{self, Sink},
};
use crate::{
    error::chain,
    queue::{Consumer, Delivery, Message},
    redis::RedisFailure,
    store::trace::{
        StoreError,
        record::{NewScore, NewTrace},
    },
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
    /// Whose traces stand at the same place in `requests`.
    deliveries: Vec<Delivery>,
    requests: Vec<Vec<NewTrace>>,
    scores: Vec<(Delivery, NewScore)>,
    /// What cannot be written, and why.
    bad: Vec<(Delivery, String)>,
    marks: Marks,
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
                Ok(Message::Traces(traces)) => {
                    group.deliveries.push(delivery);
                    group.requests.push(traces);
                }
                Ok(Message::Score(score)) => group.scores.push((delivery, score)),
                Err(error) => group.bad.push((delivery, chain(&error))),
            }
        }
        let ids = group.requests.iter().flatten().map(|trace| (trace.workspace_id, trace.trace_id.as_str()));
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
        self.deliveries.iter().chain(scores).chain(bad).collect()
    }

    /// Writes everything, the scores after the traces, and only then takes the messages out of their streams. A store or
    /// a Redis that fails is tried again for ever, unless the worker is to stop.
    pub(super) async fn write(&mut self, tools: &Tools) -> Result<(), GivenUp> {
        let mut refused = Vec::new();
        if !self.requests.is_empty() {
            let workspaces = sink::workspaces(&self.requests);
            let prices =
                retry(tools, "reading prices", StoreError::is_transient, || tools.sink.prices(&workspaces));
            // All its errors are transient, and so tried again.
            if let Ok(prices) = prices.await? {
                self.requests = sink::price(prices, std::mem::take(&mut self.requests)).await;
            }
            let results =
                retry(tools, "writing traces", StoreError::is_transient, || tools.sink.write(&self.requests));
            // All errors of the whole are transient, and so tried again.
            let results = results.await?.unwrap_or_default();
            refused.extend(results.into_iter().map(Result::err));
        }
        let mut done: Vec<&Delivery> = Vec::with_capacity(self.deliveries.len() + self.scores.len());
        for (delivery, error) in self.deliveries.iter().zip(refused) {
            match error {
                None => done.push(delivery),
                Some(error) => self.bad.push((delivery.clone(), chain(&error))),
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

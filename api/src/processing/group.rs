//! Groups of messages: decoded together, written together, and each acknowledged or moved to the dead letters.

use std::time::Duration;

use domain::{
    error::chain,
    trace::record::{IncomingSpan, NewScore, NewTrace},
};
use store::StoreError;

use super::{
    conflict::Footprint,
    group_writer::{self, GroupWriter, Record},
    part::Part,
};
use crate::{
    job::Stop,
    queue::{Consumer, Delivery, Message},
    redis::RedisFailure,
    telemetry::metrics::Metrics,
};

/// The number of deliveries without acknowledgement after which a message becomes a dead letter: it probably crashes
/// its consumers.
pub(super) const MAX_DELIVERIES: u32 = 5;
/// The delay after the first failure; it doubles up to [`MAX_DELAY`].
const INITIAL_DELAY: Duration = Duration::from_millis(100);
/// The maximum delay between two attempts.
const MAX_DELAY: Duration = Duration::from_secs(2);

/// Messages that are written together.
#[derive(Debug, Default)]
pub(super) struct Group {
    traces: Part<Delivery, NewTrace>,
    spans: Part<Delivery, IncomingSpan>,
    scores: Vec<(Delivery, NewScore)>,
    /// Messages that cannot be written, with the reason.
    dead: Vec<(Delivery, String)>,
    footprint: Footprint,
}

impl<T: Record> Part<Delivery, T> {
    /// Prices and writes the requests, and returns the result of each message.
    async fn write(
        &mut self,
        context: &GroupContext,
        operation: &str,
    ) -> Result<Vec<(&Delivery, Result<(), StoreError>)>, Stopped> {
        if self.requests.is_empty() {
            return Ok(Vec::new());
        }
        let workspaces = group_writer::workspaces(&self.requests);
        let prices =
            retry(context, "read prices", StoreError::is_transient, || context.writer.prices(&workspaces));
        // All errors are transient, and therefore retried.
        if let Ok(prices) = prices.await? {
            self.requests = group_writer::price(prices, std::mem::take(&mut self.requests)).await;
        }
        let results =
            retry(context, operation, StoreError::is_transient, || context.writer.write(&self.requests));
        // All errors of the group are transient, and therefore retried.
        Ok(self.origins.iter().zip(results.await?.unwrap_or_default()).collect())
    }
}

/// The dependencies of writing groups.
#[derive(Clone, Debug)]
pub(super) struct GroupContext {
    pub(super) consumer: Consumer,
    pub(super) writer: GroupWriter,
    pub(super) metrics: Metrics,
    pub(super) stop: Stop,
}

/// A stop was requested before the group was finished; the next worker claims its messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;

impl Group {
    /// Decodes messages. Call it on a blocking thread.
    pub(super) fn decode(deliveries: Vec<Delivery>) -> Self {
        let mut group = Self::default();
        for delivery in deliveries {
            if delivery.delivered >= MAX_DELIVERIES {
                let reason = format!("it was delivered {} times and never acknowledged", delivery.delivered);
                group.dead.push((delivery, reason));
                continue;
            }
            match Message::decode(&delivery.data) {
                Ok(Message::Traces(traces)) => group.traces.add(delivery, traces),
                Ok(Message::Spans(spans)) => group.spans.add(delivery, spans),
                Ok(Message::Score(score)) => group.scores.push((delivery, score)),
                Err(error) => group.dead.push((delivery, chain(&error))),
            }
        }
        let traces = group.traces.requests.iter().flatten();
        let spans = group.spans.requests.iter().flatten();
        let ids = traces
            .map(|trace| (trace.workspace_id, trace.trace_id.as_str()))
            .chain(spans.map(|span| (span.workspace_id, span.trace_id.as_str())));
        group.footprint = Footprint::of(ids, !group.scores.is_empty());
        group
    }

    /// Returns the footprint, which shows conflicts with other groups.
    pub(super) fn footprint(&self) -> &Footprint {
        &self.footprint
    }

    /// Takes the footprint out of the group, which does not need it to be written.
    pub(super) fn take_footprint(&mut self) -> Footprint {
        std::mem::take(&mut self.footprint)
    }

    /// Returns all messages.
    pub(super) fn deliveries(&self) -> Vec<&Delivery> {
        let scores = self.scores.iter().map(|(delivery, _)| delivery);
        let dead = self.dead.iter().map(|(delivery, _)| delivery);
        self.traces.origins.iter().chain(&self.spans.origins).chain(scores).chain(dead).collect()
    }

    /// Writes all messages, scores after traces and spans, and acknowledges them afterwards. If the store or Redis fails,
    /// retries until a stop is requested.
    pub(super) async fn write(&mut self, context: &GroupContext) -> Result<(), Stopped> {
        let mut written = self.traces.write(context, "write traces").await?;
        written.extend(self.spans.write(context, "write spans").await?);
        let mut done: Vec<&Delivery> = Vec::with_capacity(written.len() + self.scores.len());
        for (delivery, result) in written {
            match result {
                Ok(()) => done.push(delivery),
                Err(error) => self.dead.push((delivery.clone(), chain(&error))),
            }
        }
        for (delivery, score) in &self.scores {
            if context.stop.is_requested() {
                // There may be hundreds of scores, each with its own transaction: the next worker writes them.
                remove_from_queue(context, || context.consumer.acknowledge(&done)).await?;
                return Err(Stopped);
            }
            let result =
                retry(context, "write score", StoreError::is_transient, || context.writer.score(score));
            match result.await? {
                Ok(()) => done.push(delivery),
                Err(error) => self.dead.push((delivery.clone(), chain(&error))),
            }
        }
        remove_from_queue(context, || context.consumer.acknowledge(&done)).await?;
        for (delivery, reason) in &self.dead {
            tracing::error!(
                reason,
                stream = delivery.stream,
                message.id = delivery.id,
                "message moved to dead letters"
            );
            let dropped =
                remove_from_queue(context, || context.consumer.move_to_dead_letters(delivery, reason))
                    .await?;
            context.metrics.queue.record_dropped_dead_letters(dropped);
        }
        context.metrics.queue.record_group(self.dead.len());
        Ok(())
    }
}

/// Removes messages from the queue in Redis. All failures are retried.
async fn remove_from_queue<T: Default, F: Future<Output = Result<T, RedisFailure>>>(
    context: &GroupContext,
    work: impl FnMut() -> F,
) -> Result<T, Stopped> {
    let result = retry(context, "remove messages from queue", |_| true, work).await?;
    // Every failure is retried.
    Ok(result.unwrap_or_default())
}

/// Repeats `work` with growing delays until it succeeds or fails with an error that is not transient.
async fn retry<T, E: std::error::Error + 'static, F: Future<Output = Result<T, E>>>(
    context: &GroupContext,
    operation: &str,
    is_transient: impl Fn(&E) -> bool,
    mut work: impl FnMut() -> F,
) -> Result<Result<T, E>, Stopped> {
    let mut delay = INITIAL_DELAY;
    loop {
        let error = match work().await {
            Err(error) if is_transient(&error) => error,
            result => return Ok(result),
        };
        if context.stop.is_requested() {
            tracing::warn!(
                error = chain(&error),
                operation,
                "operation failed, leaving it to the next worker"
            );
            return Err(Stopped);
        }
        let retry_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(error = chain(&error), operation, retry_ms, "operation failed, retrying");
        context.stop.unless_requested(tokio::time::sleep(delay)).await;
        delay = (delay * 2).min(MAX_DELAY);
    }
}

//! Writes the in-process queue in groups. While one group is committed the next one grows, so that many small requests share
//! a transaction and none waits for a timer.

use std::sync::Arc;

use domain::{
    error::chain,
    trace::record::{IncomingSpan, NewScore, NewTrace},
};
use tokio::{sync::Semaphore, task::JoinHandle};

use super::{
    group_writer::{GROUP_TRACES, GroupWriter, Record},
    part::Part,
};
use crate::queue::{Message, PendingRequest, QueuedRequest, QueuedRequests};

/// The maximum number of groups in flight: while one group uses the only writing connection of the store, the payloads of
/// the next one are compressed.
const MAX_GROUPS: usize = 2;

/// Starts the task that writes `requests` with `writer`. It ends, with everything written, when the sending side is dropped.
pub fn start(writer: GroupWriter, requests: QueuedRequests) -> JoinHandle<()> {
    tokio::spawn(Writer { writer, requests }.run())
}

struct Writer {
    writer: GroupWriter,
    requests: QueuedRequests,
}

impl Writer {
    async fn run(mut self) {
        let permits = Arc::new(Semaphore::new(MAX_GROUPS));
        // The permit is acquired before requests are collected: while the store is busy, the group grows.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let Some(first) = self.requests.recv().await else { break };
            let (mut traces, mut spans) = (Part::default(), Part::default());
            let score = self.collect(first, &mut traces, &mut spans);
            let writer = self.writer.clone();
            tokio::spawn(async move {
                traces.commit(&writer).await;
                spans.commit(&writer).await;
                if let Some((score, pending)) = score {
                    pending.reply(writer.score(&score).await.map_err(|error| chain(&error)));
                }
                drop(permit);
            });
        }
        // All permits are returned once everything is written; the semaphore is never closed.
        let _ = permits.acquire_many(MAX_GROUPS as u32).await;
    }

    /// Moves queued requests into a group, up to the first score, which must be written after the records sent before it.
    fn collect(
        &mut self,
        first: QueuedRequest,
        traces: &mut Part<PendingRequest, NewTrace>,
        spans: &mut Part<PendingRequest, IncomingSpan>,
    ) -> Option<(NewScore, PendingRequest)> {
        let mut next = Some(first);
        let mut count = 0;
        while let Some((message, pending)) = next {
            match message {
                Message::Score(score) => return Some((score, pending)),
                Message::Traces(new) => {
                    count += new.len();
                    traces.add(pending, new);
                }
                Message::Spans(new) => {
                    count += new.len();
                    spans.add(pending, new);
                }
            }
            next = if count < GROUP_TRACES { self.requests.try_recv().ok() } else { None };
        }
        None
    }
}

impl<T: Record> Part<PendingRequest, T> {
    async fn commit(self, writer: &GroupWriter) {
        let Self { requests, origins: pending } = self;
        if requests.is_empty() {
            return;
        }
        let written = async { writer.write(&writer.priced(requests).await?).await };
        match written.await {
            Ok(results) => {
                for (pending, result) in pending.into_iter().zip(results) {
                    pending.reply(result.map_err(|error| chain(&error)));
                }
            }
            Err(error) => {
                let cause = chain(&error);
                pending.into_iter().for_each(|pending| pending.reply(Err(cause.clone())));
            }
        }
    }
}

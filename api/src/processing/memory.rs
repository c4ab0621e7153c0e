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
use crate::queue::{Message, QueuedRequest, QueuedRequests, Waiting};

/// The maximum number of groups in flight: while one group uses the only writing connection of the store, the payloads of
/// the next one are compressed.
const GROUPS_AT_ONCE: usize = 2;

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
        let permits = Arc::new(Semaphore::new(GROUPS_AT_ONCE));
        // The permit is acquired before requests are collected: while the store is busy, the group grows.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let Some(first) = self.requests.recv().await else { break };
            let (mut traces, mut spans) = (Part::default(), Part::default());
            let score = self.collect(first, &mut traces, &mut spans);
            let writer = self.writer.clone();
            tokio::spawn(async move {
                traces.commit(&writer).await;
                spans.commit(&writer).await;
                if let Some((score, waiting)) = score {
                    waiting.reply(writer.score(&score).await.map_err(|error| chain(&error)));
                }
                drop(permit);
            });
        }
        // All permits are returned once everything is written; the semaphore is never closed.
        let _ = permits.acquire_many(GROUPS_AT_ONCE as u32).await;
    }

    /// Moves queued requests into a group, up to the first score, which must be written after the records sent before it.
    fn collect(
        &mut self,
        first: QueuedRequest,
        traces: &mut Part<Waiting, NewTrace>,
        spans: &mut Part<Waiting, IncomingSpan>,
    ) -> Option<(NewScore, Waiting)> {
        let mut next = Some(first);
        let mut count = 0;
        while let Some((message, waiting)) = next {
            match message {
                Message::Score(score) => return Some((score, waiting)),
                Message::Traces(new) => {
                    count += new.len();
                    traces.add(waiting, new);
                }
                Message::Spans(new) => {
                    count += new.len();
                    spans.add(waiting, new);
                }
            }
            next = if count < GROUP_TRACES { self.requests.try_recv().ok() } else { None };
        }
        None
    }
}

impl<T: Record> Part<Waiting, T> {
    async fn commit(self, writer: &GroupWriter) {
        let Self { requests, origins: waiting } = self;
        if requests.is_empty() {
            return;
        }
        let written = async { writer.write(&writer.priced(requests).await?).await };
        match written.await {
            Ok(results) => {
                for (waiting, result) in waiting.into_iter().zip(results) {
                    waiting.reply(result.map_err(|error| chain(&error)));
                }
            }
            Err(error) => {
                let cause = chain(&error);
                waiting.into_iter().for_each(|waiting| waiting.reply(Err(cause.clone())));
            }
        }
    }
}

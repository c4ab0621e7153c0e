//! The messages that a worker has in flight: read, and neither acknowledged nor released.

use tokio::sync::watch;

/// The number of messages in flight by stream. Clones share the counts.
#[derive(Clone, Debug)]
pub(super) struct MessagesInFlight(watch::Sender<Vec<usize>>);

impl MessagesInFlight {
    pub(super) fn new(streams: usize) -> Self {
        Self(watch::Sender::new(vec![0; streams]))
    }

    /// Adds one message for each of `streams`.
    pub(super) fn add(&self, streams: &[usize]) {
        self.update(streams, |count| *count += 1);
    }

    /// Removes one message for each of `streams`.
    pub(super) fn remove(&self, streams: &[usize]) {
        self.update(streams, |count| *count = count.saturating_sub(1));
    }

    /// Returns whether a stream has no messages in flight.
    pub(super) fn is_stream_idle(&self, stream: usize) -> bool {
        self.0.borrow().get(stream).is_none_or(|&count| count == 0)
    }

    /// Waits until no messages are in flight.
    pub(super) async fn wait_until_idle(&self) {
        // Fails only if the sender is dropped, and `self` has it.
        let _ = self.0.subscribe().wait_for(|counts| counts.iter().all(|&count| count == 0)).await;
    }

    fn update(&self, streams: &[usize], update: impl Fn(&mut usize)) {
        self.0.send_modify(|counts| {
            for &stream in streams {
                if let Some(count) = counts.get_mut(stream) {
                    update(count);
                }
            }
        });
    }
}

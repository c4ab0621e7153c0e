//! What a worker has in hand of each stream: read, and neither acknowledged nor given up.

use tokio::sync::watch;

/// Counts messages by stream. Clones count together.
#[derive(Clone, Debug)]
pub(super) struct Hand(watch::Sender<Vec<usize>>);

impl Hand {
    pub(super) fn new(streams: usize) -> Self {
        Self(watch::Sender::new(vec![0; streams]))
    }

    /// Counts messages, each by its stream.
    pub(super) fn add(&self, streams: &[usize]) {
        self.change(streams, |count| *count += 1);
    }

    /// Counts them no more.
    pub(super) fn remove(&self, streams: &[usize]) {
        self.change(streams, |count| *count = count.saturating_sub(1));
    }

    /// Whether nothing of the stream is in hand.
    pub(super) fn is_empty_of(&self, stream: usize) -> bool {
        self.0.borrow().get(stream).is_none_or(|&count| count == 0)
    }

    /// Waits until nothing at all is in hand.
    pub(super) async fn empty(&self) {
        // Fails where the counter is gone, and this holds it.
        let _ = self.0.subscribe().wait_for(|counts| counts.iter().all(|&count| count == 0)).await;
    }

    fn change(&self, streams: &[usize], change: impl Fn(&mut usize)) {
        self.0.send_modify(|counts| {
            for &stream in streams {
                if let Some(count) = counts.get_mut(stream) {
                    change(count);
                }
            }
        });
    }
}

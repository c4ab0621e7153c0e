//! The request to stop, from the process to its background tasks.

use tokio::sync::watch;

/// Requests tasks to stop.
#[derive(Debug, Default)]
pub struct StopSignal(watch::Sender<bool>);

/// The receiving side of a [`StopSignal`]. Clones share the signal.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl StopSignal {
    /// Returns a receiver.
    #[must_use]
    pub fn subscribe(&self) -> Stop {
        Stop(self.0.subscribe())
    }

    /// Requests all receivers to stop.
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns a receiver without a sender: a stop is never requested.
    #[must_use]
    pub fn never() -> Self {
        StopSignal::default().subscribe()
    }

    /// Returns whether a stop was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until a stop is requested.
    pub async fn requested(&self) {
        if self.0.clone().wait_for(|stop| *stop).await.is_err() {
            // The sender was dropped without a request.
            std::future::pending::<()>().await;
        }
    }

    /// Returns the result of `work`, or `None` if a stop is requested first; `work` is cancelled then.
    pub async fn unless_requested<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.requested() => None,
            done = work => Some(done),
        }
    }
}

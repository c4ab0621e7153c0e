//! Tracks calls in flight: waits until there are none, and cancels those that take too long.

use tokio::sync::watch;

/// The calls in flight of one server. Clones share the state.
#[derive(Clone, Debug)]
pub struct CallsInFlight {
    count: watch::Sender<usize>,
    cancelled: watch::Sender<bool>,
}

/// A call in flight, until it is dropped.
pub(super) struct Call(watch::Sender<usize>);

impl Default for CallsInFlight {
    fn default() -> Self {
        Self { count: watch::Sender::new(0), cancelled: watch::Sender::new(false) }
    }
}

impl CallsInFlight {
    /// Registers a call until the returned value is dropped.
    pub(super) fn register(&self) -> Call {
        self.count.send_modify(|count| *count += 1);
        Call(self.count.clone())
    }

    /// Waits until no call is in flight.
    pub async fn wait_until_idle(&self) {
        // This cannot fail while the sender `self` exists.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Returns whether a call is in flight.
    #[must_use]
    pub fn is_active(&self) -> bool {
        *self.count.borrow() > 0
    }

    /// Cancels all current and future calls.
    pub fn cancel(&self) {
        self.cancelled.send_replace(true);
    }

    /// Waits until calls are cancelled.
    pub(super) async fn cancelled(&self) {
        // This cannot fail while the sender `self` exists.
        let _ = self.cancelled.subscribe().wait_for(|cancelled| *cancelled).await;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

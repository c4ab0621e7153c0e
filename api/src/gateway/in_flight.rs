//! Tracks calls in flight: waits until there are none, and cancels those that take too long.

use tokio::sync::watch;

/// The calls in flight of one server. Clones share the state.
#[derive(Clone, Debug)]
pub struct InFlight {
    count: watch::Sender<usize>,
    ended: watch::Sender<bool>,
}

/// A call in flight, until it is dropped.
pub(super) struct Call(watch::Sender<usize>);

impl Default for InFlight {
    fn default() -> Self {
        Self { count: watch::Sender::new(0), ended: watch::Sender::new(false) }
    }
}

impl InFlight {
    /// Registers a call until the returned value is dropped.
    pub(super) fn enter(&self) -> Call {
        self.count.send_modify(|count| *count += 1);
        Call(self.count.clone())
    }

    /// Waits until no call is in flight.
    pub async fn none(&self) {
        // This cannot fail while the sender `self` exists.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Returns whether a call is in flight.
    #[must_use]
    pub fn any(&self) -> bool {
        *self.count.borrow() > 0
    }

    /// Cancels all current and future calls.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits until calls are cancelled.
    pub(super) async fn ended(&self) {
        // This cannot fail while the sender `self` exists.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

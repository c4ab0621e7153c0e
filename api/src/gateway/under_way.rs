//! Calls that are under way: waiting until there are none, and telling those that take too long to end.

use tokio::sync::watch;

/// The calls of one server. Clones are the same.
#[derive(Clone, Debug)]
pub struct UnderWay {
    count: watch::Sender<usize>,
    ended: watch::Sender<bool>,
}

/// A call, until it is dropped.
pub(super) struct Call(watch::Sender<usize>);

impl Default for UnderWay {
    fn default() -> Self {
        Self { count: watch::Sender::new(0), ended: watch::Sender::new(false) }
    }
}

impl UnderWay {
    /// Counts a call for as long as what this answers is kept.
    pub(super) fn enter(&self) -> Call {
        self.count.send_modify(|count| *count += 1);
        Call(self.count.clone())
    }

    /// Waits until no call is under way.
    pub async fn none(&self) {
        // It does not fail while this one is there, which sends.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Whether a call is under way.
    #[must_use]
    pub fn any(&self) -> bool {
        *self.count.borrow() > 0
    }

    /// Tells all calls to end, those that are yet to come, too.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits until calls are told to end.
    pub(super) async fn ended(&self) {
        // As above.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

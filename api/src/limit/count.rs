//! The arithmetic of the sliding window: the two counts of a key, and what they allow. Times are whole microseconds,
//! so that limits are exact. Has no state and reads no clock.

use std::time::Duration;

use shared::Timestamp;

/// A point in time relative to windows, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowTime {
    /// The index of the window since the epoch.
    index: i64,
    /// The time since the start of the window.
    elapsed: u64,
    /// The length of a window.
    window: u64,
}

impl WindowTime {
    pub(super) fn new(now: Timestamp, window: i64) -> Self {
        let micros = now.as_micros();
        Self {
            index: micros.div_euclid(window),
            elapsed: micros.rem_euclid(window).unsigned_abs(),
            window: window.unsigned_abs(),
        }
    }

    /// Returns the index of the window, the time since its start and the length of a window, in microseconds.
    pub(super) fn parts(self) -> (i64, u64, u64) {
        (self.index, self.elapsed, self.window)
    }

    pub(super) fn until_next(self) -> Duration {
        Duration::from_micros(self.window - self.elapsed)
    }
}

/// The requests of one key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    index: i64,
    current: u32,
    previous: u32,
}

impl Count {
    /// Creates counts with `current` requests in the window `index` and `previous` in the one before.
    pub(super) fn new(index: i64, current: u32, previous: u32) -> Self {
        Self { index, current, previous }
    }

    /// Returns the counts moved to the window of `now`.
    pub(super) fn at(self, now: WindowTime) -> Self {
        match now.index.saturating_sub(self.index) {
            1 => Self { index: now.index, current: 0, previous: self.current },
            // If the clock was set back, the counts stay in their window.
            ..=0 => self,
            _ => Self { index: now.index, current: 0, previous: 0 },
        }
    }

    pub(super) fn add(&mut self) {
        self.current = self.current.saturating_add(1);
    }

    /// Removes one request, the newest first.
    pub(super) fn subtract(&mut self) {
        if self.current > 0 {
            self.current -= 1;
        } else {
            self.previous = self.previous.saturating_sub(1);
        }
    }

    pub(super) fn total(&self) -> u32 {
        self.current.saturating_add(self.previous)
    }

    /// Returns whether no request is within the sliding window any more.
    pub(super) fn is_idle(&self, now: WindowTime) -> bool {
        self.at(now).total() == 0
    }

    /// Returns the requests within the sliding window, multiplied by its length.
    fn weight(&self, now: WindowTime) -> u128 {
        let window = u128::from(now.window);
        u128::from(self.current) * window + u128::from(self.previous) * (window - u128::from(now.elapsed))
    }

    /// Returns how many requests may still pass at `now`.
    pub(super) fn remaining(&self, limit: u32, now: WindowTime) -> u32 {
        let window = u128::from(now.window);
        let left = (u128::from(limit) * window).saturating_sub(self.weight(now)) / window;
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// Returns how long until a request may pass; zero if it may now. `limit` must be above zero.
    pub(super) fn wait(&self, limit: u32, now: WindowTime) -> Option<Duration> {
        if self.remaining(limit, now) > 0 {
            return None;
        }
        // Either in this window, once enough of the previous one has left the sliding window, or in the next window,
        // for which this one is the previous one.
        let (start, used, fading) = if self.current < limit {
            (0, self.current, self.previous)
        } else {
            (now.window, 0, self.current)
        };
        let room = u128::from(limit.saturating_sub(used).saturating_sub(1));
        let visible = (room * u128::from(now.window)).checked_div(u128::from(fading)).unwrap_or(0);
        let visible = u64::try_from(visible).unwrap_or(u64::MAX).min(now.window);
        Some(Duration::from_micros((start + (now.window - visible)).saturating_sub(now.elapsed)))
    }
}

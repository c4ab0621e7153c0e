//! The arithmetic of the sliding window: one key's two counts, and what they allow at a moment. In whole microseconds, so
//! that the edges are exact. Holds no state of its own and asks no clock.

use std::time::Duration;

use shared::Timestamp;

/// A point in time as windows see it. All in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Which window, counted from the epoch.
    index: i64,
    /// How far into it.
    elapsed: u64,
    /// How long a window is.
    window: u64,
}

impl Moment {
    pub(super) fn new(now: Timestamp, window: i64) -> Self {
        let micros = now.as_micros();
        Self {
            index: micros.div_euclid(window),
            elapsed: micros.rem_euclid(window).unsigned_abs(),
            window: window.unsigned_abs(),
        }
    }

    /// Which window it is, how far into it, and how long one is, in microseconds.
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
    /// `current` requests in the window `index` and `previous` in the one before.
    pub(super) fn new(index: i64, current: u32, previous: u32) -> Self {
        Self { index, current, previous }
    }

    /// The same requests as the window of `now` sees them.
    pub(super) fn at(self, now: Moment) -> Self {
        match now.index.saturating_sub(self.index) {
            1 => Self { index: now.index, current: 0, previous: self.current },
            // A clock that was set back stays in the window where it was.
            ..=0 => self,
            _ => Self { index: now.index, current: 0, previous: 0 },
        }
    }

    pub(super) fn add(&mut self) {
        self.current = self.current.saturating_add(1);
    }

    /// Takes back one request, the newest first.
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

    /// Whether nothing of it is in view any more.
    pub(super) fn is_idle(&self, now: Moment) -> bool {
        self.at(now).total() == 0
    }

    /// Requests in view, in windowths: divided by the window's length they are requests.
    fn weight(&self, now: Moment) -> u128 {
        let window = u128::from(now.window);
        u128::from(self.current) * window + u128::from(self.previous) * (window - u128::from(now.elapsed))
    }

    /// Whole requests that may still pass at `now`.
    pub(super) fn remaining(&self, limit: u32, now: Moment) -> u32 {
        let window = u128::from(now.window);
        let left = (u128::from(limit) * window).saturating_sub(self.weight(now)) / window;
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// How long until a request may pass; nothing where it may now. `limit` is above zero.
    pub(super) fn wait(&self, limit: u32, now: Moment) -> Option<Duration> {
        if self.remaining(limit, now) > 0 {
            return None;
        }
        // In this window where its own requests leave room, once enough of the window before is out of view; else in the
        // next one, for which this one is the window before.
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

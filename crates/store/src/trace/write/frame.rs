//! Packs payloads into compressed frames. A payload is a line of JSON; a frame has many. A frame of a hundred traces is a
//! quarter of the size of a hundred frames, and one trace is read from it as fast.

use std::collections::HashSet;

use domain::trace::payload::PayloadRef;

use crate::error::StoreError;

/// The size of the lines at which a frame is closed: large enough to compress well, small enough to read one trace from.
const FRAME_BYTES: usize = 64 * 1024;
/// The fastest regular level of zstd: CPU time of the writer costs more than the last tenth of the disk space.
const COMPRESSION_LEVEL: i32 = 1;

/// Builds the frames of a batch.
#[derive(Default)]
pub(super) struct FrameBuilder {
    done: Vec<Vec<u8>>,
    open: String,
    lines: i64,
}

impl FrameBuilder {
    /// Adds a payload and returns its position in the batch.
    pub(super) fn push(&mut self, line: &str) -> Result<PayloadRef, StoreError> {
        let payload =
            PayloadRef { frame: i64::try_from(self.done.len()).unwrap_or(i64::MAX), line: self.lines };
        self.open.push_str(line);
        self.open.push('\n');
        self.lines += 1;
        if self.open.len() >= FRAME_BYTES {
            self.close()?;
        }
        Ok(payload)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        let frame = zstd::bulk::compress(self.open.as_bytes(), COMPRESSION_LEVEL).map_err(sqlx::Error::Io)?;
        self.done.push(frame);
        self.open.clear();
        self.lines = 0;
        Ok(())
    }

    /// Returns the frames.
    pub(super) fn finish(mut self) -> Result<Frames, StoreError> {
        if self.lines > 0 {
            self.close()?;
        }
        Ok(Frames { frames: self.done, ids: Vec::new() })
    }
}

/// The compressed frames of a batch.
pub(super) struct Frames {
    frames: Vec<Vec<u8>>,
    /// The ids under which the frames are stored.
    ids: Vec<i64>,
}

impl Frames {
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Sets the id of each frame by its index.
    pub(super) fn set_ids(&mut self, id: impl Fn(i64) -> i64) {
        self.ids = (0..).take(self.frames.len()).map(id).collect();
    }

    /// Converts a position in the batch to one in the store.
    pub(super) fn stored(&self, payload: PayloadRef) -> PayloadRef {
        let id = usize::try_from(payload.frame).ok().and_then(|index| self.ids.get(index).copied());
        PayloadRef { frame: id.unwrap_or_default(), ..payload }
    }

    /// Returns the frames that contain any of these stored payloads, with their ids. The others are not stored, so that a
    /// repeated batch leaves no unused frames.
    pub(super) fn used(&self, payloads: impl Iterator<Item = PayloadRef>) -> Vec<(i64, &[u8])> {
        let used: HashSet<i64> = payloads.map(|payload| payload.frame).collect();
        let frames = self.ids.iter().copied().zip(self.frames.iter().map(Vec::as_slice));
        frames.filter(|(id, _)| used.contains(id)).collect()
    }
}

//! Payloads: inputs, outputs, metadata and attributes as lines of JSON, many lines to a zstd frame. One frame of a
//! hundred runs is a quarter of the size of a hundred frames, and as quickly read.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
};

use serde::de::DeserializeOwned;

use domain::trace::place::Place;

use super::{StoreError, snapshot::Snapshot};

/// A frame is closed when its lines have this many bytes: enough to compress well, little enough to read one run from.
const FRAME_BYTES: usize = 64 * 1024;
/// zstd's fastest ordinary level: the writer's time is dearer than the last tenth of the disk.
const LEVEL: i32 = 1;

/// Lines on their way into frames.
#[derive(Default)]
pub(super) struct Frames {
    done: Vec<Vec<u8>>,
    open: String,
    lines: i64,
}

impl Frames {
    /// Adds a line and answers where it will stand.
    pub(super) fn push(&mut self, line: &str) -> Result<Place, StoreError> {
        let place = Place { frame: i64::try_from(self.done.len()).unwrap_or(i64::MAX), line: self.lines };
        self.open.push_str(line);
        self.open.push('\n');
        self.lines += 1;
        if self.open.len() >= FRAME_BYTES {
            self.close()?;
        }
        Ok(place)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        let frame = zstd::bulk::compress(self.open.as_bytes(), LEVEL).map_err(sqlx::Error::Io)?;
        self.done.push(frame);
        self.open.clear();
        self.lines = 0;
        Ok(())
    }

    /// The finished frames.
    pub(super) fn finish(mut self) -> Result<Vec<Vec<u8>>, StoreError> {
        if self.lines > 0 {
            self.close()?;
        }
        Ok(self.done)
    }
}

/// Reads payloads, each frame once.
#[derive(Default)]
pub(super) struct PayloadReader {
    frames: HashMap<i64, Vec<String>>,
    bytes: usize,
}

impl PayloadReader {
    /// The record at `place`.
    pub(super) async fn read<T: DeserializeOwned>(
        &mut self,
        snapshot: &mut impl Snapshot,
        place: Place,
    ) -> Result<T, StoreError> {
        let line = self.line(snapshot, place).await?;
        serde_json::from_str(line).map_err(|error| corrupt(place, error))
    }

    /// The record at `place`, as it was written.
    pub(super) async fn line(
        &mut self,
        snapshot: &mut impl Snapshot,
        place: Place,
    ) -> Result<&str, StoreError> {
        if let Entry::Vacant(frame) = self.frames.entry(place.frame) {
            let data = snapshot.frame(place.frame).await?;
            let data = data.ok_or_else(|| corrupt(place, "no such frame"))?;
            let text = zstd::decode_all(data.as_slice()).map_err(|error| corrupt(place, error))?;
            let text = String::from_utf8(text).map_err(|error| corrupt(place, error))?;
            self.bytes += text.len();
            frame.insert(text.lines().map(str::to_owned).collect());
        }
        usize::try_from(place.line)
            .ok()
            .and_then(|line| self.frames.get(&place.frame)?.get(line))
            .map(String::as_str)
            .ok_or_else(|| corrupt(place, "no such line"))
    }

    /// How many bytes were unpacked so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether that frame need not be read any more.
    pub(super) fn holds(&self, frame: i64) -> bool {
        self.frames.contains_key(&frame)
    }

    /// Forgets all frames before this one, for who reads in the order of writing.
    pub(super) fn forget_before(&mut self, frame: i64) {
        self.frames.retain(|&known, _| known >= frame);
    }
}

fn corrupt(place: Place, what: impl fmt::Display) -> StoreError {
    StoreError::corrupt(format!("payload {}:{}: {what}", place.frame, place.line))
}

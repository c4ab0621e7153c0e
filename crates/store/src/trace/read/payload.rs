//! Reads payloads from their compressed frames.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
};

use domain::trace::payload::PayloadRef;
use serde::de::DeserializeOwned;

use crate::{error::StoreError, trace::transaction::ReadTransaction};

/// Reads payloads, and each frame once.
#[derive(Default)]
pub(super) struct PayloadReader {
    frames: HashMap<i64, Vec<String>>,
    bytes: usize,
}

impl PayloadReader {
    /// Decodes a payload.
    pub(super) async fn read<T: DeserializeOwned>(
        &mut self,
        transaction: &mut ReadTransaction,
        payload: PayloadRef,
    ) -> Result<T, StoreError> {
        let line = self.line(transaction, payload).await?;
        serde_json::from_str(line).map_err(|error| corrupt(payload, error))
    }

    /// Returns a payload as JSON.
    pub(super) async fn line(
        &mut self,
        transaction: &mut ReadTransaction,
        payload: PayloadRef,
    ) -> Result<&str, StoreError> {
        if let Entry::Vacant(entry) = self.frames.entry(payload.frame) {
            let frame: Option<(Vec<u8>,)> = transaction
                .transaction
                .sql("SELECT data FROM payloads WHERE id = $1")
                .bind(payload.frame)
                .fetch_optional()
                .await?;
            let (frame,) = frame.ok_or_else(|| corrupt(payload, "frame not found"))?;
            let text = zstd::decode_all(frame.as_slice()).map_err(|error| corrupt(payload, error))?;
            let text = String::from_utf8(text).map_err(|error| corrupt(payload, error))?;
            self.bytes += text.len();
            entry.insert(text.lines().map(str::to_owned).collect());
        }
        usize::try_from(payload.line)
            .ok()
            .and_then(|line| self.frames.get(&payload.frame)?.get(line))
            .map(String::as_str)
            .ok_or_else(|| corrupt(payload, "line not found"))
    }

    /// Returns the number of decompressed bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether a frame is in memory.
    pub(super) fn contains(&self, frame: i64) -> bool {
        self.frames.contains_key(&frame)
    }

    /// Drops all frames before this one, for callers that read in storage order.
    pub(super) fn discard_before(&mut self, frame: i64) {
        self.frames.retain(|&known, _| known >= frame);
    }
}

fn corrupt(payload: PayloadRef, what: impl fmt::Display) -> StoreError {
    StoreError::corrupt(format!("payload {}:{}: {what}", payload.frame, payload.line))
}

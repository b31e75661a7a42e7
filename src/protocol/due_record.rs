//! [`DueRecord`]: a record with its place on the timeline, and the [`Jump`] that may precede it.

use bytes::Bytes;

use super::{Micros, Seq};

/// Why the dataset index did not advance by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JumpReason {
    /// Playback restarted at the beginning of the dataset.
    Loop,
    /// Playback moved to another position.
    Seek,
}

/// A discontinuity of the dataset index just before a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// Dataset index of the publication that follows.
    pub index: u64,
    /// Why the index jumped.
    pub reason: JumpReason,
}

/// A record that is due, before it is encoded.
#[derive(Debug, Clone)]
pub struct DueRecord {
    /// The sequence number of its publication.
    pub seq: Seq,
    /// When it is due.
    pub t: Micros,
    /// JSON text without insignificant white space.
    pub record: Bytes,
}

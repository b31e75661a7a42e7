//! [`Entry`]: one change of the journal, as it is written.
//!
//! # Entries
//!
//! - `topics`: sets the checkpoints of some topics. The first entry of a file has all topics.
//! - `seq`: the last publications, of the topics in which they have changed.
//! - `propose`: segments that follow those of some topics. Without the `commit` that names it, it means nothing.
//! - `commit`: the proposal in the entry before is in force.
//!
//! # Segments
//!
//! A segment is written in the general form of a timeline, with all members. This version plays a part of it, in which
//! `speed` is positive, `show` false and `range` null. Any other segment was written by a later version; it is not
//! damage.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::hub::Checkpoint;
use crate::protocol::{Author, Micros, Rate, Seq, TopicName};
use crate::timeline::Segment;

/// The last checkpoint of each topic.
pub(super) type Checkpoints = BTreeMap<TopicName, Checkpoint>;

/// A change of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Entry {
    /// Sets the checkpoints of these topics.
    Topics(Vec<TopicEntry>),
    /// The last publication of each of these topics.
    Seq(BTreeMap<String, u64>),
    /// Segments that are in force once they are committed.
    Propose(Vec<ProposedSegments>),
    /// Commits the proposal with this number, which is the entry before.
    Commit(u64),
}

/// A topic's checkpoint.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TopicEntry {
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) records: NonZeroU64,
    pub(super) r#loop: bool,
    pub(super) epoch: String,
    pub(super) version: u64,
    pub(super) seq: u64,
    pub(super) segments: Vec<SegmentEntry>,
}

/// How the timeline of a topic changes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposedSegments {
    pub(super) name: String,
    /// The version of the timeline with these segments.
    pub(super) version: u64,
    /// How many of the oldest segments are dropped.
    pub(super) dropped: usize,
    /// Follow the remaining segments.
    pub(super) segments: Vec<SegmentEntry>,
}

/// A segment of a timeline.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentEntry {
    seq0: u64,
    t0: i64,
    index0: u64,
    /// Microseconds of dataset time at `t0`; null if they follow from `index0`.
    position0: Option<i64>,
    /// A decimal as text, because a binary floating-point number would round it. Null if the records have time stamps.
    rate: Option<String>,
    /// A decimal as text, for the same reason.
    speed: String,
    playing: bool,
    /// Whether `seq0` is published although the segment is paused.
    show: bool,
    range: Option<RangeEntry>,
    by: String,
}

/// The part of the dataset that is played, in microseconds of dataset time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RangeEntry {
    from: i64,
    to: i64,
}

/// Why a segment is not used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SegmentProblem {
    /// No version writes it.
    Invalid(String),
    /// A later version plays it.
    Unplayable(String),
}

impl TopicEntry {
    fn new(name: &TopicName, checkpoint: &Checkpoint) -> Self {
        let timeline = &checkpoint.timeline;
        Self {
            name: name.to_string(),
            sha256: HEXLOWER.encode(&checkpoint.dataset_sha256),
            records: timeline.len(),
            r#loop: timeline.is_looping(),
            epoch: checkpoint.epoch.to_string(),
            version: checkpoint.version,
            seq: checkpoint.seq.get(),
            segments: segment_entries(timeline.segments()),
        }
    }
}

impl ProposedSegments {
    /// The change from `old` to `new`, two checkpoints of one epoch.
    pub(super) fn between(name: &TopicName, old: &Checkpoint, new: &Checkpoint) -> Self {
        let (before, after) = (old.timeline.segments(), new.timeline.segments());
        let first_kept = before.iter().position(|segment| *segment == after[0]);
        let kept = first_kept.map(|first| &before[first..]);
        // If the old segments do not continue in the new ones, all are replaced.
        let kept = kept.filter(|kept| after.starts_with(kept)).unwrap_or(&[]);
        Self {
            name: name.to_string(),
            version: new.version,
            dropped: before.len() - kept.len(),
            segments: segment_entries(&after[kept.len()..]),
        }
    }
}

/// The entries of `checkpoints`.
pub(super) fn topic_entries(checkpoints: &Checkpoints) -> Vec<TopicEntry> {
    let entry = |(name, checkpoint)| TopicEntry::new(name, checkpoint);
    checkpoints.iter().map(entry).collect()
}

fn segment_entries(segments: &[Segment]) -> Vec<SegmentEntry> {
    segments.iter().map(SegmentEntry::from_segment).collect()
}

impl SegmentEntry {
    fn from_segment(segment: &Segment) -> Self {
        Self {
            seq0: segment.seq0.get(),
            t0: segment.t0.get(),
            index0: segment.index0,
            position0: segment.position0,
            rate: segment.rate.map(|rate| rate.to_string()),
            speed: segment.speed.to_string(),
            playing: segment.playing,
            show: false,
            range: None,
            by: segment.by.as_str().to_owned(),
        }
    }

    pub(super) fn into_segment(self) -> Result<Segment, SegmentProblem> {
        if let Some(problem) = self.unplayable() {
            return Err(SegmentProblem::Unplayable(problem));
        }
        self.parse().map_err(SegmentProblem::Invalid)
    }

    /// What this version cannot play in the segment.
    fn unplayable(&self) -> Option<String> {
        if self.speed.starts_with('-') {
            return Some(format!("its speed is {}", self.speed));
        }
        if let Some(RangeEntry { from, to }) = &self.range {
            return Some(format!("it plays only the range from {from} to {to} µs"));
        }
        self.show
            .then(|| "it shows a record while it is paused".to_owned())
    }

    fn parse(self) -> Result<Segment, String> {
        let rate = self.rate.as_deref().map(|rate| {
            let parsed = rate.parse::<Rate>();
            parsed.map_err(|error| format!("rate `{rate}`: {error}"))
        });
        Ok(Segment {
            seq0: seq(self.seq0)?,
            t0: Micros::new(self.t0),
            index0: self.index0,
            position0: self.position0,
            rate: rate.transpose()?,
            speed: self
                .speed
                .parse()
                .map_err(|error| format!("speed `{}`: {error}", self.speed))?,
            playing: self.playing,
            by: Author::new(&self.by).map_err(|error| error.to_string())?,
        })
    }
}

pub(super) fn seq(value: u64) -> Result<Seq, String> {
    Seq::new(value).ok_or_else(|| format!("`{value}` is beyond the largest seq"))
}

pub(super) fn digest(hex: &str) -> Result<[u8; 32], String> {
    let bytes = HEXLOWER.decode(hex.as_bytes());
    bytes
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("`{hex}` is not a SHA-256 digest"))
}

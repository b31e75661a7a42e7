//! The format of the journal: a header line with a checksum, then readable JSON.
//!
//! The content is validated like untrusted input: the checksum detects a torn file, not a wrong one.
//!
//! # Versions
//!
//! In every version the first line is `tickcast-journal VERSION CHECKSUM`; the checksum covers everything after that
//! line. From version 2 on, that is an object whose `version` repeats the one in the first line, so that a damaged
//! first line is not mistaken for a later version. Version 1 has only the topics; it is still read, and rewritten as
//! version 2.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::damage::{Damage, VERSION};
use crate::hub::Checkpoint;
use crate::protocol::{Author, Micros, Rate, Seq, TopicName};
use crate::timeline::{Segment, Timeline};

/// The first word of a journal.
const MAGIC: &str = "tickcast-journal";

/// The last checkpoint of each topic.
pub(super) type Checkpoints = BTreeMap<TopicName, Checkpoint>;

/// Everything after the first line. A later version may change `topics`, but not `version`.
#[derive(Debug, Serialize, Deserialize)]
struct JournalBody<Topics> {
    version: u32,
    topics: Topics,
}

/// The part of the body that all versions from 2 on share.
#[derive(Debug, Deserialize)]
struct VersionStamp {
    version: u32,
}

type TopicEntries = BTreeMap<String, TopicEntry>;

/// A topic's checkpoint in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    sha256: String,
    records: NonZeroU64,
    r#loop: bool,
    epoch: String,
    seq: u64,
    segments: Vec<SegmentEntry>,
}

/// A timeline segment in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentEntry {
    seq0: u64,
    t0: i64,
    index0: u64,
    /// A decimal as text, because a binary floating-point number would round it.
    rate: String,
}

/// Encodes `checkpoints`; equal checkpoints give equal bytes.
pub(super) fn encode(checkpoints: &Checkpoints) -> Vec<u8> {
    let topics: BTreeMap<_, _> = checkpoints
        .iter()
        .map(|(name, checkpoint)| (name.as_str(), TopicEntry::from_checkpoint(checkpoint)))
        .collect();
    let version = VERSION;
    let body = JournalBody { version, topics };
    let mut body = serde_json::to_vec_pretty(&body).expect("text keys and plain values");
    body.push(b'\n');
    let mut bytes = format!("{MAGIC} {VERSION} {}\n", checksum(&body)).into_bytes();
    bytes.extend(body);
    bytes
}

/// Decodes and validates the checkpoints in `bytes`.
pub(super) fn decode(bytes: &[u8]) -> Result<Checkpoints, Damage> {
    let entries = parse_entries(bytes)?;
    let checkpoint = |(name, entry): (String, TopicEntry)| {
        let topic = name.parse::<TopicName>().map_err(|error| error.to_string());
        topic
            .and_then(|topic| Ok((topic, entry.into_checkpoint()?)))
            .map_err(|problem| Damage::Topic { name, problem })
    };
    entries.into_iter().map(checkpoint).collect()
}

/// Parses the body after checking it against the first line.
fn parse_entries(bytes: &[u8]) -> Result<TopicEntries, Damage> {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let (head, body) = bytes.split_at(end.ok_or(Damage::NotAJournal)?);
    let head = str::from_utf8(head).map_err(|_| Damage::NotAJournal)?;
    let mut words = head.split(' ');
    if words.next() != Some(MAGIC) {
        return Err(Damage::NotAJournal);
    }
    let version = words.next().unwrap_or_default();
    let body = &body[1..];
    if !words.eq([checksum(body)]) {
        return Err(Damage::Checksum);
    }
    let malformed = |error: serde_json::Error| Damage::Malformed(error.to_string());
    let number = version
        .parse()
        .ok()
        .filter(|n: &u32| n.to_string() == version);
    match number {
        Some(1) => serde_json::from_slice(body).map_err(malformed),
        // A damaged first line may name any version, so it counts only if the body agrees.
        Some(number) if stamped_version(body) == Some(number) => match number {
            VERSION => serde_json::from_slice(body)
                .map(|body: JournalBody<TopicEntries>| body.topics)
                .map_err(malformed),
            newer if newer > VERSION => Err(Damage::Newer(newer)),
            _ => Err(Damage::VersionMismatch(version.to_owned())),
        },
        _ => Err(Damage::VersionMismatch(version.to_owned())),
    }
}

/// Returns the version that `body` names.
fn stamped_version(body: &[u8]) -> Option<u32> {
    let stamp: VersionStamp = serde_json::from_slice(body).ok()?;
    Some(stamp.version)
}

fn checksum(body: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(body))
}

impl TopicEntry {
    fn from_checkpoint(checkpoint: &Checkpoint) -> Self {
        let timeline = &checkpoint.timeline;
        Self {
            sha256: HEXLOWER.encode(&checkpoint.dataset_sha256),
            records: timeline.len(),
            r#loop: timeline.is_looping(),
            epoch: checkpoint.epoch.to_string(),
            seq: checkpoint.seq.get(),
            segments: timeline
                .segments()
                .iter()
                .map(SegmentEntry::from_segment)
                .collect(),
        }
    }

    fn into_checkpoint(self) -> Result<Checkpoint, String> {
        let digest = HEXLOWER.decode(self.sha256.as_bytes());
        let dataset_sha256: [u8; 32] = digest
            .ok()
            .and_then(|digest| digest.try_into().ok())
            .ok_or_else(|| format!("`{}` is not a SHA-256 digest", self.sha256))?;
        let segments: Result<_, _> = self
            .segments
            .into_iter()
            .map(SegmentEntry::into_segment)
            .collect();
        let timeline = Timeline::from_segments(segments?, self.records, self.r#loop)
            .map_err(|error| error.to_string())?;
        let epoch = timeline
            .epoch(&dataset_sha256)
            .filter(|epoch| epoch.as_str() == self.epoch)
            .ok_or_else(|| format!("`{}` is not the epoch of its timeline", self.epoch))?;
        let version = timeline.segments().len() as u64;
        let seq = seq(self.seq)?;
        if timeline.last().is_some_and(|last| last < seq) {
            return Err(format!(
                "publication {seq} is beyond the end of its timeline"
            ));
        }
        Ok(Checkpoint {
            dataset_sha256,
            epoch,
            timeline,
            version,
            seq,
        })
    }
}

impl SegmentEntry {
    fn from_segment(segment: &Segment) -> Self {
        Self {
            seq0: segment.seq0.get(),
            t0: segment.t0.get(),
            index0: segment.index0,
            rate: segment.rate.to_string(),
        }
    }

    fn into_segment(self) -> Result<Segment, String> {
        let rate: Result<Rate, _> = self.rate.parse();
        Ok(Segment {
            seq0: seq(self.seq0)?,
            t0: Micros::new(self.t0),
            index0: self.index0,
            rate: rate.map_err(|error| format!("rate `{}`: {error}", self.rate))?,
            playing: true,
            by: Author::configuration(),
        })
    }
}

fn seq(value: u64) -> Result<Seq, String> {
    Seq::new(value).ok_or_else(|| format!("`{value}` is beyond the largest seq"))
}

#[cfg(test)]
mod tests;

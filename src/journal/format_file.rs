//! The file `journal`: states the format of the journal, for this program and for older ones.
//!
//! In every version it is `tickcast-journal VERSION CHECKSUM`, followed by a body that the checksum covers. From
//! version 2 on, that is an object whose `version` repeats the one in the first line, so that a damaged first line is
//! not mistaken for a later version.
//!
//! In versions 1 and 2 the body has all topics, and the file was replaced at each write. From version 3 on, it names
//! the file with the entries and never changes. It stays because older programs read it: they report a later version
//! instead of damage, and do not start.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::damage::{Damage, TopicProblem, VERSION};
use super::entry::{Checkpoints, digest, seq};
use super::state_folder::ENTRIES;
use crate::hub::Checkpoint;
use crate::protocol::{Author, Micros, Rate, Speed, TopicName};
use crate::timeline::{Segment, Timeline};

/// The first word of the file.
const MAGIC: &str = "tickcast-journal";

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FormatFile {
    /// Versions 1 and 2: these are all topics.
    Checkpoints(Checkpoints),
    /// This version: the topics are in the file [`ENTRIES`].
    Entries,
}

/// Everything after the first line in this version.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    version: u32,
    entries: String,
}

/// Everything after the first line in version 2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionTwo {
    #[serde(rename = "version")]
    _version: u32,
    topics: OldTopics,
}

/// The part of the body that all versions from 2 on share.
#[derive(Debug, Deserialize)]
struct VersionStamp {
    version: u32,
}

type OldTopics = BTreeMap<String, OldTopic>;

/// A topic's checkpoint in versions 1 and 2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OldTopic {
    sha256: String,
    records: NonZeroU64,
    r#loop: bool,
    epoch: String,
    seq: u64,
    segments: Vec<OldSegment>,
}

/// A timeline segment in versions 1 and 2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OldSegment {
    seq0: u64,
    t0: i64,
    index0: u64,
    rate: String,
}

impl FormatFile {
    /// The content of the file in this version.
    pub(super) fn encode() -> Vec<u8> {
        let body = Reference {
            version: VERSION,
            entries: ENTRIES.to_owned(),
        };
        let body = serde_json::to_string_pretty(&body).expect("plain values") + "\n";
        format!("{MAGIC} {VERSION} {}\n{body}", checksum(body.as_bytes())).into_bytes()
    }

    /// Decodes and validates `bytes` like untrusted input: the checksum detects a torn file, not a wrong one.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
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
        decode_body(version, body)
    }
}

fn decode_body(version: &str, body: &[u8]) -> Result<FormatFile, Damage> {
    let number = version
        .parse()
        .ok()
        .filter(|number: &u32| number.to_string() == version);
    match number {
        Some(1) => old_checkpoints(serde_json::from_slice(body).map_err(malformed)?),
        // A damaged first line may name any version, so it counts only if the body agrees.
        Some(number) if stamped_version(body) == Some(number) => match number {
            2 => old_checkpoints(parse::<VersionTwo>(body)?.topics),
            VERSION if parse::<Reference>(body)?.entries == ENTRIES => Ok(FormatFile::Entries),
            newer if newer > VERSION => Err(Damage::Newer(newer)),
            _ => Err(Damage::VersionMismatch(version.to_owned())),
        },
        _ => Err(Damage::VersionMismatch(version.to_owned())),
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Damage> {
    serde_json::from_slice(body).map_err(malformed)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn malformed(error: serde_json::Error) -> Damage {
    Damage::Malformed(error.to_string())
}

/// Returns the version that `body` names.
fn stamped_version(body: &[u8]) -> Option<u32> {
    let stamp: VersionStamp = serde_json::from_slice(body).ok()?;
    Some(stamp.version)
}

fn checksum(body: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(body))
}

fn old_checkpoints(topics: OldTopics) -> Result<FormatFile, Damage> {
    let checkpoint = |(name, topic): (String, OldTopic)| {
        let parsed = name.parse::<TopicName>().map_err(|error| error.to_string());
        parsed
            .and_then(|parsed| Ok((parsed, topic.into_checkpoint()?)))
            .map_err(|problem| Damage::Topic(TopicProblem { name, problem }))
    };
    let checkpoints: Result<_, _> = topics.into_iter().map(checkpoint).collect();
    Ok(FormatFile::Checkpoints(checkpoints?))
}

impl OldTopic {
    /// The checkpoint as this version has it: each segment but the first was a change of the rate by a configuration.
    fn into_checkpoint(self) -> Result<Checkpoint, String> {
        let dataset_sha256 = digest(&self.sha256)?;
        let segments: Result<Vec<_>, _> = self
            .segments
            .into_iter()
            .map(OldSegment::into_segment)
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

impl OldSegment {
    fn into_segment(self) -> Result<Segment, String> {
        let rate: Result<Rate, _> = self.rate.parse();
        Ok(Segment {
            seq0: seq(self.seq0)?,
            t0: Micros::new(self.t0),
            index0: self.index0,
            position0: None,
            rate: Some(rate.map_err(|error| format!("rate `{}`: {error}", self.rate))?),
            speed: Speed::NORMAL,
            playing: true,
            by: Author::configuration(),
        })
    }
}

#[cfg(test)]
mod tests;

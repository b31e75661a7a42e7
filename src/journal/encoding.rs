//! The journal as bytes: a line that says what follows, with its checksum, and JSON that a person can read.
//!
//! What is read back is checked as if anybody had written it: a checksum tells a torn file, not a wrong one.
//!
//! # Versions
//!
//! In every version the first line is `tickcast-journal VERSION CHECKSUM`, and the checksum is of all that follows it.
//! From version 2 on that is an object whose `version` repeats the one in the first line, so that a damaged first line
//! is not mistaken for a later version. Version 1 has only the topics; it is still read, and written back as version 2.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU64;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Pasts;
use super::folder::Folder;
use crate::hub::{Past, Segment, Timeline};
use crate::protocol::{Micros, Rate, Seq, TopicName};

/// Why bytes are no journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// They do not begin as a journal does.
    NoJournal,
    /// The first line names another version than the body.
    Version(String),
    /// They are intact, and of a later version than this program knows.
    Newer(u32),
    /// They are more than a journal may have, and were not read; this is how many.
    TooLong(u64),
    /// The checksum does not match the bytes that follow it.
    Checksum,
    /// They are not JSON of the right shape.
    Malformed(String),
    /// What is said of this topic cannot be.
    Topic {
        /// The topic as it is spelled there.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

const NAME: &str = "tickcast-journal";
/// Of what follows the first line.
const VERSION: u32 = 2;

/// What follows the first line. In a later version `topics` may differ, but not `version`.
#[derive(Debug, Serialize, Deserialize)]
struct Body<Topics> {
    version: u32,
    topics: Topics,
}

/// What every version from 2 on says of itself.
#[derive(Debug, Deserialize)]
struct Seal {
    version: u32,
}

type Entries = BTreeMap<String, Entry>;

/// What is remembered of a topic, as it is spelled.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    sha256: String,
    records: NonZeroU64,
    r#loop: bool,
    epoch: String,
    seq: u64,
    segments: Vec<Stretch>,
}

/// A segment as it is spelled.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stretch {
    seq0: u64,
    t0: i64,
    index0: u64,
    /// A decimal in text, so that no binary fraction comes between.
    rate: String,
}

/// `pasts` as bytes; the same for the same.
pub(super) fn encode(pasts: &Pasts) -> Vec<u8> {
    let topics: BTreeMap<_, _> = pasts
        .iter()
        .map(|(name, past)| (name.as_str(), Entry::of(past)))
        .collect();
    let version = VERSION;
    let body = Body { version, topics };
    let mut body = serde_json::to_vec_pretty(&body).expect("text keys and plain values");
    body.push(b'\n');
    let mut bytes = format!("{NAME} {VERSION} {}\n", checksum(&body)).into_bytes();
    bytes.extend(body);
    bytes
}

/// What `bytes` remember.
pub(super) fn decode(bytes: &[u8]) -> Result<Pasts, Damage> {
    let entries = entries(bytes)?;
    let past = |(name, entry): (String, Entry)| {
        let topic = name.parse::<TopicName>().map_err(|error| error.to_string());
        topic
            .and_then(|topic| Ok((topic, entry.past()?)))
            .map_err(|problem| Damage::Topic { name, problem })
    };
    entries.into_iter().map(past).collect()
}

/// What is remembered as it is spelled, if the first line vouches for it.
fn entries(bytes: &[u8]) -> Result<Entries, Damage> {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let (head, body) = bytes.split_at(end.ok_or(Damage::NoJournal)?);
    let head = str::from_utf8(head).map_err(|_| Damage::NoJournal)?;
    let mut words = head.split(' ');
    if words.next() != Some(NAME) {
        return Err(Damage::NoJournal);
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
        // What came of damage to the first line is of another version, or of none.
        Some(number) if sealed_version(body) == Some(number) => match number {
            VERSION => serde_json::from_slice(body)
                .map(|body: Body<Entries>| body.topics)
                .map_err(malformed),
            newer if newer > VERSION => Err(Damage::Newer(newer)),
            _ => Err(Damage::Version(version.to_owned())),
        },
        _ => Err(Damage::Version(version.to_owned())),
    }
}

/// The version that `body` says it has.
fn sealed_version(body: &[u8]) -> Option<u32> {
    let seal: Seal = serde_json::from_slice(body).ok()?;
    Some(seal.version)
}

fn checksum(body: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(body))
}

impl Entry {
    fn of(past: &Past) -> Self {
        let timeline = &past.timeline;
        Self {
            sha256: HEXLOWER.encode(&past.dataset_sha256),
            records: timeline.len(),
            r#loop: timeline.is_looping(),
            epoch: past.epoch.to_string(),
            seq: past.seq.get(),
            segments: timeline.segments().iter().map(Stretch::of).collect(),
        }
    }

    fn past(self) -> Result<Past, String> {
        let digest = HEXLOWER.decode(self.sha256.as_bytes());
        let dataset_sha256: [u8; 32] = digest
            .ok()
            .and_then(|digest| digest.try_into().ok())
            .ok_or_else(|| format!("`{}` is no SHA-256", self.sha256))?;
        let segments: Result<_, _> = self.segments.into_iter().map(Stretch::segment).collect();
        let timeline = Timeline::restore(segments?, self.records, self.r#loop)
            .map_err(|error| error.to_string())?;
        let epoch = timeline.epoch(&dataset_sha256);
        if epoch.as_str() != self.epoch {
            return Err(format!("`{}` is not the epoch of its timeline", self.epoch));
        }
        let seq = seq(self.seq)?;
        if timeline.last().is_some_and(|last| last < seq) {
            return Err(format!("publication {seq} lies beyond its end"));
        }
        Ok(Past {
            dataset_sha256,
            epoch,
            timeline,
            seq,
        })
    }
}

impl Stretch {
    fn of(segment: &Segment) -> Self {
        Self {
            seq0: segment.seq0.get(),
            t0: segment.t0.get(),
            index0: segment.index0,
            rate: segment.rate.to_string(),
        }
    }

    fn segment(self) -> Result<Segment, String> {
        let rate: Result<Rate, _> = self.rate.parse();
        Ok(Segment {
            seq0: seq(self.seq0)?,
            t0: Micros::new(self.t0),
            index0: self.index0,
            rate: rate.map_err(|error| format!("rate `{}`: {error}", self.rate))?,
            playing: true,
        })
    }
}

fn seq(value: u64) -> Result<Seq, String> {
    Seq::new(value).ok_or_else(|| format!("`{value}` is beyond the largest seq"))
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoJournal => f.write_str("it does not begin as a journal does"),
            Self::Version(version) => write!(
                f,
                "its first line says version `{version}`, and what follows is of another one"
            ),
            Self::Newer(version) => write!(
                f,
                "it is of version {version}; this program knows {VERSION}"
            ),
            Self::TooLong(len) => write!(
                f,
                "it is {len} bytes long; a journal has at most {}",
                Folder::LEN_MAX
            ),
            Self::Checksum => f.write_str("its checksum is of other content"),
            Self::Malformed(problem) => f.write_str(problem),
            Self::Topic { name, problem } => write!(f, "topic `{name}`: {problem}"),
        }
    }
}

#[cfg(test)]
mod tests;

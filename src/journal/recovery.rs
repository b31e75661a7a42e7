//! Reads the file with the entries, and restores the checkpoints from them.
//!
//! # Interrupted appends and damage
//!
//! Entries are appended and synced one by one, so a crash leaves at most one incomplete line, the last. It is ignored,
//! and the journal is what the lines before it say. Everything else is damage, and nothing of the file is used:
//!
//! - a faulty line with an intact one after it, because what follows an append has been written later;
//! - a fault in the head or in the first entry, because a file has both before it gets its name;
//! - intact lines that contradict each other.
//!
//! If the last entry is damaged later, by a failing disk, that looks like an interrupted append; this entry is lost.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use super::damage::{Damage, TopicProblem};
use super::entry::{
    Checkpoints, Entry, ProposedSegments, SegmentEntry, SegmentProblem, TopicEntry, digest, seq,
};
use super::entry_line::EntryLines;
use crate::hub::Checkpoint;
use crate::protocol::TopicName;
use crate::timeline::{Segment, Timeline};

/// Returns the checkpoints that the file with the content `bytes` has.
pub(super) fn recover(bytes: &[u8]) -> Result<Checkpoints, Damage> {
    let mut lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let format = EntryLines::from_head(lines.next().unwrap_or_default())?;
    let mut recovery = Recovery::default();
    let mut number = 1;
    while let Some(line) = lines.next() {
        let Some(line) = format.check(line) else {
            let is_last = lines.all(|later| format.check(later).is_none());
            if number == 1 || !is_last {
                return Err(Damage::Entry(number));
            }
            break;
        };
        if line.number != number {
            let problem = format!("entry {} is in the place of entry {number}", line.number);
            return Err(Damage::Malformed(problem));
        }
        recovery.apply(number, line.entry()?)?;
        number += 1;
    }
    if number == 1 {
        return Err(Damage::Entry(1));
    }
    recovery.into_checkpoints()
}

/// The topics after some of the entries.
#[derive(Debug, Default)]
struct Recovery {
    topics: BTreeMap<String, RecoveredTopic>,
    /// The proposal in the entry before, with its number.
    proposal: Option<(u64, Vec<ProposedSegments>)>,
}

/// A topic after some of the entries. Its segments are valid one by one; whether they form a timeline is checked at the
/// end, once.
#[derive(Debug)]
struct RecoveredTopic {
    dataset_sha256: String,
    records: NonZeroU64,
    looping: bool,
    epoch: String,
    version: u64,
    seq: u64,
    /// All segments that were ever in force.
    segments: Vec<Segment>,
    /// How many of `segments` were dropped, from the oldest on.
    dropped: usize,
}

impl Recovery {
    fn apply(&mut self, number: u64, entry: Entry) -> Result<(), Damage> {
        let proposal = self.proposal.take();
        match entry {
            Entry::Topics(topics) => {
                for topic in topics {
                    let name = topic.name.clone();
                    let topic = RecoveredTopic::new(topic)?;
                    self.topics.insert(name, topic);
                }
            }
            Entry::Seq(newest) => {
                for (name, seq) in newest {
                    self.topic(number, &name)?.seq = seq;
                }
            }
            Entry::Propose(segments) => self.proposal = Some((number, segments)),
            Entry::Commit(proposed) => {
                let segments = proposal.filter(|(number, _)| *number == proposed);
                let (_, segments) = segments.ok_or_else(|| {
                    Damage::Malformed(format!("entry {number} commits no proposal"))
                })?;
                for topic in segments {
                    self.topic(number, &topic.name)?.extend(topic)?;
                }
            }
        }
        Ok(())
    }

    fn topic(&mut self, number: u64, name: &str) -> Result<&mut RecoveredTopic, Damage> {
        let unknown = || Damage::Malformed(format!("entry {number}: unknown topic `{name}`"));
        self.topics.get_mut(name).ok_or_else(unknown)
    }

    fn into_checkpoints(self) -> Result<Checkpoints, Damage> {
        let checkpoint = |(name, topic): (String, RecoveredTopic)| {
            let parsed = name.parse::<TopicName>().map_err(|error| error.to_string());
            parsed
                .and_then(|parsed| Ok((parsed, topic.into_checkpoint()?)))
                .map_err(|problem| Damage::Topic(TopicProblem { name, problem }))
        };
        self.topics.into_iter().map(checkpoint).collect()
    }
}

impl RecoveredTopic {
    fn new(topic: TopicEntry) -> Result<Self, Damage> {
        Ok(Self {
            dataset_sha256: topic.sha256,
            records: topic.records,
            looping: topic.r#loop,
            epoch: topic.epoch,
            version: topic.version,
            seq: topic.seq,
            segments: segments(&topic.name, 0, topic.segments)?,
            dropped: 0,
        })
    }

    fn extend(&mut self, proposed: ProposedSegments) -> Result<(), Damage> {
        let had = self.segments.len() - self.dropped;
        if proposed.dropped > had {
            return Err(Damage::Topic(TopicProblem {
                name: proposed.name,
                problem: format!("{} of {had} segments are dropped", proposed.dropped),
            }));
        }
        self.dropped += proposed.dropped;
        self.segments
            .extend(segments(&proposed.name, had, proposed.segments)?);
        self.version = proposed.version;
        Ok(())
    }

    fn into_checkpoint(self) -> Result<Checkpoint, String> {
        let Self {
            mut segments,
            dropped,
            ..
        } = self;
        segments.drain(..dropped);
        let timeline = Timeline::from_segments(segments, self.records, self.looping)
            .map_err(|error| error.to_string())?;
        let seq = seq(self.seq)?;
        if timeline.last().is_some_and(|last| last < seq) {
            return Err(format!(
                "publication {seq} is beyond the end of its timeline"
            ));
        }
        Ok(Checkpoint {
            dataset_sha256: digest(&self.dataset_sha256)?,
            epoch: self
                .epoch
                .parse()
                .map_err(|error| format!("`{}`: {error}", self.epoch))?,
            timeline,
            version: self.version,
            seq,
        })
    }
}

/// Parses the segments of the topic `name` that follow `before` others.
fn segments(name: &str, before: usize, entries: Vec<SegmentEntry>) -> Result<Vec<Segment>, Damage> {
    let parse = |(number, entry): (usize, SegmentEntry)| {
        let with_place = |problem| TopicProblem {
            name: name.to_owned(),
            problem: format!("segment {number}: {problem}"),
        };
        entry.into_segment().map_err(|problem| match problem {
            SegmentProblem::Invalid(problem) => Damage::Topic(with_place(problem)),
            SegmentProblem::Unplayable(problem) => Damage::Unplayable(with_place(problem)),
        })
    };
    (before + 1..).zip(entries).map(parse).collect()
}

#[cfg(test)]
mod tests;

//! [`Damage`]: why a journal cannot be used, as it is logged.

use std::fmt;

/// The version of the format that is written.
pub(super) const VERSION: u32 = 3;

/// The longest file of a journal in bytes: more than a million segments, at some 170 bytes each. A longer file was not
/// written by a hub, and is not read.
pub(super) const LEN_MAX: u64 = 256 * 1024 * 1024;

/// Why a file of the journal cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// The file does not start like a journal.
    NotAJournal,
    /// The first line and the body have different versions; this is that of the first line.
    VersionMismatch(String),
    /// The journal is intact, but of a later version than this program supports.
    Newer(u32),
    /// The file exceeds [`LEN_MAX`] and was not read; this is its length.
    TooLong(u64),
    /// The checksum does not match the body.
    Checksum,
    /// The file with the entries does not exist.
    NoEntries,
    /// This entry is damaged or incomplete, and that is not due to an append that was interrupted.
    Entry(u64),
    /// The content is not of the right shape.
    Malformed(String),
    /// What the journal says about a topic is invalid.
    Topic(TopicProblem),
    /// The journal is intact, but this version cannot play the timeline of a topic.
    Unplayable(TopicProblem),
}

/// What is wrong with a topic in the journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TopicProblem {
    /// The topic's name as it is in the file.
    pub(super) name: String,
    /// What is wrong.
    pub(super) problem: String,
}

impl Damage {
    /// The value of the field `reason` in the log.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::NotAJournal => "not_a_journal",
            Self::VersionMismatch(_) => "version_mismatch",
            Self::Newer(_) => "newer",
            Self::TooLong(_) => "too_long",
            Self::Checksum => "checksum",
            Self::NoEntries => "no_entries",
            Self::Entry(_) => "entry",
            Self::Malformed(_) => "malformed",
            Self::Topic(_) => "topic",
            Self::Unplayable(_) => "unplayable",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAJournal => f.write_str("it is not a tickcast journal"),
            Self::VersionMismatch(version) => write!(
                f,
                "its first line has version `{version}`, its body another one"
            ),
            Self::Newer(version) => write!(
                f,
                "it has version {version}; this program supports up to {VERSION}"
            ),
            Self::TooLong(len) => write!(f, "it is {len} bytes long; the limit is {LEN_MAX}"),
            Self::Checksum => f.write_str("its checksum does not match"),
            Self::NoEntries => {
                f.write_str("the file `journal.entries`, to which it refers, does not exist")
            }
            Self::Entry(number) => write!(f, "entry {number} is damaged"),
            Self::Malformed(problem) => f.write_str(problem),
            Self::Topic(problem) | Self::Unplayable(problem) => problem.fmt(f),
        }
    }
}

impl fmt::Display for TopicProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic `{}`: {}", self.name, self.problem)
    }
}

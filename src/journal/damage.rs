//! [`Damage`]: why a journal cannot be used, as it is logged.

use std::fmt;

/// The version of the format that is written.
pub(super) const VERSION: u32 = 2;

/// The longest journal in bytes: half a million rate changes at some 130 bytes per segment. A longer file was not
/// written by a hub, and is not read.
pub(super) const LEN_MAX: u64 = 64 * 1024 * 1024;

/// Why a journal cannot be used.
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
    /// The body is not JSON of the right shape.
    Malformed(String),
    /// The entry of a topic is invalid.
    Topic {
        /// The topic's name as it is in the file.
        name: String,
        /// What is wrong.
        problem: String,
    },
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
            Self::Malformed(problem) => f.write_str(problem),
            Self::Topic { name, problem } => write!(f, "topic `{name}`: {problem}"),
        }
    }
}

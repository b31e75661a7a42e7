//! [`IndexReport`]: how a large file was indexed, for people and for the log.

use std::fmt;
use std::time::Duration;

/// How a large file was indexed.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexReport {
    /// The length of the file, in bytes.
    pub bytes: u64,
    /// How long it took.
    pub duration: Duration,
    /// Where the index came from and is kept.
    pub sidecar: SidecarUse,
}

/// Where an index came from, and whether it is kept for the next start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SidecarUse {
    /// It was made, and is not kept.
    None,
    /// It was made, and is kept.
    Written,
    /// It was kept from an earlier start.
    Reused,
    /// The one that was kept could not be used, for this reason; a new one was made and is kept.
    Rebuilt(String),
    /// It was made, and cannot be kept, for this reason.
    Failed(String),
}

impl SidecarUse {
    /// The case in one word, for the log.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Written => "written",
            Self::Reused => "reused",
            Self::Rebuilt(_) => "rebuilt",
            Self::Failed(_) => "failed",
        }
    }

    /// The reason of a case that has one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Rebuilt(reason) | Self::Failed(reason) => Some(reason),
            Self::None | Self::Written | Self::Reused => None,
        }
    }
}

impl fmt::Display for IndexReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.duration.as_secs_f64();
        match &self.sidecar {
            SidecarUse::None => write!(f, "indexed in {seconds:.1} s"),
            SidecarUse::Written => {
                write!(
                    f,
                    "indexed in {seconds:.1} s; the index is kept for the next start"
                )
            }
            SidecarUse::Reused => write!(f, "with the index of an earlier start"),
            SidecarUse::Rebuilt(reason) => write!(
                f,
                "indexed again in {seconds:.1} s, because the index of an earlier start cannot be used: {reason}"
            ),
            SidecarUse::Failed(reason) => write!(
                f,
                "indexed in {seconds:.1} s; the next start will take as long, because the index cannot be kept: {reason}"
            ),
        }
    }
}

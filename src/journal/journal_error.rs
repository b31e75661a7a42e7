//! The error of a state folder that cannot be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the state folder cannot be used. The operator has to act; the remedy says how.
#[derive(Debug)]
pub enum JournalError {
    /// Another hub uses it.
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A later version of this program wrote the journal. It is not treated as damaged, because an operator who
    /// downgrades wants to keep the timelines.
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// The journal is intact, but has a timeline that only a later version of this program can play. It is not treated
    /// as damaged, for the same reason.
    Unplayable {
        /// The file.
        path: PathBuf,
        /// The topic, the segment, and what is special about it.
        problem: String,
    },
    /// A file of the journal is not a regular file but a FIFO, a device or a link. No hub creates such a thing, so it
    /// is not replaced.
    NotAFile {
        /// Its path.
        path: PathBuf,
        /// What it is, such as "a FIFO".
        kind: &'static str,
    },
    /// A file operation failed.
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// The file or folder concerned.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

impl JournalError {
    /// An operation on `path` in `folder` failed with `error`.
    #[must_use]
    pub fn unusable(folder: &Path, path: &Path, error: io::Error) -> Self {
        Self::Unusable {
            folder: folder.to_owned(),
            path: path.to_owned(),
            error,
        }
    }

    pub(super) fn locked(folder: &Path) -> Self {
        Self::Locked {
            folder: folder.to_owned(),
        }
    }

    /// The disk of `folder` does not respond.
    #[must_use]
    pub fn timed_out(folder: &Path) -> Self {
        Self::unusable(folder, folder, io::ErrorKind::TimedOut.into())
    }

    /// What the operator can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "stop the other hub, or set another folder for this one",
            Self::Newer { .. } | Self::Unplayable { .. } => {
                "run the later version, restore an older copy, or set another folder to start new timelines"
            }
            Self::NotAFile { .. } => {
                "move it away or put the file itself there, or set another folder to start new timelines"
            }
            Self::Unusable { .. } => {
                "check the folder's permissions and free space, or set another folder (\"\" disables the journal)"
            }
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { folder } => {
                write!(
                    f,
                    "another hub uses the state folder `{}`",
                    folder.display()
                )
            }
            Self::Newer { path, version } => write!(
                f,
                "a later version of tickcast wrote the journal `{}`: version {version}",
                path.display()
            ),
            Self::Unplayable { path, problem } => write!(
                f,
                "only a later version of tickcast can continue the timelines in `{}`: {problem}",
                path.display()
            ),
            Self::NotAFile { path, kind } => write!(
                f,
                "cannot use the state folder: `{}` is {kind} and must be a regular file",
                path.display()
            ),
            Self::Unusable {
                folder,
                path,
                error,
            } => {
                write!(f, "cannot use the state folder `{}`: ", folder.display())?;
                if path != folder {
                    write!(f, "`{}`: ", path.display())?;
                }
                error.fmt(f)
            }
        }
    }
}

impl std::error::Error for JournalError {}

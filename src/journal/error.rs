//! Why the state folder cannot be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A state folder that this hub cannot have.
#[derive(Debug)]
pub enum JournalError {
    /// Another hub has it.
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A later version of this program wrote the journal. It is neither understood nor taken for damaged: whoever goes
    /// back to an earlier version wants to keep the timelines.
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A file of the journal is not a regular file but a FIFO, a device or a link. The operator has to look at it,
    /// because no hub creates such a thing.
    NoFile {
        /// What is there.
        path: PathBuf,
        /// What it is, as in "a FIFO".
        kind: &'static str,
    },
    /// The system refuses something that the journal needs.
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// The file or folder that it is about.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

impl JournalError {
    /// The system refuses `path` in `folder`, for the reason of `error`.
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

    /// The disk of `folder` does not answer.
    #[must_use]
    pub fn stuck(folder: &Path) -> Self {
        Self::unusable(folder, folder, io::ErrorKind::TimedOut.into())
    }

    /// What the user can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "stop the other hub, or give this one a folder of its own",
            Self::Newer { .. } => {
                "start the later version again, put back a copy from before it, or name another folder to begin anew"
            }
            Self::NoFile { .. } => {
                "move it away or put the file itself there, or name another folder to start afresh"
            }
            Self::Unusable { .. } => {
                "let the hub's user write there and see that there is room, or name another folder (\"\" keeps nothing)"
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
            Self::NoFile { path, kind } => write!(
                f,
                "cannot use the state folder: `{}` is {kind}, and must be a file",
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

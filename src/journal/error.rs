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
    pub(super) fn unusable(folder: &Path, path: &Path, error: io::Error) -> Self {
        Self::Unusable {
            folder: folder.to_owned(),
            path: path.to_owned(),
            error,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "stop the other hub, or give this one a folder of its own",
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

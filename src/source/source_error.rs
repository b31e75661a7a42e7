//! [`SourceError`]: why records cannot be read.
//!
//! A file was valid when the hub opened it. If it cannot be read later, either the disk has a fault, which may pass, or
//! the file is not the same any more. The difference decides what a topic does: it retries after a fault, and it stops
//! once the file was changed, because what lies in the file now belongs to another timeline.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Why records cannot be read; the operator has to act.
#[derive(Debug, Clone)]
pub struct SourceError(Arc<Cause>);

#[derive(Debug)]
enum Cause {
    /// The operating system cannot read the file. May pass.
    Fault(io::Error),
    /// The file was changed after it was opened; what was seen of that.
    Changed(String),
}

impl SourceError {
    /// The file was changed after it was opened: replaced, truncated or deleted, or its bytes are no longer those that
    /// were indexed. `seen` says what was seen, as a clause such as `it has 812 bytes instead of 1024`.
    ///
    /// A source that has returned this once returns it for every later read of the same records; it never returns
    /// records of the changed file.
    #[must_use]
    pub fn changed(seen: impl Into<String>) -> Self {
        Self(Arc::new(Cause::Changed(seen.into())))
    }

    /// What was seen of the change, if the file was changed; `None` for a fault of the disk, which may pass.
    #[must_use]
    pub fn change(&self) -> Option<&str> {
        match &*self.0 {
            Cause::Changed(seen) => Some(seen),
            Cause::Fault(_) => None,
        }
    }

    /// Whether the file was changed, so that reading it again is pointless.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.change().is_some()
    }

    /// The error of the operating system; `None` if the file was changed.
    #[must_use]
    pub fn as_io(&self) -> Option<&io::Error> {
        match &*self.0 {
            Cause::Fault(error) => Some(error),
            Cause::Changed(_) => None,
        }
    }
}

impl From<io::Error> for SourceError {
    /// A fault of the disk, which may pass.
    fn from(error: io::Error) -> Self {
        Self(Arc::new(Cause::Fault(error)))
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Fault(error) => write!(f, "cannot read the dataset: {error}"),
            Cause::Changed(seen) => write!(f, "the dataset was changed while it plays: {seen}"),
        }
    }
}

impl std::error::Error for SourceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_and_a_fault_of_the_disk_are_different_errors() {
        let changed = SourceError::changed("it has 812 bytes instead of 1024");
        assert!(changed.is_changed() && changed.as_io().is_none());
        assert_eq!(
            changed.to_string(),
            "the dataset was changed while it plays: it has 812 bytes instead of 1024"
        );
        let fault = SourceError::from(io::Error::other("no such sector"));
        assert!(!fault.is_changed() && fault.change().is_none());
        assert_eq!(fault.to_string(), "cannot read the dataset: no such sector");
        assert!(fault.as_io().is_some());
    }
}

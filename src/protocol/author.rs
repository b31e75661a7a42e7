//! [`Author`]: who changed a timeline or a playout delay, as viewers and the journal see it.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The author of a change, such as `configuration`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author(Arc<str>);

/// The text is empty or too long for an [`Author`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorError;

impl Author {
    /// The longest name, in bytes: long enough for any token's label, and short enough for a log line.
    const LEN_MAX: usize = 256;

    /// The configuration file, at the start or by a reload.
    #[must_use]
    pub fn configuration() -> Self {
        Self("configuration".into())
    }

    /// The author called `name`.
    ///
    /// # Errors
    /// The name is empty or longer than 256 bytes.
    pub fn new(name: &str) -> Result<Self, AuthorError> {
        let is_valid = (1..=Self::LEN_MAX).contains(&name.len());
        is_valid.then(|| Self(name.into())).ok_or(AuthorError)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AuthorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the author of a change has 1 to {} bytes",
            Author::LEN_MAX
        )
    }
}

impl std::error::Error for AuthorError {}

impl Serialize for Author {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

//! [`StartError`]: why a hub cannot start.

use std::fmt;
use std::io;

use super::bind::BindError;
use crate::journal::JournalError;
use crate::settings::SettingsErrors;

/// Why a hub cannot start.
#[derive(Debug)]
pub enum StartError {
    /// A topic cannot be played as its settings say.
    Settings(SettingsErrors),
    /// A listener's address cannot be bound.
    Bind(BindError),
    /// The state folder cannot be used.
    Journal(JournalError),
    /// The system has no thread or no file descriptor left for the lanes, the producers or the journal.
    Threads(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(errors) => errors.fmt(f),
            Self::Bind(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::Threads(error) => write!(f, "cannot start the hub's threads: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<SettingsErrors> for StartError {
    fn from(errors: SettingsErrors) -> Self {
        Self::Settings(errors)
    }
}

impl From<BindError> for StartError {
    fn from(error: BindError) -> Self {
        Self::Bind(error)
    }
}

impl From<JournalError> for StartError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

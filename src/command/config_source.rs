//! [`ConfigSource`]: where the settings of a hub come from: a configuration, or the files that `play` was given.

use super::played_files::PlayedFiles;
use super::{Failure, load};
use crate::cli::HubOptions;
use crate::settings::Settings;
use crate::source::{self, Dataset};

/// Where the settings of a hub come from. A reload reads them from there again.
#[derive(Debug, Clone)]
pub(super) enum ConfigSource {
    /// The configuration file, and what overrides it.
    File(HubOptions),
    /// Files without a configuration.
    Files(Box<PlayedFiles>),
}

impl ConfigSource {
    /// Loads and validates the settings.
    pub(super) fn load(&self) -> Result<Settings, Failure> {
        match self {
            Self::File(options) => load(options),
            Self::Files(files) => files.settings(),
        }
    }

    /// Loads the dataset of each topic, in the order of the topics.
    pub(super) fn load_datasets(&self, settings: &Settings) -> Result<Vec<Dataset>, Failure> {
        match self {
            Self::File(_) => Ok(source::load_and_keep_indexes(settings)?),
            Self::Files(files) => files.load_datasets(settings),
        }
    }

    /// The files, without a configuration.
    pub(super) fn files(&self) -> Option<&PlayedFiles> {
        match self {
            Self::File(_) => None,
            Self::Files(files) => Some(files),
        }
    }
}

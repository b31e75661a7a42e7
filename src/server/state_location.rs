//! [`StateLocation`]: which folder a hub uses for its state: the configured one, or the default of earlier versions, in
//! which a journal is still used.

use std::path::{Path, PathBuf};

use crate::journal::{self, JournalError};
use crate::settings::{Settings, Start, TopicSettings};
use crate::source::SharedSource;

/// The state folder of a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateLocation {
    /// The folder; it may not exist yet.
    pub folder: PathBuf,
    /// The default that it takes the place of, if `folder` is the default of earlier versions.
    pub instead_of: Option<PathBuf>,
}

impl StateLocation {
    /// Finds the state folder of a hub with `settings`; `sources` are the records of its topics, in the same order.
    /// `None` if it keeps no state, because that is configured or because no topic has any.
    ///
    /// A journal in the former default folder is still used if it has a topic with the name and the records of one
    /// of these. Not if the default folder has a journal: this configuration has moved there.
    ///
    /// # Errors
    /// A later version of this program wrote the journal in the former default folder.
    pub fn find(
        settings: &Settings,
        sources: &[SharedSource],
    ) -> Result<Option<Self>, JournalError> {
        let state = &settings.state;
        if !settings.topics.iter().any(keeps_state) {
            return Ok(None);
        }
        let Some(folder) = state.dir.clone() else {
            return Ok(None);
        };
        let former = state.former_default.as_deref();
        let former = former.filter(|_| !journal::has_journal(&folder));
        let topics = || settings.topics.iter().zip(sources);
        Ok(Some(match former {
            Some(former) if has_one_of(former, topics)? => Self {
                folder: former.to_owned(),
                instead_of: Some(folder),
            },
            _ => Self {
                folder,
                instead_of: None,
            },
        }))
    }

    /// Checks that a hub could use the folder, without changing anything.
    ///
    /// # Errors
    /// It could not.
    pub fn check(&self) -> Result<(), JournalError> {
        journal::check_usable(&self.folder)
    }

    /// Logs that the folder is not where it would be by default.
    pub(super) fn log(&self) {
        let Some(default) = &self.instead_of else {
            return;
        };
        let (path, default) = (self.folder.display(), default.display());
        tracing::info!(
            event = "state.former",
            path = %path,
            default = %default,
            "the state in `{path}` is still used; to move it, stop the hub and move the folder to `{default}`"
        );
    }
}

fn keeps_state(topic: &TopicSettings) -> bool {
    topic.start == Start::FirstRun
}

/// Whether the journal in `folder` has a checkpoint of one of `topics` with the same records.
fn has_one_of<'a, T>(folder: &Path, topics: impl Fn() -> T) -> Result<bool, JournalError>
where
    T: Iterator<Item = (&'a TopicSettings, &'a SharedSource)>,
{
    journal::has_checkpoint(folder, |name, checkpoint| {
        let is_same = |(topic, source): (&TopicSettings, &SharedSource)| {
            keeps_state(topic)
                && topic.name == *name
                && *source.digest() == checkpoint.dataset_sha256
        };
        topics().any(is_same)
    })
}

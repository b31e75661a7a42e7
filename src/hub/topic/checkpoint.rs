//! The state of a topic that outlives the process, and how it was used at startup.

use super::Topic;
use crate::hub::{Checkpoint, Schedule, StartMode};

impl Topic {
    /// How the timeline started in this run.
    #[must_use]
    pub const fn start_mode(&self) -> &StartMode {
        &self.start_mode
    }

    /// The checkpoint for the next run; `None` if the configuration determines the timeline.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.checkpoint_with(&self.schedule.load())
    }

    /// The checkpoint as it would be with `schedule`, which may not be in force yet.
    #[must_use]
    pub fn checkpoint_with(&self, schedule: &Schedule) -> Option<Checkpoint> {
        (self.start_mode != StartMode::Configured).then(|| Checkpoint {
            dataset_sha256: *self.dataset.digest(),
            epoch: self.epoch.clone(),
            timeline: schedule.timeline().clone(),
            seq: self.published(),
        })
    }
}

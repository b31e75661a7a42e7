//! What is remembered of a topic beyond the process, and what it made of what was remembered.

use super::Topic;
use crate::hub::{Course, How, Past};

impl Topic {
    /// How its timeline began in this run.
    #[must_use]
    pub const fn how(&self) -> &How {
        &self.how
    }

    /// What the next run has to know, as it is now; `None` where the configuration tells all of it.
    #[must_use]
    pub fn memory(&self) -> Option<Past> {
        self.memory_on(&self.course.load())
    }

    /// The same, were it on `course`.
    #[must_use]
    pub fn memory_on(&self, course: &Course) -> Option<Past> {
        (self.how != How::Configured).then(|| Past {
            dataset_sha256: *self.dataset.digest(),
            epoch: self.epoch.clone(),
            timeline: course.timeline().clone(),
            seq: self.published(),
        })
    }
}

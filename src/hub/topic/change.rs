//! What may change about a topic while it runs.

use std::sync::Arc;

use super::Topic;
use crate::hub::course::{Course, Pace};
use crate::hub::manner::Manner;
use crate::protocol::{Micros, Rate};
use crate::settings;

impl Topic {
    /// The course that goes on at `rate` and `pace` from the instant `t` on; `None` where nothing is to change.
    #[must_use]
    pub fn course_at(&self, rate: Rate, pace: Pace, t: Micros) -> Option<Course> {
        let course = self.course.load();
        course.with_rate(rate, pace, self.published(), t)
    }

    /// Goes on with `course`; false if it comes too late, because a publication that it changes has been sent.
    #[must_use]
    pub fn adopt(&self, course: Course) -> bool {
        let _turn = self.take_turn();
        let is_in_time = self.published() < course.timeline().current().seq0;
        if is_in_time {
            self.course.store(Arc::new(course));
        }
        is_in_time
    }

    /// From now on treats its viewers as `settings` says. What those were told who are there, they keep.
    pub fn treat(&self, settings: &settings::Topic, recover_max: u64) {
        self.manner
            .store(Arc::new(Manner::of(settings, recover_max)));
    }
}

impl Pace {
    /// The pace that is configured.
    #[must_use]
    pub const fn of(settings: &settings::Topic) -> Self {
        Self {
            delay: settings.delay,
            coalesce: settings.coalesce,
        }
    }
}

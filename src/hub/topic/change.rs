//! What may change about a topic while it runs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Topic;
use crate::hub::course::{Course, Pace};
use crate::hub::manner::Manner;
use crate::protocol::{Micros, Rate, Seq};
use crate::settings;

impl Topic {
    /// Returns the course that goes on at `rate` and `pace` from the instant `t` on; `None` if nothing changes.
    ///
    /// From now on nothing is published that is due at `t` or later, until the course is [adopted](Self::adopt) or
    /// [given up](Self::give_up): the old and the new course agree on everything that viewers are sent until then.
    #[must_use]
    pub fn hold(&self, rate: Rate, pace: Pace, t: Micros) -> Option<Course> {
        let _turn = self.take_turn();
        let course = self.course.load();
        let course = course.with_rate(rate, pace, self.published(), t)?;
        self.held.store(t.get(), Ordering::Relaxed);
        Some(course)
    }

    /// Goes on with `course`, which [`Self::hold`] has made.
    pub fn adopt(&self, course: Course) {
        let _turn = self.take_turn();
        debug_assert!(self.published() < course.timeline().current().seq0);
        self.course.store(Arc::new(course));
        self.held.store(Self::NOT_HELD, Ordering::Relaxed);
    }

    /// Goes on as before [`Self::hold`].
    pub fn give_up(&self) {
        let _turn = self.take_turn();
        self.held.store(Self::NOT_HELD, Ordering::Relaxed);
    }

    /// What is due at `now` and may be published.
    #[must_use]
    pub fn due_now(&self, now: Micros) -> Seq {
        let last = self.held.load(Ordering::Relaxed).saturating_sub(1);
        self.timeline().due(now.min(Micros::new(last)))
    }

    /// When the next publication is due; in the far future while a change that would hold by then is still being
    /// written. `None` when the timeline is over.
    #[must_use]
    pub fn next_due(&self) -> Option<Micros> {
        let t = self.timeline().t(self.published().next())?;
        let is_held = t.get() >= self.held.load(Ordering::Relaxed);
        Some(if is_held { Micros::new(i64::MAX) } else { t })
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

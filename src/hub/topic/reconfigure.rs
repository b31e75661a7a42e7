//! Changes to a running topic: its schedule and its delivery policy.
//!
//! A new schedule takes effect in two steps, because it has to be journalled in between: it is prepared, which stops
//! publishing at the instant of the change, and then applied or discarded.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Topic;
use crate::hub::delivery_policy::DeliveryPolicy;
use crate::hub::schedule::{PlayoutSettings, Schedule};
use crate::protocol::{Micros, Rate, Seq};
use crate::settings;

impl Topic {
    /// Prepares the schedule that changes to `rate` and `playout` at the instant `t`; `None` if nothing changes.
    ///
    /// Until the schedule is [applied](Self::apply_schedule) or [discarded](Self::discard_schedule), nothing that is
    /// due at `t` or later is published. The old and the new schedule agree on everything before.
    #[must_use]
    pub fn prepare_schedule(
        &self,
        rate: Rate,
        playout: PlayoutSettings,
        t: Micros,
    ) -> Option<Schedule> {
        let _guard = self.lock_publish();
        let schedule = self.schedule.load();
        let schedule = schedule.with_rate(rate, playout, self.published(), t)?;
        self.hold_from.store(t.get(), Ordering::Relaxed);
        Some(schedule)
    }

    /// Switches to `schedule`, which [`prepare_schedule`](Self::prepare_schedule) has made.
    pub fn apply_schedule(&self, schedule: Schedule) {
        let _guard = self.lock_publish();
        debug_assert!(self.published() < schedule.timeline().current().seq0);
        self.schedule.store(Arc::new(schedule));
        self.hold_from.store(Self::NO_HOLD, Ordering::Relaxed);
    }

    /// Resumes with the old schedule after [`prepare_schedule`](Self::prepare_schedule).
    pub fn discard_schedule(&self) {
        let _guard = self.lock_publish();
        self.hold_from.store(Self::NO_HOLD, Ordering::Relaxed);
    }

    /// The last publication that is due at `now` and may be published.
    #[must_use]
    pub fn due_now(&self, now: Micros) -> Seq {
        let last = self.hold_from.load(Ordering::Relaxed).saturating_sub(1);
        self.timeline().due(now.min(Micros::new(last)))
    }

    /// When the next publication is due; in the far future if it is held back by a prepared schedule. `None` if the
    /// timeline has ended.
    #[must_use]
    pub fn next_due(&self) -> Option<Micros> {
        let t = self.timeline().t(self.published().next())?;
        let is_held = t.get() >= self.hold_from.load(Ordering::Relaxed);
        Some(if is_held { Micros::new(i64::MAX) } else { t })
    }

    /// Replaces the delivery policy. Connected viewers keep the labels and units of their `hello`.
    pub fn set_policy(&self, settings: &settings::TopicSettings, recover_max: u64) {
        self.policy.store(Arc::new(DeliveryPolicy::from_settings(
            settings,
            recover_max,
        )));
    }
}

impl PlayoutSettings {
    /// Returns the configured settings.
    #[must_use]
    pub const fn from_settings(settings: &settings::TopicSettings) -> Self {
        Self {
            delay: settings.delay,
            coalesce: settings.coalesce,
        }
    }
}

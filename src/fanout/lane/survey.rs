//! How far behind the viewers of a lane are, for monitoring: a few are looked at in a turn, all of them once a second.
//!
//! No viewer is asked by another thread, and none has a lock or a number of its own for it. A lane on which nothing
//! happens looks once more and then sleeps.

use std::time::Duration;

use super::Lane;
use crate::protocol::Micros;

/// A walk over all viewers of a lane, now and then.
#[derive(Debug)]
pub(super) struct Survey {
    /// Where a walk that is under way goes on.
    at: Option<usize>,
    /// When the next one may begin.
    due: Micros,
    /// Whether something may have changed since the last one began.
    is_wanted: bool,
}

impl Survey {
    /// Often enough to see a viewer before `max_lag` cuts it, and nothing beside what sending costs.
    const EVERY: Duration = Duration::from_secs(1);
    /// Viewers looked at in one turn: some microseconds, which no round notices.
    const LOOKS: usize = 256;

    pub(super) const fn begin(now: Micros) -> Self {
        Self {
            at: None,
            due: now,
            is_wanted: false,
        }
    }

    /// Something has happened on the lane.
    pub(super) const fn want(&mut self) {
        self.is_wanted = true;
    }

    /// Whether a walk is under way.
    pub(super) const fn is_under_way(&self) -> bool {
        self.at.is_some()
    }

    /// When the next walk begins, if there is to be one.
    pub(super) fn next(&self) -> Option<Micros> {
        self.is_wanted.then_some(self.due)
    }

    /// Where to go on, or to begin, at `now`.
    fn place(&mut self, now: Micros) -> Option<usize> {
        if self.at.is_none() && self.is_wanted && self.due <= now {
            (self.at, self.due) = (Some(0), now.after(Self::EVERY));
            self.is_wanted = false;
        }
        self.at
    }
}

impl Lane<'_> {
    /// Looks at the next few viewers, if it is time; after the last, their topics are told.
    pub(super) fn survey(&mut self) {
        let Some(at) = self.survey.place(self.shared.clock.now()) else {
            return;
        };
        let end = at + Survey::LOOKS;
        for key in at..end.min(self.viewers.capacity()) {
            if let Some(viewer) = self.viewers.get(key)
                && let Some(last) = viewer.last()
            {
                self.relays[viewer.relay as usize].see(viewer.form(), last);
            }
        }
        if end < self.viewers.capacity() {
            self.survey.at = Some(end);
            return;
        }
        self.survey.at = None;
        let mut is_anyone_behind = false;
        for (_, relay) in &mut self.relays {
            is_anyone_behind |= relay.tell_lag();
        }
        if is_anyone_behind {
            // It may catch up without anything else happening here.
            self.survey.want();
        }
    }
}

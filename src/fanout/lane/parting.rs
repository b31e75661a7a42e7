//! How a lane of a draining hub parts from its viewers: see `Drain` for the two steps.

use super::super::conversation::Parting;
use super::super::drain::Step;
use super::{Lane, id};

impl Lane<'_> {
    /// Takes the steps of the drain that have begun since the lane looked last.
    pub(super) fn keep_up_with_the_drain(&mut self) {
        let step = self.shared.drain.step();
        if step <= self.step {
            return;
        }
        self.step = step;
        if step == Step::Telling {
            self.begin_to_tell();
        } else {
            self.close_all();
        }
    }

    /// Schedules the `bye` of each viewer, by its timer.
    fn begin_to_tell(&mut self) {
        let now = self.shared.clock.now();
        let len = self.viewers.len();
        for (n, (_, viewer)) in self.viewers.iter_mut().enumerate() {
            let wait = self.shared.drain.wait_of(n, len);
            viewer.part_at(now.after(wait), Parting::Tell);
        }
        for id in self.ids() {
            self.set_alarm(id);
        }
    }

    /// Closes the viewers that are left all at once: the successor can start only when this hub has ended, so viewers
    /// that were closed earlier would only wait for the others.
    fn close_all(&mut self) {
        let now = self.shared.clock.now();
        let retry_ms = self.shared.drain.retry_ms();
        for id in self.ids() {
            if let Some(viewer) = self.viewers.get_mut(id as usize) {
                viewer.part(Parting::Close, retry_ms, now);
                self.serve(id);
            }
        }
        self.shared.drain.lane_has_closed();
    }

    fn ids(&self) -> Vec<u32> {
        self.viewers.iter().map(|(key, _)| id(key)).collect()
    }
}

//! How a lane applies the two phases of a drain to its viewers; `Drain` explains them.

use super::super::drain::DrainPhase;
use super::super::viewer_session::DrainAction;
use super::{Lane, slab_id};

impl Lane<'_> {
    /// Applies the current phase of the drain, if it has not been applied yet.
    pub(super) fn follow_drain(&mut self) {
        let phase = self.shared.drain.phase();
        if phase <= self.drain_phase {
            return;
        }
        self.drain_phase = phase;
        if phase == DrainPhase::Notifying {
            self.schedule_byes();
        } else {
            self.close_all();
        }
    }

    /// Schedules the `bye` of each viewer.
    fn schedule_byes(&mut self) {
        let now = self.shared.clock.now();
        let len = self.viewers.len();
        for (n, (_, viewer)) in self.viewers.iter_mut().enumerate() {
            let delay = self.shared.drain.bye_delay(n, len);
            viewer.schedule_drain_action(now.after(delay), DrainAction::SendBye);
        }
        for id in self.viewer_ids() {
            self.arm_timer(id);
        }
    }

    /// Closes the remaining viewers all at once. The successor can start only once this hub has exited, so viewers
    /// closed earlier would just wait for the others.
    fn close_all(&mut self) {
        let now = self.shared.clock.now();
        let retry_ms = self.shared.drain.retry_ms();
        for id in self.viewer_ids() {
            if let Some(viewer) = self.viewers.get_mut(id as usize) {
                viewer.apply_drain_action(DrainAction::Close, retry_ms, now);
                self.serve(id);
            }
        }
        self.shared.drain.report_lane_closed();
    }

    fn viewer_ids(&self) -> Vec<u32> {
        self.viewers.iter().map(|(key, _)| slab_id(key)).collect()
    }
}

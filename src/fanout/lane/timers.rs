//! The timers of a lane's viewers: heartbeats, closes and drain actions.

use super::Lane;
use crate::protocol::Micros;

impl Lane<'_> {
    /// Handles the timers that have expired.
    pub(super) fn expire_timers(&mut self) {
        let now = self.shared.clock.now();
        while let Some((at, due)) = self.timers.expire(now) {
            for id in due {
                self.on_timer(id, at, now);
            }
        }
    }

    /// Handles the timer of viewer `id` that was to expire at `at`.
    fn on_timer(&mut self, id: u32, at: Micros, now: Micros) {
        // Unread input may extend the deadline: after a stall of the hub, every viewer has some.
        self.read_and_serve(id);
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        let (timer_at, deadline) = viewer.timer_and_deadline();
        if *timer_at != at {
            // The entry is out of date: the timer was armed again, or the id belongs to another viewer by now.
            return;
        }
        *timer_at = Micros::new(i64::MAX);
        if deadline <= now {
            let retry_ms = self.shared.drain.retry_ms();
            if !viewer.on_timer(retry_ms, &mut self.ack_probe, now) {
                return self.remove(id);
            }
            // The kernel reports a socket writable only once a third of its buffer is free, which takes long on a slow
            // line.
            viewer.mark_writable();
        }
        self.arm_timer(id);
        self.serve(id);
    }

    /// Arms the viewer's timer.
    pub(super) fn arm_timer(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        let (timer_at, deadline) = viewer.timer_and_deadline();
        self.timers.arm(id, deadline, timer_at);
    }
}

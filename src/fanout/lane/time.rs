//! How a lane keeps the deadlines of its viewers.

use super::Lane;
use crate::protocol::Micros;

impl Lane<'_> {
    /// Does what is due by now.
    pub(super) fn keep_time(&mut self) {
        let now = self.shared.clock.now();
        while let Some((at, due)) = self.wheel.take(now) {
            for id in due {
                self.keep_deadline(id, at, now);
            }
        }
    }

    fn keep_deadline(&mut self, id: u32, at: Micros, now: Micros) {
        // What the viewer has said and nobody has read yet may put the deadline off: after a stall of the hub,
        // everybody has.
        self.read_and_serve(id);
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        let (alarm, deadline) = viewer.alarm_and_deadline();
        if *alarm != at {
            // It had an earlier deadline since, or it is another viewer by now.
            return;
        }
        *alarm = Micros::new(i64::MAX);
        if deadline <= now {
            let retry_ms = self.shared.drain.retry_ms();
            if !viewer.beat(retry_ms, &mut self.acknowledged, now) {
                return self.remove(id);
            }
            // The kernel says that a socket has room when a third of it is free, which on a slow line takes its time.
            viewer.unblock();
        }
        self.set_alarm(id);
        self.serve(id);
    }

    /// Has the wheel give the viewer out when its deadline comes.
    pub(super) fn set_alarm(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        let (alarm, deadline) = viewer.alarm_and_deadline();
        self.wheel.put(id, deadline, alarm);
    }
}

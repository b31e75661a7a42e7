//! How a lane serves those who are behind: a piece of the history each, after everybody who is live.

use super::{Lane, surroundings};

/// Viewers that are sent a piece of the history in one turn. A piece takes longer than a record.
const CATCH_UPS_MAX: usize = 32;

impl Lane<'_> {
    /// Gives some of those who are behind the next piece.
    pub(super) fn catch_up(&mut self) {
        for _ in 0..self.behind.len().min(CATCH_UPS_MAX) {
            if let Some(id) = self.behind.pop_front() {
                self.push_block(id);
                self.serve(id);
            }
        }
    }

    fn push_block(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        // One that has taken the id of another is not in the queue.
        if !std::mem::take(&mut viewer.is_queued) {
            return;
        }
        let (key, form) = (viewer.relay as usize, viewer.form());
        let surroundings = surroundings(&self.relays[key], form, self.shared);
        if let Some(range) = viewer.wants(surroundings)
            && let Some(unit) = self.relays[key].block(form, range, &mut self.encoder)
        {
            viewer.push_unit(&unit);
        }
    }
}

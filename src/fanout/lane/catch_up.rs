//! How a lane serves viewers that are behind or have a long message to get: a piece each, in the time that live viewers
//! leave.

use std::time::Duration;

use super::super::allowance::Allowance;
use super::{Lane, surroundings};

/// How long a turn goes on with pieces of the history. One may take microseconds or, long and compressed, milliseconds.
const CATCH_UP_FOR: Duration = Duration::from_millis(1);

impl Lane<'_> {
    /// Gives some of the viewers that are behind their next piece: only one of them while a round is under way, so that
    /// live viewers and these take turns.
    pub(super) fn catch_up(&mut self) {
        let is_in_round = self.relays.iter().any(|(_, relay)| relay.is_in_round());
        let until = self.shared.clock.now().after(CATCH_UP_FOR);
        // Viewers that are queued again during this loop have had their piece.
        for _ in 0..self.behind.len() {
            let Some(id) = self.behind.pop_front() else {
                return;
            };
            self.push_block(id);
            self.serve_within(id, Allowance::long());
            if is_in_round || self.shared.clock.now() >= until {
                return;
            }
        }
    }

    fn push_block(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        viewer.is_queued = false;
        let (key, form) = (viewer.relay as usize, viewer.form());
        let surroundings = surroundings(&self.relays[key], form, self.shared);
        if let Some(range) = viewer.wants(surroundings)
            && let Some(unit) = self.relays[key].block(form, range, &mut self.encoder)
        {
            viewer.push_unit(&unit);
        }
    }
}

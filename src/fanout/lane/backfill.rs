//! How a lane serves viewers that are behind or in the middle of a long message: one block each, in the time that live
//! viewers leave.

use std::time::Duration;

use super::super::write_queue::WriteBudget;
use super::{Lane, lane_context};

/// How long a turn spends on backfill before it ends. One block takes microseconds or, if long and compressed,
/// milliseconds.
const BACKFILL_TIME_MAX: Duration = Duration::from_millis(1);

impl Lane<'_> {
    /// Serves viewers of the backfill queue, one block each. During a sweep, it serves only one of them, so that live
    /// viewers and these take turns.
    pub(super) fn serve_backfill(&mut self) {
        let is_sweeping = self
            .topics
            .iter()
            .any(|(_, lane_topic)| lane_topic.is_sweeping());
        let until = self.shared.clock.now().after(BACKFILL_TIME_MAX);
        // Viewers that are queued again during this loop have had their block for this turn.
        for _ in 0..self.backfill_queue.len() {
            let Some(id) = self.backfill_queue.pop_front() else {
                return;
            };
            self.push_backfill_chunk(id);
            self.serve_within(id, WriteBudget::long());
            if is_sweeping || self.shared.clock.now() >= until {
                return;
            }
        }
    }

    /// Takes a viewer out of the queue, and queues the next block for it unless it still has other frames to write.
    fn push_backfill_chunk(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        viewer.is_queued = false;
        let (key, encoding) = (viewer.lane_topic as usize, viewer.encoding());
        let context = lane_context(&self.topics[key], encoding, self.shared);
        if let Some(range) = viewer.take_backfill_range(context)
            && let Some(chunk) = self.topics[key].backfill_chunk(encoding, range, &mut self.encoder)
        {
            viewer.push_chunk(&chunk);
        }
    }
}

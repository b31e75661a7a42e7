//! What happens to a viewer that does not keep up: when it counts as behind, how far behind it may be, and whether it
//! then skips publications or is closed.

use super::super::lane_context::LaneContext;
use super::super::pending_close::PendingClose;
use super::super::viewer_join::Encoding;
use super::Viewer;
use crate::hub::Topic;
use crate::protocol::message::{Gap, GapReason, Message};
use crate::protocol::{CloseReason, Micros, Seq};
use crate::settings::SlowPolicy;

impl Viewer {
    /// Marks the viewer as behind, unless it is already. The lag that it has at this moment is not its own fault: it
    /// joined behind, or the hub has stalled.
    pub(super) fn mark_behind(&mut self, topic: &Topic, newest: Seq, now: Micros) {
        if !std::mem::replace(&mut self.is_behind, true) {
            let lag = topic.lag(self.cursor.last(), newest);
            self.session.mark_behind(lag, now);
        }
    }

    /// Returns whether the viewer is further behind than it may be, and has been behind for longer than `max_lag`.
    pub(super) fn exceeds_max_lag(&self, context: LaneContext<'_>) -> bool {
        let (last, newest) = (self.cursor.last(), context.newest());
        let (topic, backlog) = (context.topic, self.session.backlog());
        topic.exceeds_max_lag(last, newest, backlog)
            && self.session.behind_for(context.clock.now()) > topic.max_lag()
    }

    /// Starts to close the viewer if it is too far behind and the policy is to disconnect.
    pub(super) fn enforce_max_lag(&mut self, context: LaneContext<'_>) {
        if !self.is_closing
            && self.is_closed_when_slow(context.topic)
            && self.exceeds_max_lag(context)
        {
            let close = PendingClose::new(CloseReason::Slow, context.clock.now());
            self.close(close, context.drain.retry_ms());
        }
    }

    /// Skips everything up to the newest publication, and queues the gap.
    pub(super) fn skip_to_live(&mut self, context: LaneContext<'_>) {
        let topic = context.topic;
        let (from, to) = (self.cursor.last().next(), context.newest());
        topic.metrics.gaps.add(1);
        self.cursor.skip_to(to);
        self.push_message(&Message::Gap(Gap {
            from: Some(from),
            to: Some(to),
            reason: GapReason::Slow,
        }));
    }

    fn is_closed_when_slow(&self, topic: &Topic) -> bool {
        self.encoding == Encoding::Bare || topic.slow_policy() == SlowPolicy::Disconnect
    }
}

//! `ViewerSubscription`: what belongs to one topic that a viewer is sent: its position in the log, and how far it may be
//! behind.
//!
//! Its frames go out over a [`ViewerConnection`](super::viewer_connection::ViewerConnection), which it does not know:
//! functions that queue frames take the connection's queue.
//!
//! ## Lagging
//!
//! A viewer may lag by `max_lag` through its own fault. Lag alone does not show whose fault it is: when the hub resumes
//! after a stall, all its viewers are suddenly far behind. So the lag that a viewer has when it falls behind, or when it
//! has waited for the hub, is granted on top, less what it has caught up on since.

use std::time::Duration;

use super::backfill::BackfillRange;
use super::control_messages::{self, Greeting};
use super::drain::Drain;
use super::frame_log::{FrameLog, LogLookup};
use super::ids::{GroupIndex, LaneTopicId};
use super::log_cursor::LogCursor;
use super::socket_writer::WriteQueue;
use super::viewer_join::Encoding;
use crate::clock::Clock;
use crate::hub::{
    Announcement, AnnouncementNumber, Feed, JoinPoint, PresenceGuard, ResumeRequest, Topic,
};
use crate::protocol::message::{Gap, GapReason, Message};
use crate::protocol::{CloseReason, Micros, Seq};
use crate::settings::SlowPolicy;

/// A viewer's subscription to one topic. What every flush touches is here; the rest is in the details.
#[derive(Debug)]
pub(super) struct ViewerSubscription {
    /// What has been sent of the topic.
    pub(super) cursor: LogCursor,
    /// Its topic on the lane.
    topic: LaneTopicId,
    encoding: Encoding,
    progress: Progress,
    /// The subscription is in the lane's backfill queue.
    pub(super) is_queued: bool,
    details: Box<SubscriptionDetails>,
}

/// The parts of a subscription that sending live publications does not touch.
#[derive(Debug)]
struct SubscriptionDetails {
    /// Its index in its group of the topic.
    group_index: GroupIndex,
    /// The part of the lag that the hub or a late join has caused, less what the viewer has caught up on since.
    backlog: Duration,
    /// When the viewer last fell behind, or was last kept waiting by the hub.
    behind_since: Micros,
    /// Counts the viewer as present on the topic.
    presence: PresenceGuard,
}

/// Whether a subscription is up to date, and what it waits for if it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Everything has been sent.
    UpToDate,
    /// The subscription has not been up to date since it joined behind, fell back on the history, or was blocked.
    Behind,
    /// The same, and its socket has blocked since the last block of the history.
    Blocked,
}

/// What a new subscription starts from.
#[derive(Debug)]
pub(super) struct SubscriptionStart<'a> {
    pub(super) topic: &'a Topic,
    /// The id of `topic` on the lane.
    pub(super) topic_id: LaneTopicId,
    pub(super) group_index: GroupIndex,
    pub(super) encoding: Encoding,
    pub(super) resume_request: &'a ResumeRequest,
    pub(super) presence: PresenceGuard,
    /// The viewers of the topic, this one included.
    pub(super) viewers: usize,
    /// What was sent of the topic before the viewer joined.
    pub(super) point: JoinPoint,
    pub(super) now: Micros,
}

/// The parts of a lane that are needed to serve a subscription.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneContext<'a> {
    /// The topic of the subscription.
    pub(super) topic: &'a Topic,
    /// The log of its group.
    pub(super) log: &'a FrameLog,
    pub(super) clock: &'a Clock,
    /// Determines when closed viewers should reconnect.
    pub(super) drain: &'a Drain,
}

impl ViewerSubscription {
    /// Creates a subscription, and queues its first messages.
    pub(super) fn new(start: SubscriptionStart<'_>, queue: &mut WriteQueue) -> Self {
        let (topic, newest, now) = (start.topic, start.point.newest, start.now);
        let (encoding, viewers) = (start.encoding, start.viewers);
        let outcome = encoding.resume_outcome(start.resume_request, topic, newest);
        let has_previous = start.resume_request.has_previous(outcome);
        let state = encoding
            .has_messages()
            .then(|| topic.join_state(start.point, outcome.after, now));
        let announced = state
            .as_ref()
            .map_or(AnnouncementNumber::NONE, |state| state.known);
        let mut subscription = Self {
            cursor: LogCursor::new(outcome.after, has_previous, announced),
            topic: start.topic_id,
            encoding,
            progress: Progress::UpToDate,
            is_queued: false,
            details: Box::new(SubscriptionDetails {
                group_index: start.group_index,
                backlog: Duration::ZERO,
                behind_since: now,
                presence: start.presence,
            }),
        };
        if has_previous {
            topic.metrics.recovered.add(1);
        }
        if outcome.after < newest {
            subscription.mark_behind(topic, newest, now);
        }
        if let Some(state) = &state {
            let greeting = Greeting {
                topic,
                outcome,
                newest,
                state,
                viewers,
                now,
            };
            control_messages::hello(encoding, &greeting, |frame| queue.push(frame));
        }
        subscription
    }

    /// The id of its topic on the lane.
    pub(super) const fn topic(&self) -> LaneTopicId {
        self.topic
    }

    pub(super) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(super) fn group_index(&self) -> GroupIndex {
        self.details.group_index
    }

    /// Records that the group has moved the subscription.
    pub(super) fn set_group_index(&mut self, index: GroupIndex) {
        self.details.group_index = index;
    }

    /// Records why the hub closes the connection. Otherwise the viewer counts as lost.
    pub(super) fn set_close_reason(&mut self, reason: CloseReason) {
        self.details.presence.set_close_reason(reason);
    }

    /// Returns whether the socket has blocked since the last block of the history, or since the subscription was last
    /// up to date.
    pub(super) fn was_blocked(&self) -> bool {
        self.progress == Progress::Blocked
    }

    /// Records that the socket accepts nothing for now.
    pub(super) fn mark_blocked(&mut self, context: LaneContext<'_>) {
        self.mark_behind(context.topic, context.newest(), context.clock.now());
        self.progress = Progress::Blocked;
    }

    /// Marks the subscription as behind, unless it is already. The lag that it has at this moment is not the viewer's
    /// fault: it joined behind, or the hub has stalled.
    fn mark_behind(&mut self, topic: &Topic, newest: Seq, now: Micros) {
        if self.progress == Progress::UpToDate {
            self.progress = Progress::Behind;
            self.details.backlog = topic.lag(self.cursor.last(), newest);
            self.details.behind_since = now;
        }
    }

    /// Records that everything has been sent.
    pub(super) fn mark_up_to_date(&mut self) {
        // Checked before the details are touched: most subscriptions were up to date before.
        if self.progress != Progress::UpToDate {
            self.progress = Progress::UpToDate;
            self.details.backlog = Duration::ZERO;
        }
    }

    /// Returns whether the viewer is further behind than it may be, and has been behind for longer than `max_lag`.
    pub(super) fn exceeds_max_lag(&self, context: LaneContext<'_>) -> bool {
        let LaneContext { topic, clock, .. } = context;
        let SubscriptionDetails {
            backlog,
            behind_since,
            ..
        } = *self.details;
        topic.exceeds_max_lag(self.cursor.last(), context.newest(), backlog)
            && clock.now().since(behind_since) > topic.max_lag()
    }

    /// Returns whether a viewer that is too far behind is closed; otherwise it skips publications.
    pub(super) fn is_closed_when_slow(&self, topic: &Topic) -> bool {
        self.encoding == Encoding::Bare || topic.slow_policy() == SlowPolicy::Disconnect
    }

    /// Skips everything up to the newest publication, and queues the gap. The announcements in between follow. Returns
    /// how many publications it has skipped.
    pub(super) fn skip_to_live(
        &mut self,
        context: LaneContext<'_>,
        reason: GapReason,
        queue: &mut WriteQueue,
    ) -> u64 {
        let (from, to) = (self.cursor.last().next(), context.newest());
        self.cursor.skip_to(to);
        let gap = Message::Gap(Gap {
            from: Some(from),
            to: Some(to),
            reason,
        });
        queue.push(control_messages::encode(self.encoding, &gap));
        (to.get() + 1).saturating_sub(from.get())
    }

    /// Queues the next announcement, which the log has dropped.
    pub(super) fn push_missed_announcement(
        &mut self,
        context: LaneContext<'_>,
        queue: &mut WriteQueue,
    ) {
        match context.topic.announcement_after(self.cursor.announced()) {
            Some(announcement) => self.push_announcement(&announcement, queue),
            // The topic has dropped it as well. The viewer continues with those to come.
            None => self.cursor.skip_announcements(context.log.announced()),
        }
    }

    /// Queues the next announcement if it was sent before the position. Returns whether it did.
    pub(super) fn push_due_announcement(
        &mut self,
        context: LaneContext<'_>,
        queue: &mut WriteQueue,
    ) -> bool {
        if self.cursor.announced() >= context.log.announced() {
            return false;
        }
        let announcement = context.topic.announcement_after(self.cursor.announced());
        let due = announcement.filter(|announcement| announcement.after <= self.cursor.last());
        if let Some(announcement) = &due {
            self.push_announcement(announcement, queue);
        }
        due.is_some()
    }

    fn push_announcement(&mut self, announcement: &Announcement, queue: &mut WriteQueue) {
        let frame = control_messages::encode(self.encoding, &announcement.message);
        self.cursor
            .push_announcement(announcement.number, frame, queue);
    }

    /// Returns whether one block of the history contains everything up to `to`.
    pub(super) const fn fits_one_block(&self, to: Seq) -> bool {
        to.get() - self.cursor.last().get() < Feed::BLOCK_LEN
    }

    /// Returns the range of the history to send next, if any, and adjusts the backlog.
    pub(super) fn take_backfill_range(
        &mut self,
        context: LaneContext<'_>,
    ) -> Option<BackfillRange> {
        let last = self.cursor.last();
        let LogLookup::NotInLog(to) = context.log.after(last, self.cursor.announced()) else {
            return None;
        };
        let lag = context.topic.lag(last, context.newest());
        let details = &mut self.details;
        // If its socket has not blocked since the last block, it was waiting for the hub.
        if std::mem::replace(&mut self.progress, Progress::Behind) == Progress::Blocked {
            details.backlog = details.backlog.min(lag);
        } else {
            details.backlog = lag;
            details.behind_since = context.clock.now();
        }
        let first = last.next();
        Some(BackfillRange { first, to })
    }
}

impl LaneContext<'_> {
    /// The newest publication in the log.
    pub(super) const fn newest(&self) -> Seq {
        self.log.next().previous()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_details_fit_the_allocators_size_class_of_48_bytes() {
        // The next class is 64 bytes (jemalloc(3), "IMPLEMENTATION NOTES"), for every viewer.
        let len = size_of::<SubscriptionDetails>();
        assert!(len <= 48, "{len}");
    }
}

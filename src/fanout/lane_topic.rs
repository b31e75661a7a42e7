//! `LaneTopic`: one topic on one lane.
//!
//! It reads the topic's channel, encodes each update once per encoding in use, and appends the chunks to the logs of
//! its viewer groups. It also counts what the lane has sent and how far its viewers lag. It knows viewers by their ids
//! only; the lane does the writing.

use std::sync::Arc;
use std::task::{Context, Waker};

use super::backfill_cache::BackfillCache;
use super::encoder::{Encoder, PendingChunks};
use super::frame_log::{Chunk, FrameLog};
use super::lag_scan::LagTracker;
use super::lane_waker::{LaneWaker, TopicWaker, WakeHandle};
use super::viewer_count::ViewerCount;
use super::viewer_group::ViewerGroup;
use super::viewer_join::Encoding;
use super::write_queue::SentTotals;
use crate::hub::{Feed, Topic};
use crate::protocol::Seq;
use crate::protocol::message::Message;

/// A topic that has viewers on this lane.
#[derive(Debug)]
pub(super) struct LaneTopic<R: WakeHandle> {
    /// The lane's only reader of the topic's channel.
    feed: Feed,
    /// Notified whenever the channel has something to read. [`Self::poll_feed`] returns at once unless it is.
    topic_waker: Arc<TopicWaker<R>>,
    /// `topic_waker` in the form that polling the feed takes.
    task_waker: Waker,
    /// The viewers of each encoding and the log that they share, at [`Encoding::index`].
    groups: [ViewerGroup; Encoding::COUNT],
    /// The history blocks requested last.
    backfill_cache: BackfillCache,
    /// Which viewer count the viewers were sent last. It covers all encodings with messages.
    viewer_count: ViewerCount,
    /// The state of the lane's scan for this topic.
    lag: LagTracker,
    /// What was written to sockets since the last [`Self::flush_counters`].
    pub(super) sent: SentTotals,
}

impl<R: WakeHandle> LaneTopic<R> {
    /// Creates the topic without viewers. It wakes the lane for each update of `feed`.
    pub(super) fn new(feed: Feed, lane: &Arc<LaneWaker<R>>) -> Self {
        let topic_waker = Arc::new(TopicWaker::new(Arc::clone(lane)));
        let lag = LagTracker::new(feed.topic().metrics.lag.shard());
        Self {
            feed,
            task_waker: Waker::from(Arc::clone(&topic_waker)),
            topic_waker,
            groups: [const { ViewerGroup::new() }; Encoding::COUNT],
            backfill_cache: BackfillCache::default(),
            viewer_count: ViewerCount::default(),
            lag,
            sent: SentTotals::default(),
        }
    }

    pub(super) const fn topic(&self) -> &Arc<Topic> {
        self.feed.topic()
    }

    pub(super) fn log(&self, encoding: Encoding) -> &FrameLog {
        self.groups[encoding.index()].log()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.iter().all(ViewerGroup::is_empty)
    }

    /// Adds a viewer whose `hello` said that the topic has `viewers`. Returns its index in its group.
    pub(super) fn add(&mut self, viewer: u32, encoding: Encoding, viewers: usize) -> u32 {
        if encoding.has_messages() {
            let is_empty = |encoding: &Encoding| self.groups[encoding.index()].is_empty();
            let is_only = Encoding::WITH_MESSAGES.iter().all(is_empty);
            self.viewer_count.on_join(viewers, is_only);
        }
        self.groups[encoding.index()].add(viewer, self.feed.next())
    }

    /// Returns the block of history that starts at the first publication of `range` and ends at the second or earlier,
    /// encoded as `encoding`.
    pub(super) fn backfill_chunk(
        &mut self,
        encoding: Encoding,
        range: (Seq, Seq),
        encoder: &mut Encoder,
    ) -> Option<Chunk> {
        let chunk = self
            .backfill_cache
            .get(self.feed.topic(), encoding, range, encoder)?;
        if encoding.has_messages() {
            self.viewer_count.on_backfill(chunk.first, chunk.last);
        }
        Some(chunk)
    }

    /// Removes a viewer; see [`ViewerGroup::remove`].
    pub(super) fn remove(&mut self, encoding: Encoding, index: u32) -> Option<(u32, bool)> {
        self.groups[encoding.index()].remove(index)
    }

    /// Reads the channel, if it has anything to read, and appends the encoded chunks to the logs.
    pub(super) fn poll_feed(&mut self, pending: &mut PendingChunks, encoder: &mut Encoder) {
        if !self.topic_waker.take_notified() {
            return;
        }
        let topic = Arc::clone(self.feed.topic());
        pending.next = self.groups.each_ref().map(ViewerGroup::next);
        let mut context = Context::from_waker(&self.task_waker);
        self.feed.poll(&mut context, |update| {
            pending.add_update(&topic, update, encoder)
        });
        self.append_viewer_count(pending);
        for (group, chunks) in self.groups.iter_mut().zip(&mut pending.chunks) {
            group.extend(chunks);
            chunks.clear();
            chunks.shrink_to(PendingChunks::CAPACITY_KEPT);
        }
    }

    /// Appends a `viewers` message to the last flush if the count has changed and an announcement is due. The message
    /// becomes part of the chunk, so it costs one read of a counter per flush and nothing per viewer.
    fn append_viewer_count(&mut self, pending: &mut PendingChunks) {
        let Some(last) = pending.last_flush() else {
            return;
        };
        if let Some(n) = self
            .viewer_count
            .take_announcement(self.topic().viewers(), last)
        {
            pending.append_message(&Message::Viewers { n });
        }
    }

    /// Returns whether a sweep of any group is in progress.
    pub(super) fn is_sweeping(&self) -> bool {
        self.groups.iter().any(ViewerGroup::is_sweeping)
    }

    /// Appends the next viewers of each group's sweep to `visits`, at most `most` per group, so that no group waits for
    /// another to finish.
    pub(super) fn advance_sweeps(&mut self, most: usize, visits: &mut Vec<u32>) {
        for group in &mut self.groups {
            group.advance_sweep(most, visits);
        }
    }

    /// Takes into account a viewer of `encoding` whose last publication is `last`.
    pub(super) fn observe(&mut self, encoding: Encoding, last: Seq) {
        let newest = self.log(encoding).next().previous();
        self.lag.observe(last, newest);
    }

    /// Ends a scan: reports the lag of the viewer that is furthest behind, and returns whether any viewer is behind.
    pub(super) fn report_lag(&mut self) -> bool {
        self.lag.report(self.feed.topic())
    }

    /// Adds what was written to sockets to the topic's counters.
    pub(super) fn flush_counters(&mut self) {
        let SentTotals {
            bytes,
            publications,
        } = std::mem::take(&mut self.sent);
        let metrics = &self.topic().metrics;
        metrics.bytes.add(bytes);
        metrics.delivered.add(publications);
    }
}

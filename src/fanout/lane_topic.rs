//! `LaneTopic`: one topic on one lane; and `LaneTopics`, all of them with what they share.
//!
//! A topic reads its channel, turns each update into one chunk per encoding in use, and appends the chunks to the logs of
//! its viewer groups. It also counts what the lane has sent and how far its viewers lag. It knows subscriptions by their ids
//! only; the lane does the writing.

use std::ops::{Index, IndexMut};
use std::sync::Arc;
use std::task::{Context, Waker};

use slab::Slab;

use super::backfill::{BackfillCache, BackfillRange, BlockLookup, BlockReads};
use super::delivery_sampler::{CompletedWrite, DeliverySampler, MeasuredPublication};
use super::encoder::{Encoder, PendingChunks};
use super::frame_log::FrameLog;
use super::ids::{GroupIndex, LaneTopicId, SubscriptionId};
use super::lag_scan::LagTracker;
use super::lane_waker::{LaneWaker, TopicWaker, WakeHandle};
use super::socket_writer::SentTotals;
use super::viewer_count::ViewerCount;
use super::viewer_group::{LapEdge, MovedSubscription, SweepVisit, ViewerGroup};
use super::viewer_join::Encoding;
use crate::hub::{AnnouncementNumber, Subscription, Topic, UpdateReader};
use crate::protocol::message::Message;
use crate::protocol::{Micros, Seq};
use crate::source::SourceError;

/// The topics that have at least one viewer on this lane.
#[derive(Debug)]
pub(super) struct LaneTopics<R: WakeHandle> {
    topics: Slab<LaneTopic<R>>,
    /// Buffers for reading a channel; empty between topics.
    pending: PendingChunks,
    /// Shared by all topics, for the memory of its compressor.
    encoder: Encoder,
}

/// A topic that has viewers on this lane.
#[derive(Debug)]
pub(super) struct LaneTopic<R: WakeHandle> {
    /// The lane's only reader of the topic's channel.
    reader: UpdateReader,
    /// Notified whenever the channel has something to read. [`Self::poll_updates`] returns at once unless it is.
    topic_waker: Arc<TopicWaker<R>>,
    /// `topic_waker` in the form that polling the channel takes.
    task_waker: Waker,
    /// The viewers of each encoding and the log that they share, at [`Encoding::index`].
    groups: [ViewerGroup; Encoding::COUNT],
    /// The history blocks requested last.
    backfill_cache: BackfillCache,
    /// The blocks of the history that are being read.
    block_reads: BlockReads,
    /// Which viewer count the viewers were sent last. It covers all encodings with messages.
    viewer_count: ViewerCount,
    /// The state of the lane's scan for this topic.
    lag: LagTracker,
    /// What was written to sockets since the last [`Self::flush_counters`].
    sent: SentTotals,
    /// Measures the deliveries of each encoding, at [`Encoding::index`]. `None` until it has had a viewer here.
    samplers: [Option<DeliverySampler>; Encoding::COUNT],
}

/// A visit of a sweep, and the group to which it belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupVisit {
    pub(super) visit: SweepVisit,
    topic: LaneTopicId,
    encoding: Encoding,
}

impl<R: WakeHandle> Default for LaneTopics<R> {
    fn default() -> Self {
        Self {
            topics: Slab::new(),
            pending: PendingChunks::default(),
            encoder: Encoder::default(),
        }
    }
}

impl<R: WakeHandle> Index<LaneTopicId> for LaneTopics<R> {
    type Output = LaneTopic<R>;

    fn index(&self, id: LaneTopicId) -> &LaneTopic<R> {
        &self.topics[id.key()]
    }
}

impl<R: WakeHandle> IndexMut<LaneTopicId> for LaneTopics<R> {
    fn index_mut(&mut self, id: LaneTopicId) -> &mut LaneTopic<R> {
        &mut self.topics[id.key()]
    }
}

impl<R: WakeHandle> LaneTopics<R> {
    /// Returns the id of the subscription's topic. If the lane does not have the topic yet, it starts reading from this
    /// subscription, and `lane` is woken for each update.
    ///
    /// Otherwise the subscription is dropped, and the lane's own reader serves the viewer as well, wherever it is. If it
    /// is ahead of the viewer, the log or the history has what is in between. If it is behind, the viewer's position is
    /// ahead of the log, which counts as having everything until the log has caught up.
    pub(super) fn join(
        &mut self,
        subscription: Subscription,
        lane: &Arc<LaneWaker<R>>,
    ) -> LaneTopicId {
        self.id_of(subscription.topic()).unwrap_or_else(|| {
            let lane_topic = LaneTopic::new(subscription.into_reader(), lane);
            LaneTopicId::from_key(self.topics.insert(lane_topic))
        })
    }

    /// Removes a topic that has no viewers on this lane any more, which unsubscribes from its channel.
    pub(super) fn remove_if_empty(&mut self, id: LaneTopicId) {
        if self[id].is_empty() {
            self[id].flush_counters();
            self.topics.remove(id.key());
        }
    }

    /// Reads the channels that have anything to read. Returns the topics that have just been closed.
    pub(super) fn poll_updates(&mut self) -> Vec<LaneTopicId> {
        let mut closed = Vec::new();
        for (key, lane_topic) in &mut self.topics {
            if lane_topic.poll_updates(&mut self.pending, &mut self.encoder) {
                closed.push(LaneTopicId::from_key(key));
            }
        }
        closed
    }

    /// Returns whether a sweep is in progress.
    pub(super) fn is_sweeping(&self) -> bool {
        self.topics
            .iter()
            .any(|(_, lane_topic)| lane_topic.is_sweeping())
    }

    /// Appends the next visits of all sweeps to `visits`, at most `most` per group, so that no group waits for another
    /// to finish.
    pub(super) fn advance_sweeps(&mut self, most: usize, visits: &mut Vec<GroupVisit>) {
        for (key, lane_topic) in &mut self.topics {
            lane_topic.advance_sweeps(LaneTopicId::from_key(key), most, visits);
        }
    }

    /// Records that the viewer of `visit`, at an edge of a lap, has been served at `now`.
    pub(super) fn on_lap_edge(&mut self, visit: GroupVisit, edge: LapEdge, now: Micros) {
        // Its last viewer may have left since.
        if let Some(lane_topic) = self.topics.get_mut(visit.topic.key())
            && let Some(sampler) = &mut lane_topic.samplers[visit.encoding.index()]
        {
            sampler.on_lap_edge(edge, now);
        }
    }

    /// Looks up the block of a topic's history at the start of `range`, encoded as `encoding`.
    ///
    /// # Errors
    /// The records of the block have just been read, without success.
    pub(super) fn backfill_block(
        &mut self,
        id: LaneTopicId,
        encoding: Encoding,
        range: BackfillRange,
    ) -> Result<BlockLookup, SourceError> {
        self.topics[id.key()].backfill_block(encoding, range, &mut self.encoder)
    }

    /// The id of `topic`; `None` if it has no viewers on this lane any more.
    pub(super) fn id_of(&self, topic: &Arc<Topic>) -> Option<LaneTopicId> {
        let mut topics = self.topics.iter();
        let known = topics.find(|(_, lane_topic)| Arc::ptr_eq(lane_topic.topic(), topic));
        known.map(|(key, _)| LaneTopicId::from_key(key))
    }

    /// Ends a scan: reports the lags to the topics, and returns whether any viewer is behind.
    pub(super) fn report_lags(&mut self) -> bool {
        let mut is_any_behind = false;
        for (_, lane_topic) in &mut self.topics {
            is_any_behind |= lane_topic.report_lag();
        }
        is_any_behind
    }

    /// Adds what was written to sockets to the topics' counters.
    pub(super) fn flush_counters(&mut self) {
        for (_, lane_topic) in &mut self.topics {
            lane_topic.flush_counters();
        }
    }
}

impl<R: WakeHandle> LaneTopic<R> {
    /// Creates the topic without viewers. It wakes the lane for each update of `reader`.
    fn new(reader: UpdateReader, lane: &Arc<LaneWaker<R>>) -> Self {
        let topic_waker = Arc::new(TopicWaker::new(Arc::clone(lane)));
        let lag = LagTracker::new(reader.topic().metrics.lag.shard());
        Self {
            reader,
            task_waker: Waker::from(Arc::clone(&topic_waker)),
            topic_waker,
            groups: [const { ViewerGroup::new() }; Encoding::COUNT],
            backfill_cache: BackfillCache::default(),
            block_reads: BlockReads::default(),
            viewer_count: ViewerCount::default(),
            lag,
            sent: SentTotals::default(),
            samplers: [const { None }; Encoding::COUNT],
        }
    }

    pub(super) const fn topic(&self) -> &Arc<Topic> {
        self.reader.topic()
    }

    pub(super) fn log(&self, encoding: Encoding) -> &FrameLog {
        self.groups[encoding.index()].log()
    }

    /// The ids of all subscriptions.
    pub(super) fn subscriptions(&self) -> Vec<SubscriptionId> {
        let groups = self.groups.iter();
        groups.flat_map(ViewerGroup::subscriptions).collect()
    }

    fn is_empty(&self) -> bool {
        self.groups.iter().all(ViewerGroup::is_empty)
    }

    /// Adds a subscription whose `hello` said that the topic has `viewers`. Returns its index in its group.
    pub(super) fn add(
        &mut self,
        id: SubscriptionId,
        encoding: Encoding,
        viewers: usize,
    ) -> GroupIndex {
        if encoding.has_messages() {
            let is_empty = |encoding: &Encoding| self.groups[encoding.index()].is_empty();
            let is_only = Encoding::WITH_MESSAGES.iter().all(is_empty);
            self.viewer_count.on_join(viewers, is_only);
        }
        let announced = if encoding.has_messages() {
            self.reader.announced()
        } else {
            AnnouncementNumber::NONE
        };
        let metrics = &self.reader.topic().metrics;
        self.samplers[encoding.index()]
            .get_or_insert_with(|| DeliverySampler::new(metrics, encoding));
        self.groups[encoding.index()].add(id, self.reader.next(), announced)
    }

    fn backfill_block(
        &mut self,
        encoding: Encoding,
        range: BackfillRange,
        encoder: &mut Encoder,
    ) -> Result<BlockLookup, SourceError> {
        let (topic, cache) = (self.reader.topic(), &mut self.backfill_cache);
        let mut lookup = cache.get(topic, encoding, range, encoder);
        if let BlockLookup::NotInMemory(block) = lookup
            && let Some(result) = self.block_reads.take(block)
        {
            lookup = cache.encode(topic, encoding, &result?, encoder);
        }
        if let BlockLookup::Encoded(chunk) = &lookup
            && encoding.has_messages()
        {
            self.viewer_count.on_backfill(chunk.first, chunk.last);
        }
        Ok(lookup)
    }

    /// The blocks of the history that are being read.
    pub(super) const fn block_reads(&mut self) -> &mut BlockReads {
        &mut self.block_reads
    }

    /// Removes a subscription; see [`ViewerGroup::remove`].
    pub(super) fn remove(
        &mut self,
        encoding: Encoding,
        index: GroupIndex,
    ) -> Option<MovedSubscription> {
        let group = &mut self.groups[encoding.index()];
        let moved = group.remove(index);
        if let Some(sampler) = &mut self.samplers[encoding.index()] {
            sampler.shrink_to(group.len());
        }
        moved
    }

    /// Reads the channel, if it has anything to read, and appends the encoded chunks to the logs. Returns whether the
    /// topic has just been closed.
    fn poll_updates(&mut self, pending: &mut PendingChunks, encoder: &mut Encoder) -> bool {
        if !self.topic_waker.take_notified() {
            return false;
        }
        let topic = Arc::clone(self.reader.topic());
        pending.next = self.groups.each_ref().map(ViewerGroup::next);
        let mut context = Context::from_waker(&self.task_waker);
        self.reader.poll(&mut context, |update| {
            pending.add_update(&topic, update, encoder)
        });
        self.append_viewer_count(pending);
        for (group, chunks) in self.groups.iter_mut().zip(&mut pending.chunks) {
            group.extend(chunks);
            chunks.clear();
            chunks.shrink_to(PendingChunks::CAPACITY_KEPT);
        }
        std::mem::take(&mut pending.is_closed)
    }

    /// Appends a `viewers` message to the last flush if the count has changed and an announcement is due. The message
    /// becomes part of the chunk, so it costs one read of a counter per flush and nothing per viewer.
    fn append_viewer_count(&mut self, pending: &mut PendingChunks) {
        let Some(last) = pending.last_flush() else {
            return;
        };
        if let Some(n) = self.viewer_count.take_message(self.topic().viewers(), last) {
            pending.append_message(&Message::Viewers { n });
        }
    }

    /// Returns whether a sweep of any group is in progress.
    fn is_sweeping(&self) -> bool {
        self.groups.iter().any(ViewerGroup::is_sweeping)
    }

    /// Appends the next visits of each group's sweep to `visits`, at most `most` per group. The topic is `own`.
    fn advance_sweeps(&mut self, own: LaneTopicId, most: usize, visits: &mut Vec<GroupVisit>) {
        for encoding in Encoding::ALL {
            let group = &mut self.groups[encoding.index()];
            group.advance_sweep(most, |visit| {
                visits.push(GroupVisit {
                    visit,
                    topic: own,
                    encoding,
                });
            });
        }
    }

    /// Takes into account a viewer of `encoding` whose last publication is `last`.
    pub(super) fn observe(&mut self, encoding: Encoding, last: Seq) {
        let newest = self.log(encoding).next().previous();
        self.lag.observe(self.reader.topic(), last, newest);
    }

    /// Ends a scan: reports what was observed, and returns whether any viewer is behind.
    fn report_lag(&mut self) -> bool {
        self.lag.report(self.reader.topic())
    }

    /// Counts what was written to a socket, until the next [`Self::flush_counters`].
    pub(super) const fn count(&mut self, sent: SentTotals) {
        self.sent.add(sent);
    }

    /// Returns whether the delivery of a write that has just completed is measured.
    pub(super) fn chooses_write(&mut self, encoding: Encoding) -> bool {
        let group = &self.groups[encoding.index()];
        let sampler = self.samplers[encoding.index()].as_mut();
        sampler.is_some_and(|sampler| sampler.choose(|| group.len()))
    }

    /// Measures the delivery of `write` at `now`. Publications that were due before the viewer joined do not count; when
    /// that was is not in the viewer's cache line, and so is read for measured writes only.
    #[cold]
    pub(super) fn measure_delivery(
        &self,
        encoding: Encoding,
        write: CompletedWrite,
        joined_at: Micros,
        now: Micros,
    ) {
        let Some(sampler) = &self.samplers[encoding.index()] else {
            return;
        };
        let feed = self.reader.topic().feed();
        for MeasuredPublication { seq, weight } in write.chosen() {
            if let Some(t) = feed.t(seq).filter(|t| *t >= joined_at) {
                sampler.record(t, now, weight);
            }
        }
    }

    /// Adds what was written to sockets to the topic's counters.
    fn flush_counters(&mut self) {
        let SentTotals {
            bytes,
            publications,
        } = std::mem::take(&mut self.sent);
        let metrics = &self.topic().metrics;
        metrics.bytes.add(bytes);
        metrics.delivered.add(publications);
    }
}

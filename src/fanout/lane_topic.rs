//! `LaneTopic`: one topic on one lane.
//!
//! It reads the topic's channel, encodes each update once per encoding in use, and appends the chunks to the logs of
//! its viewer groups. It also counts what the lane has sent and how far its viewers lag. It knows viewers by their ids
//! only; the lane does the writing.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::backfill_cache::BackfillCache;
use super::control_messages;
use super::encoder::Encoder;
use super::frame_log::{Chunk, FrameLog};
use super::lane_waker::{LaneWaker, TopicWaker, WakeHandle};
use super::viewer_count::ViewerCount;
use super::viewer_group::ViewerGroup;
use super::viewer_join::Encoding;
use super::write_queue::SentTotals;
use crate::hub::{Announcement, AnnouncementNumber, Topic, Update, UpdateReader};
use crate::metrics::MaxGaugeShard;
use crate::protocol::message::Message;
use crate::protocol::{Flush, Micros, Publication, Seq};

/// A topic that has viewers on this lane.
#[derive(Debug)]
pub(super) struct LaneTopic<R: WakeHandle> {
    /// The lane's only reader of the topic's channel.
    reader: UpdateReader,
    /// Notified whenever the channel has something to read. [`Self::poll_updates`] returns at once unless it is.
    topic_waker: Arc<TopicWaker<R>>,
    /// `topic_waker` in the form that polling the reader takes.
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
    /// Creates the topic without viewers. It wakes the lane for each update of `reader`.
    pub(super) fn new(reader: UpdateReader, lane: &Arc<LaneWaker<R>>) -> Self {
        let topic_waker = Arc::new(TopicWaker::new(Arc::clone(lane)));
        let lag = LagTracker {
            furthest_behind: None,
            gauge: reader.topic().metrics.lag.shard(),
        };
        Self {
            reader,
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
        self.reader.topic()
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
        let announced = if encoding.has_messages() {
            self.reader.announced()
        } else {
            AnnouncementNumber::NONE
        };
        self.groups[encoding.index()].add(viewer, self.reader.next(), announced)
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
            .get(self.reader.topic(), encoding, range, encoder)?;
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
    pub(super) fn poll_updates(&mut self, pending: &mut PendingChunks, encoder: &mut Encoder) {
        if !self.topic_waker.take_notified() {
            return;
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
        let behind = |(last, newest): (Seq, Seq)| newest.get().saturating_sub(last.get());
        let furthest = self.lag.furthest_behind.map_or(0, behind);
        if behind((last, newest)) > furthest {
            self.lag.furthest_behind = Some((last, newest));
        }
    }

    /// Ends a scan: reports the lag of the viewer that is furthest behind, and returns whether any viewer is behind.
    pub(super) fn report_lag(&mut self) -> bool {
        let furthest = self.lag.furthest_behind.take();
        let lag = furthest.map_or(Duration::ZERO, |(last, newest)| {
            self.topic().lag(last, newest)
        });
        self.lag.gauge.set(lag);
        furthest.is_some()
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

/// The greatest lag among the viewers observed so far in the current scan.
#[derive(Debug)]
struct LagTracker {
    /// The last publication of the viewer that is furthest behind, and the newest one at the time it was observed.
    furthest_behind: Option<(Seq, Seq)>,
    /// This lane's part of the topic's lag metric.
    gauge: MaxGaugeShard,
}

/// Chunks on their way from a channel to the logs, by encoding. The lane keeps one and reuses its buffers, so that an
/// update rarely allocates.
#[derive(Debug, Default)]
pub(super) struct PendingChunks {
    chunks: [Vec<Chunk>; Encoding::COUNT],
    /// The publication that the viewers of each encoding need next; `None` if there are no such viewers.
    next: [Option<Seq>; Encoding::COUNT],
}

impl PendingChunks {
    /// Chunks for which capacity is kept between polls; a burst beyond that is freed.
    const CAPACITY_KEPT: usize = 1_024;

    /// Encodes `update` for every encoding in use. Returns how many bytes were encoded or copied into a log.
    fn add_update(&mut self, topic: &Topic, update: Update, encoder: &mut Encoder) -> usize {
        match update {
            Update::Records { publication, flush } => {
                let mut len = self.add_publication(&publication);
                if let Some(flush) = flush {
                    for encoding in Encoding::WITH_MESSAGES {
                        len += self.add_flush(topic, &flush, encoding, encoder);
                    }
                }
                len
            }
            Update::State(announcement) | Update::End(announcement) => {
                self.add_announcement(&announcement);
                0
            }
        }
    }

    /// Adds an announcement, after everything that has been added before.
    fn add_announcement(&mut self, announcement: &Announcement) {
        for encoding in Encoding::WITH_MESSAGES {
            let Some(next) = self.next[encoding.index()] else {
                continue;
            };
            let chunks = &mut self.chunks[encoding.index()];
            chunks.push(Chunk {
                first: next,
                last: next.previous(),
                t: chunks.last().map_or(Micros::new(0), |chunk| chunk.t),
                jump_len: 0,
                announcement: Some(announcement.number),
                bytes: control_messages::encode(encoding, &announcement.message).into(),
            });
        }
    }

    /// Adds a record for bare viewers. If the channel has dropped older ones, the log has a hole, and viewers get that
    /// range from the history.
    fn add_publication(&mut self, publication: &Publication) -> usize {
        if self.claim(Encoding::Bare, publication.seq()).is_none() {
            return 0;
        }
        self.chunks[Encoding::Bare.index()].push(Chunk::from_publication(publication));
        publication.frame().owned_len()
    }

    /// Adds a flush for `encoding`, without the publications before the one that its group needs next.
    fn add_flush(
        &mut self,
        topic: &Topic,
        flush: &Flush,
        encoding: Encoding,
        encoder: &mut Encoder,
    ) -> usize {
        let Some(next) = self.claim(encoding, flush.last()) else {
            return 0;
        };
        let chunks = &mut self.chunks[encoding.index()];
        if flush.first() >= next {
            chunks.push(encoder.encode_flush(topic.epoch(), flush, encoding));
        } else {
            // If the records are not in memory, the log has a hole, and the viewers get them from the history.
            let rest = topic.feed().resident(next, flush.last());
            let encode = |records| encoder.encode_block(topic.epoch(), encoding, &records, true);
            chunks.extend(rest.and_then(encode));
        }
        // Longer flushes are neither copied nor compressed.
        flush.frames().bytes.len().min(Flush::DEFLATED_LEN_MAX)
    }

    /// The last publication of the last flush added for any encoding, and when it is due.
    fn last_flush(&self) -> Option<(Seq, Micros)> {
        let last = |encoding: Encoding| self.chunks[encoding.index()].last();
        let ends = Encoding::WITH_MESSAGES.into_iter().filter_map(last);
        let ends = ends.filter(|chunk| chunk.announcement.is_none());
        ends.map(|chunk| (chunk.last, chunk.t)).max()
    }

    /// Appends `message` to the last flush of each encoding.
    fn append_message(&mut self, message: &Message<'_>) {
        for encoding in Encoding::WITH_MESSAGES {
            if let Some(chunk) = self.chunks[encoding.index()].last_mut() {
                chunk.append(&control_messages::encode(encoding, message));
            }
        }
    }

    /// Returns the publication that viewers of `encoding` need next, and moves it past `last`; `None` if they need
    /// nothing up to `last`.
    fn claim(&mut self, encoding: Encoding, last: Seq) -> Option<Seq> {
        let next = self.next[encoding.index()].as_mut()?;
        (*next <= last).then(|| std::mem::replace(next, last.next()))
    }
}

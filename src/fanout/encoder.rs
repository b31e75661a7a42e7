//! `Encoder`: picks or makes the form of flushes and records for one encoding; and `PendingChunks`: what an update
//! becomes in every encoding in use.

use super::control_messages;
use super::frame_log::Chunk;
use super::viewer_count::FlushEnd;
use super::viewer_join::Encoding;
use crate::hub::{Announcement, Records, Topic, Update};
use crate::protocol::message::Message;
use crate::protocol::websocket::Deflater;
use crate::protocol::{Epoch, Flush, Micros, Publication, Seq};

/// A lane's encoder, with the state of its compressor.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// Allocated with the first viewer that needs it, because it takes 300 KiB.
    deflater: Option<Deflater>,
}

impl Encoder {
    /// Returns a flush for viewers of messages. Only the compressed and the SSE form are made here, unless another lane
    /// has done so.
    pub(super) fn encode_flush(
        &mut self,
        epoch: &Epoch,
        flush: &Flush,
        encoding: Encoding,
    ) -> Chunk {
        let encoded = match encoding {
            Encoding::V1Deflated => flush.deflated(self.deflater.get_or_insert_default()),
            Encoding::Sse => flush.events(epoch),
            Encoding::V1 | Encoding::Bare => flush.frames(),
        };
        Chunk {
            first: flush.first(),
            last: flush.last(),
            t: flush.t(),
            jump_len: encoded.jump_len,
            announcement: None,
            bytes: encoded.bytes.clone(),
        }
    }

    /// Encodes a block of history; `None` if it has no records. A block that is not shared by several viewers is not
    /// compressed: it would cost the lane more than it saves.
    pub(super) fn encode_block(
        &mut self,
        epoch: &Epoch,
        encoding: Encoding,
        records: &Records,
        is_shared: bool,
    ) -> Option<Chunk> {
        let encoding = match encoding {
            Encoding::V1Deflated if !is_shared => Encoding::V1,
            encoding => encoding,
        };
        if encoding.has_messages() {
            return Some(self.encode_flush(epoch, &records.flush()?, encoding));
        }
        let (first, last) = (records.due.first()?, records.due.last()?);
        Some(Chunk {
            first: first.seq,
            last: last.seq,
            t: last.t,
            jump_len: 0,
            announcement: None,
            bytes: records.frames(),
        })
    }
}

/// Chunks on their way from a channel to the logs, by encoding. The lane keeps one and reuses its buffers, so that an
/// update rarely allocates.
#[derive(Debug, Default)]
pub(super) struct PendingChunks {
    pub(super) chunks: [Vec<Chunk>; Encoding::COUNT],
    /// The publication that the viewers of each encoding need next; `None` if there are no such viewers.
    pub(super) next: [Option<Seq>; Encoding::COUNT],
    /// The topic is closed.
    pub(super) is_closed: bool,
}

impl PendingChunks {
    /// Chunks for which capacity is kept between polls; a burst beyond that is freed.
    pub(super) const CAPACITY_KEPT: usize = 1_024;

    /// Encodes `update` for every encoding in use. Returns how many bytes were encoded or copied into a log.
    pub(super) fn add_update(
        &mut self,
        topic: &Topic,
        update: Update,
        encoder: &mut Encoder,
    ) -> usize {
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
            Update::Closed => {
                self.is_closed = true;
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

    /// The end of the last flush added for any encoding.
    pub(super) fn last_flush(&self) -> Option<FlushEnd> {
        let is_flush = |chunk: &&Chunk| chunk.announcement.is_none();
        let last = |encoding: Encoding| self.chunks[encoding.index()].iter().rfind(is_flush);
        let ends = Encoding::WITH_MESSAGES.into_iter().filter_map(last);
        let ends = ends.map(|chunk| FlushEnd {
            last: chunk.last,
            t: chunk.t,
        });
        ends.max()
    }

    /// Appends `message` to the last flush of each encoding.
    pub(super) fn append_message(&mut self, message: &Message<'_>) {
        for encoding in Encoding::WITH_MESSAGES {
            let mut chunks = self.chunks[encoding.index()].iter_mut();
            if let Some(chunk) = chunks.rfind(|chunk| chunk.announcement.is_none()) {
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

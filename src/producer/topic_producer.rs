//! `TopicProducer`: publishes what is due of one topic.
//!
//! Knows nothing of the other topics on its thread. They wait for at most one turn, which has a bounded length.

use std::sync::Arc;

use super::prefetch::{Fetched, Prefetch};
use super::worker::{ProducerTask, Turn};
use crate::clock::Clock;
use crate::hub::Topic;
use crate::protocol::{DueRecord, Flush, Publication, Seq};
use crate::timeline::{Coalescer, NextDue};

/// The producer task of one topic.
#[derive(Debug)]
pub(super) struct TopicProducer {
    topic: Arc<Topic>,
    clock: Clock,
    prefetch: Prefetch,
    /// The flush that is being collected. `None` before the task is prepared and after a turn that panicked.
    pending: Option<CollectedFlush>,
}

/// Publications that will be sent together.
#[derive(Debug)]
struct CollectedFlush {
    /// Has seen all publications up to the last one sent.
    coalescer: Coalescer,
    /// The records of the flush, oldest first, as far as they have been read.
    records: Vec<DueRecord>,
    /// The record that is needed next. Not after the next publication: at the start, the flush may begin with
    /// publications that an earlier run has sent.
    next: Seq,
}

impl TopicProducer {
    /// Publications in one turn: about 0.3 ms for small records.
    const TURN_LEN_MAX: usize = 256;
    /// Bytes of frames after which a turn ends: about 0.1 ms of copying.
    const TURN_BYTES_MAX: usize = 256 * 1024;

    pub(super) const fn new(topic: Arc<Topic>, clock: Clock, prefetch: Prefetch) -> Self {
        Self {
            topic,
            clock,
            prefetch,
            pending: None,
        }
    }

    /// Publishes up to `due`, oldest first, within the limits of one turn.
    fn publish_due(&mut self, pending: &mut CollectedFlush, due: Seq) -> Turn {
        let mut bytes = 0;
        for _ in 0..Self::TURN_LEN_MAX {
            if pending.next > due {
                return Turn::Done;
            }
            let record = match self.prefetch.take(pending.next) {
                Fetched::Record(record) => record,
                Fetched::Reading => return Turn::Reading,
                Fetched::Failed => return Turn::Failed,
            };
            pending.next = record.seq.next();
            if record.seq <= self.topic.published() {
                // `Feed::coalescer` has seen it.
                pending.records.push(record);
                continue;
            }
            bytes += publish(&self.topic, pending, record);
            if bytes >= Self::TURN_BYTES_MAX {
                break;
            }
        }
        Turn::Interrupted
    }
}

impl ProducerTask for TopicProducer {
    fn name(&self) -> &str {
        self.topic.name().as_str()
    }

    fn prepare(&mut self) {
        self.pending
            .get_or_insert_with(|| CollectedFlush::new(&self.topic));
    }

    fn next_due(&self) -> NextDue {
        self.topic.next_due()
    }

    fn is_over(&self) -> bool {
        self.topic.closure().is_some()
    }

    fn run_turn(&mut self) -> Turn {
        let topic = Arc::clone(&self.topic);
        // Held while publishing, so that the timeline cannot change between computing and publishing.
        let _guard = topic.lock_publish();
        let now = self.clock.now();
        let NextDue::At(t) = topic.next_due() else {
            return Turn::Done;
        };
        if t > now {
            return Turn::Done;
        }
        topic.metrics.record_lateness(now.since(t));
        let pending = self.pending.take();
        let mut pending = pending.unwrap_or_else(|| CollectedFlush::new(&topic));
        let turn = self.publish_due(&mut pending, topic.feed().due(now));
        self.pending = Some(pending);
        topic.set_reading(matches!(turn, Turn::Reading | Turn::Failed));
        turn
    }

    fn log_ended(&self) {
        tracing::info!(
            event = "topic.ended",
            topic = self.name(),
            seq = self.topic.published().get(),
            "reached the end of the dataset, which does not loop"
        );
    }
}

impl CollectedFlush {
    fn new(topic: &Topic) -> Self {
        let coalescer = topic.feed().coalescer();
        let next = topic.published().next();
        Self {
            records: Vec::new(),
            next: coalescer
                .pending_first()
                .map_or(next, |first| first.min(next)),
            coalescer,
        }
    }

    /// Adds a record that is about to be published. Returns the flush if that completes it.
    fn push(&mut self, topic: &Topic, record: DueRecord) -> Option<Flush> {
        let (seq, len) = (record.seq, record.record.len());
        self.records.push(record);
        let first = topic.feed().coalesce(&mut self.coalescer, seq, len)?;
        let flush = Flush::encode(&self.records, topic.feed().jump_before(first));
        self.records.clear();
        Some(flush)
    }
}

/// Publishes `record`; returns the length of its frame in bytes.
fn publish(topic: &Topic, pending: &mut CollectedFlush, record: DueRecord) -> usize {
    let publication = Publication::encode(&record);
    let bytes = publication.frame().len();
    let flush = pending.push(topic, record);
    topic.publish(publication, flush);
    bytes
}

/// The load that `topic` puts on a thread, in publications of small records per second.
pub(super) fn weight(topic: &Topic) -> f64 {
    /// Copying this many bytes takes as long as everything else in a publication.
    const RECORD_LEN: usize = 4_096;
    /// The weight of a topic that publishes next to nothing, so that such topics are distributed evenly too.
    const WEIGHT_MIN: f64 = 0.001;
    let per_second = topic.feed().describe().per_second;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let records = 1.0 + topic.feed().mean_record_len() as f64 / RECORD_LEN as f64;
    WEIGHT_MIN + per_second * records
}

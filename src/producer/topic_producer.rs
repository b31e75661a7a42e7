//! `TopicProducer`: publishes what is due of one topic.
//!
//! Knows nothing of the other topics on its thread. They wait for at most one turn, which has a bounded length.

use std::sync::Arc;

use super::worker::{ProducerTask, Turn};
use crate::clock::Clock;
use crate::hub::{Coalescer, Topic, Update};
use crate::protocol::{Micros, Seq};

/// The producer task of one topic.
#[derive(Debug)]
pub(super) struct TopicProducer {
    topic: Arc<Topic>,
    clock: Clock,
    /// Contains all publications up to the last one sent. `None` before it is prepared and after a turn that panicked.
    coalescer: Option<Coalescer>,
}

impl TopicProducer {
    /// Publications in one turn: about 0.3 ms for small records.
    const TURN_LEN_MAX: usize = 256;
    /// Bytes of frames after which a turn ends: about 0.1 ms of copying.
    const TURN_BYTES_MAX: usize = 256 * 1024;

    pub(super) fn new(topic: Arc<Topic>, clock: Clock) -> Self {
        Self {
            topic,
            clock,
            coalescer: None,
        }
    }
}

impl ProducerTask for TopicProducer {
    fn name(&self) -> &str {
        self.topic.name().as_str()
    }

    fn prepare(&mut self) {
        self.coalescer.get_or_insert_with(|| self.topic.coalescer());
    }

    fn next_due(&self) -> Option<Micros> {
        self.topic.next_due()
    }

    fn run_turn(&mut self) -> Turn {
        let coalescer = self.coalescer.take();
        let mut coalescer = coalescer.unwrap_or_else(|| self.topic.coalescer());
        let turn = publish_batch(&self.topic, &self.clock, &mut coalescer);
        self.coalescer = Some(coalescer);
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

/// Publishes what is due now. Holds the lock, so that the schedule cannot change between computing and publishing.
fn publish_batch(topic: &Topic, clock: &Clock, coalescer: &mut Coalescer) -> Turn {
    let _guard = topic.lock_publish();
    let now = clock.now();
    let Some(t) = topic.next_due().filter(|t| *t <= now) else {
        return Turn::Done;
    };
    topic.metrics.lateness.record(now.since(t));
    publish_due(topic, coalescer, topic.due_now(now))
}

/// Publishes up to `due`, oldest first, within the limits of one turn.
fn publish_due(topic: &Topic, coalescer: &mut Coalescer, due: Seq) -> Turn {
    let mut bytes = 0;
    for _ in 0..TopicProducer::TURN_LEN_MAX {
        let next = topic.published().next();
        if next > due {
            return Turn::Done;
        }
        bytes += publish(topic, coalescer, next);
        if bytes >= TopicProducer::TURN_BYTES_MAX {
            break;
        }
    }
    Turn::Interrupted
}

/// Publishes `seq`; returns the length of its frame in bytes.
fn publish(topic: &Topic, coalescer: &mut Coalescer, seq: Seq) -> usize {
    let publication = topic.publication(seq).expect("what is due has an instant");
    let flush = topic
        .coalesce_next(coalescer, seq)
        .and_then(|first| topic.live_flush(first, seq));
    let bytes = publication.frame().len();
    topic.publish(Update {
        publication,
        flush: flush.map(Arc::new),
    });
    bytes
}

/// The load that `topic` puts on a thread, in publications of small records per second.
pub(super) fn weight(topic: &Topic) -> f64 {
    /// Copying this many bytes takes as long as everything else in a publication.
    const RECORD_LEN: usize = 4_096;
    /// The weight of a topic that publishes next to nothing, so that such topics are distributed evenly too.
    const WEIGHT_MIN: f64 = 0.001;
    let per_second = topic.timeline().current().rate.per_second();
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let records = 1.0 + mean_len(topic) as f64 / RECORD_LEN as f64;
    WEIGHT_MIN + per_second * records
}

/// The mean length of the records of `topic`, estimated from a sample spread over the dataset.
fn mean_len(topic: &Topic) -> usize {
    const SAMPLES: u64 = 64;
    let dataset = topic.dataset();
    let len = dataset.len().get();
    let count = SAMPLES.min(len);
    let lens = (0..count).map(|n| dataset.record(n * (len / count)).len());
    lens.sum::<usize>() / usize::try_from(count).unwrap_or(usize::MAX)
}

//! `Ticker`: the producer task of one topic, which publishes what is due.
//!
//! Knows its topic and nothing of the others on its thread. A turn is bounded, so that the others wait for at most one.

use std::sync::Arc;

use super::worker::{Turn, Work};
use crate::clock::Clock;
use crate::hub::{Gather, Topic, Wave};
use crate::protocol::{Micros, Seq};

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Ticker {
    topic: Arc<Topic>,
    clock: Clock,
    /// Which publications travel together; `None` before it is prepared, and after a turn that failed halfway.
    gather: Option<Gather>,
}

impl Ticker {
    /// Publications in one turn. Some 0.3 ms for small records, for which the others of the thread wait after a stall.
    const TURN_LEN_MAX: usize = 256;
    /// Bytes of frames in one turn, unless a single publication is longer: some 0.1 ms of copying.
    const TURN_BYTES_MAX: usize = 256 * 1024;

    pub(super) fn new(topic: Arc<Topic>, clock: Clock) -> Self {
        Self {
            topic,
            clock,
            gather: None,
        }
    }
}

impl Work for Ticker {
    fn name(&self) -> &str {
        self.topic.name().as_str()
    }

    fn prepare(&mut self) {
        self.gather.get_or_insert_with(|| self.topic.gather());
    }

    fn next_due(&self) -> Option<Micros> {
        self.topic.next_due()
    }

    fn turn(&mut self) -> Turn {
        let gather = self.gather.take();
        let mut gather = gather.unwrap_or_else(|| self.topic.gather());
        let turn = publish_in_turn(&self.topic, &self.clock, &mut gather);
        self.gather = Some(gather);
        turn
    }

    fn end(&self) {
        tracing::info!(
            event = "topic.ended",
            topic = self.name(),
            seq = self.topic.published().get(),
            "the dataset is over and does not loop"
        );
    }
}

/// Publishes what is due now, by the course that is in force while it does.
fn publish_in_turn(topic: &Topic, clock: &Clock, gather: &mut Gather) -> Turn {
    let _turn = topic.take_turn();
    let now = clock.now();
    let Some(t) = topic.next_due().filter(|t| *t <= now) else {
        return Turn::Done;
    };
    topic.counters.lateness.record(now.since(t));
    publish_due(topic, gather, topic.due_now(now))
}

/// Publishes everything up to `due`, oldest first, as far as a turn goes.
fn publish_due(topic: &Topic, gather: &mut Gather, due: Seq) -> Turn {
    let mut bytes = 0;
    for _ in 0..Ticker::TURN_LEN_MAX {
        let next = topic.published().next();
        if next > due {
            return Turn::Done;
        }
        bytes += publish(topic, gather, next);
        if bytes >= Ticker::TURN_BYTES_MAX {
            break;
        }
    }
    Turn::Cut
}

/// Publishes `seq`; returns the bytes of its frame.
fn publish(topic: &Topic, gather: &mut Gather, seq: Seq) -> usize {
    let publication = topic.publication(seq).expect("what is due has an instant");
    let flush = topic
        .gather_next(gather, seq)
        .and_then(|first| topic.live_flush(first, seq));
    let bytes = publication.frame().len();
    topic.publish(Wave {
        publication,
        flush: flush.map(Arc::new),
    });
    bytes
}

/// How much of a thread `topic` takes, in publications of small records a second.
pub(super) fn weight(topic: &Topic) -> f64 {
    /// Bytes that take as long to copy as everything else in a publication.
    const RECORD_LEN: usize = 4_096;
    /// The weight of a topic that publishes next to nothing, so that such topics are spread as well.
    const LEAST: f64 = 0.001;
    let per_second = topic.timeline().current().rate.per_second();
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let records = 1.0 + mean_len(topic) as f64 / RECORD_LEN as f64;
    LEAST + per_second * records
}

/// The mean length of a few records from all over the dataset of `topic`.
fn mean_len(topic: &Topic) -> usize {
    const SAMPLES: u64 = 64;
    let dataset = topic.dataset();
    let len = dataset.len().get();
    let count = SAMPLES.min(len);
    let lens = (0..count).map(|n| dataset.record(n * (len / count)).len());
    lens.sum::<usize>() / usize::try_from(count).unwrap_or(usize::MAX)
}

//! The producer: one task per topic that waits for the tick, takes what is due, and publishes it.
//!
//! The schedule is absolute. After a stall everything due goes out at once, each publication with its own
//! scheduled instant: a timeline has no holes. Being late is measured, never made up for by skipping.

use std::sync::Arc;

use crate::clock::{self, Alarm, Clock, Woken};
use crate::hub::{Gather, Topic, Wave};
use crate::protocol::Seq;

/// Publishes `topic` on the schedule of its timeline until `alarm` is rung. Blocks its thread.
pub fn run(topic: &Arc<Topic>, clock: &Clock, alarm: &Alarm) {
    clock::wake_exactly();
    let mut gather = topic.gather();
    while let Some(t) = topic.timeline().t(topic.published().next()) {
        if alarm.wait_until(clock, t) == Woken::Rung {
            return;
        }
        let now = clock.now();
        topic.counters.lateness.record(now.since(t));
        publish_due(topic, &mut gather, topic.timeline().due(now));
    }
    tracing::info!(
        event = "topic.ended",
        topic = topic.name().as_str(),
        seq = topic.published().get(),
        "the dataset is over and does not loop"
    );
}

/// Publishes everything up to `due`, oldest first.
fn publish_due(topic: &Topic, gather: &mut Gather, due: Seq) {
    /// Between bursts of this size the producer looks at its alarm again, so that it can be stopped in a stall
    /// of any length.
    const BURST_LEN_MAX: usize = 1_024;
    for _ in 0..BURST_LEN_MAX {
        let next = topic.published().next();
        if next > due {
            return;
        }
        publish(topic, gather, next);
    }
}

fn publish(topic: &Topic, gather: &mut Gather, seq: Seq) {
    let publication = topic.publication(seq).expect("what is due has an instant");
    let flush = topic
        .gather_next(gather, seq)
        .and_then(|first| topic.flush(first, seq));
    topic.publish(Wave {
        publication,
        flush: flush.map(Arc::new),
    });
}

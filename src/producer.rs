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
    while let Some(t) = topic.next_due() {
        match alarm.wait_until(clock, t) {
            Woken::Rung => return,
            // The course has changed.
            Woken::Called => {}
            Woken::Due => publish_in_turn(topic, clock, &mut gather),
        }
    }
    tracing::info!(
        event = "topic.ended",
        topic = topic.name().as_str(),
        seq = topic.published().get(),
        "the dataset is over and does not loop"
    );
}

/// Publishes what is due now, by the course that is in force while it does.
fn publish_in_turn(topic: &Topic, clock: &Clock, gather: &mut Gather) {
    let _turn = topic.take_turn();
    let now = clock.now();
    if let Some(t) = topic.next_due().filter(|t| *t <= now) {
        topic.counters.lateness.record(now.since(t));
        publish_due(topic, gather, topic.timeline().due(now));
    }
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
        .and_then(|first| topic.live_flush(first, seq));
    topic.publish(Wave {
        publication,
        flush: flush.map(Arc::new),
    });
}

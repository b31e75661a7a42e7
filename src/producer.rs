//! The producer: one task per topic that waits for the tick, takes what is due, and publishes it.
//!
//! The schedule is absolute. After a stall everything due goes out at once, each publication with its own
//! scheduled instant: a timeline has no holes. Being late is measured, never made up for by skipping.

use std::sync::Arc;

use crate::clock::{self, Alarm, Clock, Woken};
use crate::hub::Topic;
use crate::protocol::Seq;

/// Publishes `topic` on the schedule of its timeline until `alarm` is rung. Blocks its thread.
pub fn run(topic: &Arc<Topic>, clock: &Clock, alarm: &Alarm) {
    clock::wake_exactly();
    while let Some(t) = topic.timeline().t(topic.published().next()) {
        if alarm.wait_until(clock, t) == Woken::Rung {
            return;
        }
        let now = clock.now();
        topic.counters.lateness.record(now.since(t));
        publish_due(topic, topic.timeline().due(now));
    }
    topic.end();
    tracing::info!(
        event = "topic.ended",
        topic = topic.name().as_str(),
        seq = topic.published().get(),
        "the dataset is over and does not loop"
    );
}

/// Publishes everything up to `due`, oldest first.
fn publish_due(topic: &Topic, due: Seq) {
    /// Between waves of this size the producer looks at its alarm again, so that it can be stopped in a stall
    /// of any length.
    const WAVE_LEN_MAX: usize = 1_024;
    for _ in 0..WAVE_LEN_MAX {
        let next = topic.published().next();
        if next > due {
            return;
        }
        let publication = topic.publication(next).expect("what is due has an instant");
        topic.publish(publication);
    }
}

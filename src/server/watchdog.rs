//! The watchdog: tells the service manager that the hub is alive, only while it really is.
//!
//! Three things have to be: the runtime, which runs this; each lane, which wakes when it is called; and each producer,
//! which has published what was due. Whatever of them is stuck, nothing is told, and the service manager restarts the
//! hub.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::hub::Topic;
use crate::protocol::{Micros, Seq, TopicName};
use crate::routes::Context;
use crate::supervisor;

/// Says until `stop` that the hub is alive, twice in each `period`, for as long as it is.
pub(super) async fn run(context: Arc<Context>, period: Duration, stop: CancellationToken) {
    /// After a sign of life that failed to come, so that a hub that just woke is not taken for a dead one.
    const AGAIN_AFTER: Duration = Duration::from_millis(500);
    let beat_every = period / 2;
    let mut last = Signs::of(&context);
    let mut wait = beat_every.min(AGAIN_AFTER);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let signs = Signs::of(&context);
        wait = if signs.show_life_since(&last) {
            supervisor::alive();
            beat_every
        } else {
            beat_every.min(AGAIN_AFTER)
        };
        last = signs;
    }
}

/// What shows that the parts of the hub move.
#[derive(Debug)]
struct Signs {
    /// How often each lane had woken before it was called.
    turns: Vec<u64>,
    producers: Vec<Producer>,
}

#[derive(Debug)]
struct Producer {
    topic: TopicName,
    published: Seq,
    is_overdue: bool,
}

impl Signs {
    fn of(context: &Context) -> Self {
        let now = context.hub.clock().now();
        let topics = context.hub.topics();
        Self {
            turns: context.lanes.knock(),
            producers: topics
                .iter()
                .map(|topic| Producer::of(topic, now))
                .collect(),
        }
    }

    fn show_life_since(&self, before: &Self) -> bool {
        let has_woken = |(turns, before): (&u64, &u64)| turns > before;
        let is_keeping_up = |producer: &Producer| {
            let same = |other: &&Producer| other.topic == producer.topic;
            let published = before
                .producers
                .iter()
                .find(same)
                .map(|other| other.published);
            // One that makes up for a stall is alive.
            !producer.is_overdue || published.is_none_or(|before| before < producer.published)
        };
        self.turns.iter().zip(&before.turns).all(has_woken)
            && self.producers.iter().all(is_keeping_up)
    }
}

impl Producer {
    /// So late is no producer that runs, on the busiest machine.
    const LATE: Duration = Duration::from_secs(1);

    fn of(topic: &Topic, now: Micros) -> Self {
        let published = topic.published();
        // What waits for the disk is no fault of the producer.
        let due = topic.next_due();
        Self {
            topic: topic.name().clone(),
            published,
            is_overdue: due.is_some_and(|due| now.since(due) > Self::LATE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(turns: &[u64], producers: &[(u64, bool)]) -> Signs {
        let producer = |(n, (published, is_overdue)): (usize, &(u64, bool))| Producer {
            topic: format!("topic-{n}").parse().unwrap(),
            published: Seq::saturating(*published),
            is_overdue: *is_overdue,
        };
        Signs {
            turns: turns.to_vec(),
            producers: producers.iter().enumerate().map(producer).collect(),
        }
    }

    #[test]
    fn a_hub_whose_lanes_wake_and_whose_producers_keep_up_is_alive() {
        let before = signs(&[1, 1], &[(5, false), (0, false)]);
        assert!(signs(&[2, 9], &[(5, false), (0, false)]).show_life_since(&before));
        assert!(signs(&[2, 9], &[(6, false), (0, false), (0, true)]).show_life_since(&before));
    }

    #[test]
    fn a_lane_that_does_not_wake_is_no_sign_of_life() {
        let before = signs(&[1, 1], &[(5, false)]);
        assert!(!signs(&[2, 1], &[(6, false)]).show_life_since(&before));
    }

    #[test]
    fn a_producer_that_is_late_and_stands_still_is_no_sign_of_life() {
        let before = signs(&[1], &[(5, false), (7, false)]);
        assert!(!signs(&[2], &[(5, true), (8, false)]).show_life_since(&before));
        assert!(signs(&[2], &[(6, true), (8, false)]).show_life_since(&before));
    }
}

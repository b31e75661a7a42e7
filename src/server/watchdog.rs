//! The watchdog: reports to systemd that the hub is alive, as long as all of its parts make progress.
//!
//! The parts are the runtime, which runs this task; each lane, which has to wake when notified; each producer, which
//! has to publish what is due; and the journal's thread, which has to exist. If one of them is stuck, nothing is
//! reported, and systemd restarts the hub.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::AppState;
use crate::hub::Topic;
use crate::journal::JournalThread;
use crate::playback::Playback;
use crate::protocol::{Micros, Seq, TopicName};
use crate::systemd;

/// Checks twice per `period` whether the hub is alive, and reports it if so, until `stop`.
pub(super) async fn run(
    state: Arc<AppState>,
    playback: Arc<Playback>,
    period: Duration,
    stop: CancellationToken,
) {
    /// The wait after a failed check. Short, so that a hub that has just resumed from a pause is not restarted.
    const RETRY_AFTER: Duration = Duration::from_millis(500);
    let report_every = period / 2;
    let mut last = LivenessSnapshot::take(&state, &playback);
    let mut wait = report_every.min(RETRY_AFTER);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let snapshot = LivenessSnapshot::take(&state, &playback);
        wait = if snapshot.is_alive_since(&last) {
            systemd::notify_watchdog();
            report_every
        } else {
            report_every.min(RETRY_AFTER)
        };
        last = snapshot;
    }
}

/// The progress of all parts at one moment.
#[derive(Debug)]
struct LivenessSnapshot {
    /// How often each lane had woken, before this snapshot notified it.
    lane_wakeups: Vec<u64>,
    /// The journal's thread runs, or there is no journal.
    is_journal_running: bool,
    producers: Vec<ProducerLiveness>,
}

#[derive(Debug)]
struct ProducerLiveness {
    topic: TopicName,
    published: Seq,
    is_overdue: bool,
}

impl LivenessSnapshot {
    fn take(state: &AppState, playback: &Playback) -> Self {
        let now = state.hub.clock().now();
        let topics = state.hub.topics();
        Self {
            lane_wakeups: state.lanes.probe(),
            is_journal_running: playback.journal().is_none_or(JournalThread::is_running),
            producers: topics
                .iter()
                .map(|topic| ProducerLiveness::new(topic, now))
                .collect(),
        }
    }

    fn is_alive_since(&self, before: &Self) -> bool {
        let has_woken = |(wakeups, before): (&u64, &u64)| wakeups > before;
        let is_keeping_up = |producer: &ProducerLiveness| {
            let same = |other: &&ProducerLiveness| other.topic == producer.topic;
            let published = before
                .producers
                .iter()
                .find(same)
                .map(|other| other.published);
            // A producer that is catching up after a stall is alive.
            !producer.is_overdue || published.is_none_or(|before| before < producer.published)
        };
        self.is_journal_running
            && self
                .lane_wakeups
                .iter()
                .zip(&before.lane_wakeups)
                .all(has_woken)
            && self.producers.iter().all(is_keeping_up)
    }
}

impl ProducerLiveness {
    /// A healthy producer is never this late, even under overload.
    const OVERDUE_AFTER: Duration = Duration::from_secs(1);

    fn new(topic: &Topic, now: Micros) -> Self {
        let published = topic.published();
        // Not overdue while the topic waits for a disk: a restart would not help.
        let due = topic.next_expected();
        Self {
            topic: topic.name().clone(),
            published,
            is_overdue: due.is_some_and(|due| now.since(due) > Self::OVERDUE_AFTER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(wakeups: &[u64], producers: &[(u64, bool)]) -> LivenessSnapshot {
        let producer = |(n, (published, is_overdue)): (usize, &(u64, bool))| ProducerLiveness {
            topic: format!("topic-{n}").parse().unwrap(),
            published: Seq::saturating(*published),
            is_overdue: *is_overdue,
        };
        LivenessSnapshot {
            lane_wakeups: wakeups.to_vec(),
            is_journal_running: true,
            producers: producers.iter().enumerate().map(producer).collect(),
        }
    }

    #[test]
    fn a_hub_whose_lanes_wake_and_whose_producers_keep_up_is_alive() {
        let before = snapshot(&[1, 1], &[(5, false), (0, false)]);
        assert!(snapshot(&[2, 9], &[(5, false), (0, false)]).is_alive_since(&before));
        assert!(snapshot(&[2, 9], &[(6, false), (0, false), (0, true)]).is_alive_since(&before));
    }

    #[test]
    fn a_hub_with_a_lane_that_does_not_wake_is_not_alive() {
        let before = snapshot(&[1, 1], &[(5, false)]);
        assert!(!snapshot(&[2, 1], &[(6, false)]).is_alive_since(&before));
    }

    #[test]
    fn a_hub_whose_journal_has_died_is_not_alive() {
        let before = snapshot(&[1], &[]);
        let mut after = snapshot(&[2], &[]);
        assert!(after.is_alive_since(&before));
        after.is_journal_running = false;
        assert!(!after.is_alive_since(&before));
    }

    #[test]
    fn a_hub_with_a_producer_that_is_late_and_stuck_is_not_alive() {
        let before = snapshot(&[1], &[(5, false), (7, false)]);
        assert!(!snapshot(&[2], &[(5, true), (8, false)]).is_alive_since(&before));
        assert!(snapshot(&[2], &[(6, true), (8, false)]).is_alive_since(&before));
    }
}

//! [`LivenessSnapshot`]: the progress of all parts of the hub at one moment; two of them show which part is stuck.

use std::fmt;
use std::time::Duration;

use crate::app::AppState;
use crate::hub::Topic;
use crate::journal::JournalThread;
use crate::playback::Playback;
use crate::protocol::{Micros, Seq, TopicName};

/// A part of the hub that makes no progress.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standstill {
    /// The topic's newest publication is due only in the future, because the clock was set back between two runs.
    Clock(TopicName),
    /// The topic's producer does not publish what is due.
    Producer(TopicName),
    /// The lane with this number does not run.
    Lane(usize),
    /// The journal's thread has ended.
    Journal,
}

/// The progress of all parts at one moment.
#[derive(Debug)]
pub(super) struct LivenessSnapshot {
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
    /// Whether the clock is behind what has been published.
    waits_for_clock: bool,
}

impl Standstill {
    /// The kind and the name of the part, and the reason, for the log.
    pub(super) fn fields(&self) -> [String; 3] {
        let (part, name, reason) = match self {
            Self::Clock(topic) => ("topic", topic.to_string(), "clock"),
            Self::Producer(topic) => ("topic", topic.to_string(), "producer"),
            Self::Lane(number) => ("lane", number.to_string(), "lane"),
            Self::Journal => ("journal", "journal".to_owned(), "journal"),
        };
        [part.to_owned(), name, reason.to_owned()]
    }

    /// Whether a restart may help.
    pub(super) const fn is_stuck(&self) -> bool {
        !matches!(self, Self::Clock(_))
    }
}

impl fmt::Display for Standstill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock(topic) => write!(
                f,
                "topic `{topic}` waits until the wall clock reaches its newest record; set the clock right"
            ),
            Self::Producer(topic) => write!(f, "topic `{topic}` does not publish what is due"),
            Self::Lane(number) => write!(f, "lane {number} does not serve its viewers"),
            Self::Journal => f.write_str("the journal is not written"),
        }
    }
}

impl LivenessSnapshot {
    pub(super) fn take(state: &AppState, playback: &Playback) -> Self {
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

    /// Returns whether no part is stuck since `before`.
    pub(super) fn is_alive_since(&self, before: &Self) -> bool {
        !self.standstills_since(before).any(|part| part.is_stuck())
    }

    /// The parts that have made no progress since `before`.
    pub(super) fn standstills_since(&self, before: &Self) -> impl Iterator<Item = Standstill> {
        let wakeups = self.lane_wakeups.iter().zip(&before.lane_wakeups);
        let lanes = wakeups.enumerate().filter_map(|(number, (now, before))| {
            (now <= before).then_some(Standstill::Lane(number))
        });
        let producers = self
            .producers
            .iter()
            .filter_map(move |producer| producer.standstill_since(before));
        let journal = (!self.is_journal_running).then_some(Standstill::Journal);
        lanes.chain(producers).chain(journal)
    }
}

impl ProducerLiveness {
    /// A healthy producer is never this late, even under overload.
    const OVERDUE_AFTER: Duration = Duration::from_secs(1);

    fn new(topic: &Topic, now: Micros) -> Self {
        let published = topic.published();
        // Not overdue while the topic waits for a disk: a restart would not help.
        let due = topic.next_expected();
        let newest = topic.feed().t(published);
        Self {
            topic: topic.name().clone(),
            published,
            is_overdue: due.is_some_and(|due| now.since(due) > Self::OVERDUE_AFTER),
            waits_for_clock: newest.is_some_and(|t| t.since(now) > Self::OVERDUE_AFTER),
        }
    }

    fn standstill_since(&self, before: &LivenessSnapshot) -> Option<Standstill> {
        if self.waits_for_clock {
            return Some(Standstill::Clock(self.topic.clone()));
        }
        let same = |other: &&Self| other.topic == self.topic;
        let published = before
            .producers
            .iter()
            .find(same)
            .map(|other| other.published);
        // A producer that is catching up after a stall is alive.
        let is_keeping_up =
            !self.is_overdue || published.is_none_or(|before| before < self.published);
        (!is_keeping_up).then(|| Standstill::Producer(self.topic.clone()))
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
            waits_for_clock: false,
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

    #[test]
    fn a_topic_that_waits_for_the_clock_stands_still_but_is_not_stuck() {
        let before = snapshot(&[1], &[(5, false)]);
        let mut now = snapshot(&[2], &[(5, false)]);
        now.producers[0].waits_for_clock = true;
        let parts: Vec<_> = now.standstills_since(&before).collect();
        assert_eq!(parts, [Standstill::Clock("topic-0".parse().unwrap())]);
        assert!(now.is_alive_since(&before));
    }
}

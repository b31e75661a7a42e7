//! `ResumeRequest`: which publications a joining viewer asks for, and which of them it gets.
//!
//! Pure: decides from the [`StreamHead`] of the topic. Every position has an outcome, including one of another epoch or
//! one in the future.

use super::update::AnnouncementNumber;
use crate::protocol::message::{Gap, GapReason, StateView};
use crate::protocol::{Epoch, Position, Seq};

/// The publications that a joining viewer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResumeRequest {
    /// Everything after a position.
    Since(Position),
    /// This number of the newest publications.
    Last(u64),
    /// No request: the backfill of the topic.
    Unspecified,
}

/// The newest publication of a topic when a viewer joins, and the limits that apply to the viewer.
#[derive(Debug, Clone, Copy)]
pub struct StreamHead<'a> {
    /// The epoch of the topic.
    pub epoch: &'a Epoch,
    /// The last publication sent.
    pub seq: Seq,
    /// The oldest publication in the history; after `seq` if there are none.
    pub oldest: Seq,
    /// The number of newest publications that a viewer gets without a request.
    pub backfill: u64,
    /// The most publications that are sent before the viewer is live.
    pub recover_max: u64,
}

/// Where a viewer joins a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinPoint {
    /// The last publication that was sent before the first that the viewer gets live.
    pub newest: Seq,
    /// The last announcement before the first that the viewer gets live.
    pub announcement: AnnouncementNumber,
}

/// The timeline as a `hello` describes it.
#[derive(Debug)]
pub struct JoinState {
    /// The state in force.
    pub current: StateView,
    /// The state in force at the instant that the viewer draws first, and every later one.
    pub states: Vec<StateView>,
    /// The last announcement that the viewer does not need any more.
    pub known: AnnouncementNumber,
}

/// What a viewer gets for its [`ResumeRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeOutcome {
    /// Whether everything that was asked for follows; `None` without a request.
    pub recovered: Option<bool>,
    /// The publications that were asked for and do not follow.
    pub gap: Option<Gap>,
    /// The publication before the first that follows.
    pub after: Seq,
}

impl ResumeRequest {
    /// Decides what the viewer gets of a topic at `head`.
    #[must_use]
    pub fn resolve(&self, head: StreamHead<'_>) -> ResumeOutcome {
        let seq = head.seq;
        match self {
            Self::Unspecified => ResumeOutcome {
                recovered: None,
                gap: None,
                after: head.default_start(),
            },
            Self::Last(count) => head.recover(rewind(seq, *count)),
            Self::Since(position) if position.epoch != *head.epoch => {
                head.unrecoverable(GapReason::Epoch)
            }
            Self::Since(position) if position.seq > seq => head.unrecoverable(GapReason::Future),
            Self::Since(position) => head.recover(position.seq),
        }
    }

    /// Whether the viewer already has the publication before the first that follows.
    #[must_use]
    pub fn has_previous(&self, outcome: ResumeOutcome) -> bool {
        matches!(self, Self::Since(_)) && outcome.recovered == Some(true)
    }
}

impl StreamHead<'_> {
    fn default_start(&self) -> Seq {
        self.rewind(self.backfill.min(self.recover_max))
    }

    /// The sequence number `count` before the head, at least the one before the oldest publication in the history.
    fn rewind(&self, count: u64) -> Seq {
        rewind(self.seq, count).max(self.oldest.previous())
    }

    /// Everything after `after`, but at most `recover_max` publications.
    fn recover(&self, after: Seq) -> ResumeOutcome {
        let furthest = self.rewind(self.recover_max);
        let gap = (after < furthest).then(|| Gap {
            from: Some(after.next()),
            to: Some(furthest),
            reason: GapReason::Expired,
        });
        ResumeOutcome {
            recovered: Some(gap.is_none()),
            gap,
            after: after.max(furthest),
        }
    }

    /// The position does not belong to this timeline: the viewer is served like one without a request.
    fn unrecoverable(&self, reason: GapReason) -> ResumeOutcome {
        ResumeOutcome {
            recovered: Some(false),
            gap: Some(Gap {
                from: None,
                to: None,
                reason,
            }),
            after: self.default_start(),
        }
    }
}

/// The sequence number `count` before `seq`, at least 0.
fn rewind(seq: Seq, count: u64) -> Seq {
    Seq::saturating(seq.get().saturating_sub(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome at `seq` of a topic with a backfill of 3 and a `recover_max` of 10: `recovered`, `after`, and the
    /// gap as text.
    fn outcome(request: &ResumeRequest, seq: u64) -> (Option<bool>, u64, String) {
        outcome_with_history_from(request, seq, 1)
    }

    fn outcome_with_history_from(
        request: &ResumeRequest,
        seq: u64,
        oldest: u64,
    ) -> (Option<bool>, u64, String) {
        let outcome = request.resolve(StreamHead {
            epoch: &"now".parse().unwrap(),
            seq: Seq::saturating(seq),
            oldest: Seq::saturating(oldest),
            backfill: 3,
            recover_max: 10,
        });
        let text = |seq: Option<Seq>| seq.map_or("?".to_owned(), |seq| seq.to_string());
        let gap = |gap: Gap| format!("{}..{} {:?}", text(gap.from), text(gap.to), gap.reason);
        let gap = outcome.gap.map(gap).unwrap_or_default();
        (outcome.recovered, outcome.after.get(), gap)
    }

    fn since(position: &str) -> ResumeRequest {
        ResumeRequest::Since(position.parse().unwrap())
    }

    fn no_gap() -> String {
        String::new()
    }

    #[test]
    fn everything_after_a_position_follows_up_to_recover_max() {
        assert_eq!(outcome(&since("now:90"), 90), (Some(true), 90, no_gap()));
        assert_eq!(outcome(&since("now:80"), 90), (Some(true), 80, no_gap()));
        let expired = "79..80 Expired".to_owned();
        assert_eq!(outcome(&since("now:78"), 90), (Some(false), 80, expired));
        assert_eq!(outcome(&since("now:0"), 4), (Some(true), 0, no_gap()));
    }

    #[test]
    fn a_position_of_another_epoch_or_in_the_future_gets_the_backfill_and_a_gap() {
        let epoch = "?..? Epoch".to_owned();
        assert_eq!(outcome(&since("then:89"), 90), (Some(false), 87, epoch));
        let future = "?..? Future".to_owned();
        assert_eq!(outcome(&since("now:91"), 90), (Some(false), 87, future));
        assert_eq!(
            outcome(&ResumeRequest::Unspecified, 90),
            (None, 87, no_gap())
        );
        assert_eq!(outcome(&ResumeRequest::Unspecified, 2), (None, 0, no_gap()));
    }

    #[test]
    fn last_is_limited_by_what_was_published_and_by_recover_max() {
        assert_eq!(
            outcome(&ResumeRequest::Last(0), 90),
            (Some(true), 90, no_gap())
        );
        assert_eq!(
            outcome(&ResumeRequest::Last(10), 90),
            (Some(true), 80, no_gap())
        );
        assert_eq!(
            outcome(&ResumeRequest::Last(99), 9),
            (Some(true), 0, no_gap())
        );
        let expired = "79..80 Expired".to_owned();
        assert_eq!(
            outcome(&ResumeRequest::Last(12), 90),
            (Some(false), 80, expired)
        );
        let all = "1..80 Expired".to_owned();
        assert_eq!(
            outcome(&ResumeRequest::Last(u64::MAX), 90),
            (Some(false), 80, all)
        );
    }

    #[test]
    fn what_is_no_longer_in_the_history_is_expired() {
        let outcome = |request| outcome_with_history_from(&request, 90, 89);
        assert_eq!(outcome(since("now:88")), (Some(true), 88, no_gap()));
        let expired = "86..88 Expired".to_owned();
        assert_eq!(outcome(since("now:85")), (Some(false), 88, expired));
        assert_eq!(outcome(ResumeRequest::Unspecified), (None, 88, no_gap()));
    }
}

//! What a viewer asks for when it joins, and the answer: a position is never left unanswered.
//!
//! Pure: the topic's place comes in, the answer goes out.

use crate::protocol::message::{Gap, GapReason};
use crate::protocol::{Epoch, Position, Seq};

/// What a joining viewer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Everything after a position.
    Since(Position),
    /// The newest so many.
    Last(u64),
    /// Nothing in particular.
    Nothing,
}

/// Where a topic stands when somebody joins, and what it grants.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its incarnation.
    pub epoch: &'a Epoch,
    /// Its last publication.
    pub seq: Seq,
    /// How many of the newest publications go to whoever does not ask.
    pub backfill: u64,
    /// How many go over a stream before it is live, at most.
    pub recover_max: u64,
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Whether all that was asked for follows; `None` when nothing was asked.
    pub recovered: Option<bool>,
    /// What does not follow although it was asked for.
    pub gap: Option<Gap>,
    /// The last publication before the first that follows.
    pub after: Seq,
}

impl Ask {
    /// Answers for a topic that stands at `standing`.
    #[must_use]
    pub fn answer(&self, standing: Standing<'_>) -> Answer {
        let seq = standing.seq;
        match self {
            Self::Nothing => Answer {
                recovered: None,
                gap: None,
                after: standing.newcomer(),
            },
            Self::Last(count) => standing.recover(back(seq, *count)),
            Self::Since(position) if position.epoch != *standing.epoch => {
                standing.unknown(GapReason::Epoch)
            }
            Self::Since(position) if position.seq > seq => standing.unknown(GapReason::Future),
            Self::Since(position) => standing.recover(position.seq),
        }
    }

    /// Whether somebody who asked this, and was given `answer`, has the publication before the first that follows.
    #[must_use]
    pub fn has_last(&self, answer: Answer) -> bool {
        matches!(self, Self::Since(_)) && answer.recovered == Some(true)
    }
}

impl Standing<'_> {
    fn newcomer(&self) -> Seq {
        back(self.seq, self.backfill.min(self.recover_max))
    }

    /// Everything after `after`, as far as a stream reaches back.
    fn recover(&self, after: Seq) -> Answer {
        let furthest = back(self.seq, self.recover_max);
        let gap = (after < furthest).then(|| Gap {
            from: Some(after.next()),
            to: Some(furthest),
            reason: GapReason::Expired,
        });
        Answer {
            recovered: Some(gap.is_none()),
            gap,
            after: after.max(furthest),
        }
    }

    /// A position that says nothing about this timeline: its bearer is a newcomer.
    fn unknown(&self, reason: GapReason) -> Answer {
        Answer {
            recovered: Some(false),
            gap: Some(Gap {
                from: None,
                to: None,
                reason,
            }),
            after: self.newcomer(),
        }
    }
}

/// The place `count` before `seq`, not before the beginning.
fn back(seq: Seq, count: u64) -> Seq {
    Seq::saturating(seq.get().saturating_sub(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer at `seq` of a topic that grants the newest 3 to newcomers and 10 to those who resume: `recovered`,
    /// what it follows, and the gap as text.
    fn answer(ask: &Ask, seq: u64) -> (Option<bool>, u64, String) {
        let answer = ask.answer(Standing {
            epoch: &"now".parse().unwrap(),
            seq: Seq::saturating(seq),
            backfill: 3,
            recover_max: 10,
        });
        let spell = |seq: Option<Seq>| seq.map_or("?".to_owned(), |seq| seq.to_string());
        let gap = |gap: Gap| format!("{}..{} {:?}", spell(gap.from), spell(gap.to), gap.reason);
        let gap = answer.gap.map(gap).unwrap_or_default();
        (answer.recovered, answer.after.get(), gap)
    }

    fn since(position: &str) -> Ask {
        Ask::Since(position.parse().unwrap())
    }

    fn no_gap() -> String {
        String::new()
    }

    #[test]
    fn everything_after_a_position_follows_as_far_as_a_stream_reaches_back() {
        assert_eq!(answer(&since("now:90"), 90), (Some(true), 90, no_gap()));
        assert_eq!(answer(&since("now:80"), 90), (Some(true), 80, no_gap()));
        let expired = "79..80 Expired".to_owned();
        assert_eq!(answer(&since("now:78"), 90), (Some(false), 80, expired));
        assert_eq!(answer(&since("now:0"), 4), (Some(true), 0, no_gap()));
    }

    #[test]
    fn whoever_comes_with_a_position_of_another_epoch_or_of_the_future_is_a_newcomer() {
        let epoch = "?..? Epoch".to_owned();
        assert_eq!(answer(&since("then:89"), 90), (Some(false), 87, epoch));
        let future = "?..? Future".to_owned();
        assert_eq!(answer(&since("now:91"), 90), (Some(false), 87, future));
        assert_eq!(answer(&Ask::Nothing, 90), (None, 87, no_gap()));
        assert_eq!(answer(&Ask::Nothing, 2), (None, 0, no_gap()));
    }

    #[test]
    fn the_newest_so_many_are_at_most_all_there_are_and_no_more_than_a_stream_carries() {
        assert_eq!(answer(&Ask::Last(0), 90), (Some(true), 90, no_gap()));
        assert_eq!(answer(&Ask::Last(10), 90), (Some(true), 80, no_gap()));
        assert_eq!(answer(&Ask::Last(99), 9), (Some(true), 0, no_gap()));
        let expired = "79..80 Expired".to_owned();
        assert_eq!(answer(&Ask::Last(12), 90), (Some(false), 80, expired));
        let all = "1..80 Expired".to_owned();
        assert_eq!(answer(&Ask::Last(u64::MAX), 90), (Some(false), 80, all));
    }
}

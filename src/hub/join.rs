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

/// The answer to an [`Ask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Whether all that was asked for follows; `None` when nothing was asked.
    pub recovered: Option<bool>,
    /// What does not follow although it was asked for.
    pub gap: Option<Gap>,
}

impl Ask {
    /// Answers for a topic at `seq` of `epoch`, whose stream begins with the next publication.
    #[must_use]
    pub fn answer(&self, epoch: &Epoch, seq: Seq) -> Answer {
        match self {
            Self::Nothing => Answer {
                recovered: None,
                gap: None,
            },
            Self::Last(count) => Answer::of(missed_of_last(*count, seq)),
            Self::Since(position) if position.epoch != *epoch => {
                Answer::of(Some(unknown(GapReason::Epoch)))
            }
            Self::Since(position) if position.seq > seq => {
                Answer::of(Some(unknown(GapReason::Future)))
            }
            Self::Since(position) => Answer::of(missed(position.seq.next(), seq)),
        }
    }

    /// Whether somebody who asked this, and was given `answer`, has the publication before the stream begins.
    #[must_use]
    pub fn has_last(&self, answer: Answer) -> bool {
        matches!(self, Self::Since(_)) && answer.recovered == Some(true)
    }
}

impl Answer {
    fn of(gap: Option<Gap>) -> Self {
        Self {
            recovered: Some(gap.is_none()),
            gap,
        }
    }
}

fn missed(from: Seq, to: Seq) -> Option<Gap> {
    (from <= to).then_some(Gap {
        from: Some(from),
        to: Some(to),
        reason: GapReason::Expired,
    })
}

fn missed_of_last(count: u64, seq: Seq) -> Option<Gap> {
    missed(Seq::saturating(seq.get().saturating_sub(count) + 1), seq)
}

const fn unknown(reason: GapReason) -> Gap {
    Gap {
        from: None,
        to: None,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `recovered`, and the gap as text.
    fn answer(ask: &Ask, seq: u64) -> (Option<bool>, String) {
        let answer = ask.answer(&"now".parse().unwrap(), Seq::saturating(seq));
        let spell = |seq: Option<Seq>| seq.map_or("?".to_owned(), |seq| seq.to_string());
        let gap = |gap: Gap| format!("{}..{} {:?}", spell(gap.from), spell(gap.to), gap.reason);
        (answer.recovered, answer.gap.map(gap).unwrap_or_default())
    }

    fn since(position: &str) -> Ask {
        Ask::Since(position.parse().unwrap())
    }

    fn no_gap() -> String {
        String::new()
    }

    #[test]
    fn a_position_at_the_newest_is_recovered_and_an_older_one_names_its_gap() {
        assert_eq!(answer(&since("now:9"), 9), (Some(true), no_gap()));
        assert_eq!(
            answer(&since("now:7"), 9),
            (Some(false), "8..9 Expired".into())
        );
    }

    #[test]
    fn a_position_of_another_epoch_or_of_the_future_is_told_so() {
        assert_eq!(
            answer(&since("then:7"), 9),
            (Some(false), "?..? Epoch".into())
        );
        assert_eq!(
            answer(&since("now:10"), 9),
            (Some(false), "?..? Future".into())
        );
    }

    #[test]
    fn the_newest_so_many_are_at_most_all_there_are() {
        assert_eq!(answer(&Ask::Last(0), 9), (Some(true), no_gap()));
        assert_eq!(
            answer(&Ask::Last(99), 9),
            (Some(false), "1..9 Expired".into())
        );
        assert_eq!(answer(&Ask::Last(5), 0), (Some(true), no_gap()));
        assert_eq!(answer(&Ask::Nothing, 9), (None, no_gap()));
    }
}

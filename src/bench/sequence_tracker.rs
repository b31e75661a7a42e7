//! [`SequenceTracker`]: one viewer's position, which classifies each publication as expected, missing, repeated or
//! late.

/// A viewer's position in the sequence. Constant size, because there is one per viewer.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct SequenceTracker {
    /// The `seq` after the last publication received; 0 before the first.
    next_seq: u64,
    /// The first live `seq` according to `hello`; 0 without a `hello`, or once the viewer has caught up to it.
    expected_first: u64,
}

/// How a publication relates to the viewer's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SequenceCheck {
    /// The expected one.
    Next,
    /// This many publications before it are missing and were not announced by a `gap`.
    Hole(u64),
    /// The same one as the last.
    Repeat,
    /// An earlier one, late or repeated.
    OutOfOrder,
}

impl SequenceTracker {
    /// Handles a `hello` whose newest publication is `seq`: the next one must arrive.
    pub(super) const fn expect_after(&mut self, seq: u64) {
        self.expected_first = seq + 1;
    }

    /// The last publication received, `None` before the first.
    pub(super) const fn last(&self) -> Option<u64> {
        self.next_seq.checked_sub(1)
    }

    /// Classifies a publication and advances the position.
    pub(super) const fn observe(&mut self, seq: u64) -> SequenceCheck {
        let expected = match self.next_seq {
            0 if self.expected_first > 0 && self.expected_first < seq => self.expected_first,
            0 => seq,
            after => after,
        };
        if seq + 1 == expected {
            return SequenceCheck::Repeat;
        }
        if seq < expected {
            return SequenceCheck::OutOfOrder;
        }
        self.next_seq = seq + 1;
        if seq == expected {
            SequenceCheck::Next
        } else {
            SequenceCheck::Hole(seq - expected)
        }
    }

    /// Returns true once, when the viewer has received everything that was due when it joined.
    pub(super) const fn take_caught_up(&mut self) -> bool {
        let catches_up = self.expected_first > 0 && self.next_seq >= self.expected_first;
        if catches_up {
            self.expected_first = 0;
        }
        catches_up
    }

    /// Handles a `gap` up to `to`: moves the position past it.
    pub(super) fn skip_to(&mut self, to: u64) {
        self.next_seq = self.next_seq.max(to + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dense_sequence_has_no_loss_wherever_it_begins() {
        let mut sequence = SequenceTracker::default();
        assert_eq!(sequence.last(), None);
        for seq in 0..4 {
            assert_eq!(sequence.observe(seq), SequenceCheck::Next);
        }
        assert_eq!(sequence.last(), Some(3));
    }

    #[test]
    fn holes_repeats_and_reorderings_are_classified() {
        let mut sequence = SequenceTracker::default();
        sequence.expect_after(9);
        assert_eq!(sequence.observe(12), SequenceCheck::Hole(2));
        assert_eq!(sequence.observe(12), SequenceCheck::Repeat);
        assert_eq!(sequence.observe(11), SequenceCheck::OutOfOrder);
        assert_eq!(sequence.observe(15), SequenceCheck::Hole(2));
        sequence.skip_to(19);
        assert_eq!(sequence.observe(20), SequenceCheck::Next);
    }

    #[test]
    fn backfill_before_the_first_live_publication_is_not_a_loss() {
        let mut sequence = SequenceTracker::default();
        sequence.expect_after(6);
        assert_eq!(sequence.observe(5), SequenceCheck::Next);
        assert!(!sequence.take_caught_up());
        assert_eq!(sequence.observe(6), SequenceCheck::Next);
        assert!(sequence.take_caught_up());
        assert_eq!(sequence.observe(7), SequenceCheck::Next);
        assert!(!sequence.take_caught_up());
    }
}

//! `Follower`: one viewer's place in the stream, and what each publication says about loss.

/// Where a viewer is. Two words a viewer, whatever happens.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Follower {
    /// The last publication it has, plus one; 0 before the first.
    after: u64,
    /// The first publication it must not be without, 0 when nothing was promised, or once it has all that was due
    /// when it joined.
    promised: u64,
}

/// What a publication means to a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// The one that was due to come.
    Next,
    /// So many before it did not come, and nobody said so.
    Hole(u64),
    /// The one that came last, again.
    Repeat,
    /// One that should have come before, or has.
    Earlier,
}

impl Follower {
    /// A `hello` said that `seq` was the last one due: the one after it must come.
    pub(super) const fn promise(&mut self, seq: u64) {
        self.promised = seq + 1;
    }

    /// The last publication it has, `None` before the first.
    pub(super) const fn last(&self) -> Option<u64> {
        self.after.checked_sub(1)
    }

    /// A publication came.
    pub(super) const fn take(&mut self, seq: u64) -> Follows {
        let expected = match self.after {
            0 if self.promised > 0 && self.promised < seq => self.promised,
            0 => seq,
            after => after,
        };
        if seq + 1 == expected {
            return Follows::Repeat;
        }
        if seq < expected {
            return Follows::Earlier;
        }
        self.after = seq + 1;
        if seq == expected {
            Follows::Next
        } else {
            Follows::Hole(seq - expected)
        }
    }

    /// Whether it has just come to have everything that was due when it joined: true once.
    pub(super) const fn catches_up(&mut self) -> bool {
        let catches_up = self.promised > 0 && self.after >= self.promised;
        if catches_up {
            self.promised = 0;
        }
        catches_up
    }

    /// The hub said that everything up to `to` does not come.
    pub(super) fn skip_to(&mut self, to: u64) {
        self.after = self.after.max(to + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dense_stream_has_no_loss_wherever_it_begins() {
        let mut follower = Follower::default();
        assert_eq!(follower.last(), None);
        for seq in 0..4 {
            assert_eq!(follower.take(seq), Follows::Next);
        }
        assert_eq!(follower.last(), Some(3));
    }

    #[test]
    fn every_irregularity_has_its_name() {
        let mut follower = Follower::default();
        follower.promise(9);
        assert_eq!(follower.take(12), Follows::Hole(2));
        assert_eq!(follower.take(12), Follows::Repeat);
        assert_eq!(follower.take(11), Follows::Earlier);
        assert_eq!(follower.take(15), Follows::Hole(2));
        follower.skip_to(19);
        assert_eq!(follower.take(20), Follows::Next);
    }

    #[test]
    fn a_backfill_before_the_promise_is_no_loss() {
        let mut follower = Follower::default();
        follower.promise(6);
        assert_eq!(follower.take(5), Follows::Next);
        assert!(!follower.catches_up());
        assert_eq!(follower.take(6), Follows::Next);
        assert!(follower.catches_up());
        assert_eq!(follower.take(7), Follows::Next);
        assert!(!follower.catches_up());
    }
}

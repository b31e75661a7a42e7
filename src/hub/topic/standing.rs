//! Where a topic stands for somebody who joins, and for somebody who falls behind.

use std::time::Duration;

use super::Topic;
use crate::hub::join::Standing;
use crate::protocol::Seq;
use crate::settings::Backfill;

impl Topic {
    /// Publications that a viewer may be behind whatever their age.
    const LAG_KEPT: u64 = 1_000;

    /// How long ago what follows `last` was due when `newest` is.
    #[must_use]
    pub fn lag(&self, last: Seq, newest: Seq) -> Duration {
        let timeline = self.timeline();
        let t = |seq| timeline.t(seq);
        t(last.next().min(newest))
            .zip(t(newest))
            .map_or(Duration::ZERO, |(owed, newest)| newest.since(owed))
    }

    /// Whether who has everything up to `last` is further behind `newest` than is granted: [`Topic::max_lag`], and
    /// `more` to those who joined far back.
    #[must_use]
    pub fn is_too_far(&self, last: Seq, newest: Seq, more: Duration) -> bool {
        newest.get().saturating_sub(last.get()) > Self::LAG_KEPT
            && self.lag(last, newest) > self.max_lag() + more
    }

    /// Where the topic stands for somebody who joins when `seq` is its last publication.
    #[must_use]
    pub fn standing(&self, seq: Seq) -> Standing<'_> {
        let manner = self.manner.load();
        let backfill = match manner.backfill {
            Backfill::Records(count) => count,
            Backfill::Span(span) => self.count_within(span, seq),
        };
        Standing {
            epoch: &self.epoch,
            seq,
            backfill,
            recover_max: manner.recover_max,
        }
    }

    /// How many publications up to `seq` are younger, by their instants, than `span` before it.
    fn count_within(&self, span: Duration, seq: Seq) -> u64 {
        let timeline = self.timeline();
        let begin = timeline.t(seq).map(|t| t.before(span));
        begin.map_or(0, |begin| seq.get() - timeline.due(begin).get())
    }
}

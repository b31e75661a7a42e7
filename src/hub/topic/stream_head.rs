//! Where a viewer is relative to the newest publication: its backfill when it joins, its lag from then on.

use std::time::Duration;

use super::Topic;
use crate::hub::resume::StreamHead;
use crate::protocol::Seq;
use crate::settings::Backfill;

impl Topic {
    /// A viewer may always be this many publications behind, however old they are.
    const LAG_RECORDS_ALLOWED: u64 = 1_000;

    /// The lag of a viewer that has everything up to `last`: the time from when its next publication was due until
    /// `newest` was due.
    #[must_use]
    pub fn lag(&self, last: Seq, newest: Seq) -> Duration {
        let timeline = self.timeline();
        let t = |seq| timeline.t(seq);
        t(last.next().min(newest))
            .zip(t(newest))
            .map_or(Duration::ZERO, |(next, newest)| newest.since(next))
    }

    /// Whether a viewer that has everything up to `last` is further behind `newest` than [`Topic::max_lag`] plus
    /// `allowance`, which a viewer gets that joined far back.
    #[must_use]
    pub fn exceeds_max_lag(&self, last: Seq, newest: Seq, allowance: Duration) -> bool {
        newest.get().saturating_sub(last.get()) > Self::LAG_RECORDS_ALLOWED
            && self.lag(last, newest) > self.max_lag() + allowance
    }

    /// The stream head for a viewer that joins when `seq` is the last publication.
    #[must_use]
    pub fn stream_head(&self, seq: Seq) -> StreamHead<'_> {
        let policy = self.policy.load();
        let backfill = match policy.backfill {
            Backfill::Records(count) => count,
            Backfill::Duration(span) => self.count_within(span, seq),
        };
        StreamHead {
            epoch: &self.epoch,
            seq,
            backfill,
            recover_max: policy.recover_max,
        }
    }

    /// The number of publications up to `seq` that are due less than `span` before it.
    fn count_within(&self, span: Duration, seq: Seq) -> u64 {
        let timeline = self.timeline();
        let begin = timeline.t(seq).map(|t| t.before(span));
        begin.map_or(0, |begin| seq.get() - timeline.due(begin).get())
    }
}

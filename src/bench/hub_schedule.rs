//! [`HubSchedule`]: which record is due when, computed from the contents of `hello`.
//!
//! Deliberately independent of the hub's implementation, so that an error there would be noticed.

use crate::protocol::Rate;

/// The current segment of a hub's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HubSchedule {
    /// The first publication of the segment.
    pub(super) seq0: u64,
    /// When it is due, in microseconds.
    pub(super) t0: i64,
    /// Its index in the dataset.
    pub(super) index0: u64,
    /// Records per second.
    pub(super) rate: Rate,
    /// Records in the dataset; 0 if unknown.
    pub(super) len: u64,
}

/// Microseconds per second times millionths per record.
const SCALE: i128 = 1_000_000_000_000;

impl HubSchedule {
    /// When `seq` is due, in microseconds.
    pub(super) fn t(&self, seq: u64) -> i64 {
        let records = i128::from(seq) - i128::from(self.seq0);
        let micros = (records * SCALE).div_euclid(i128::from(self.rate.millionths()));
        i64::try_from(i128::from(self.t0) + micros).unwrap_or(i64::MAX)
    }

    /// The newest publication due at `now`, 0 before the first.
    pub(super) fn due(&self, now: i64) -> u64 {
        let elapsed = i128::from(now) - i128::from(self.t0);
        // The largest number of records whose rounded-down offset is at most `elapsed`.
        let records = ((elapsed + 1) * i128::from(self.rate.millionths()) - 1).div_euclid(SCALE);
        u64::try_from(i128::from(self.seq0) + records).unwrap_or(0)
    }

    /// The dataset index of publication `seq`; `None` if the length is unknown.
    pub(super) fn index(&self, seq: u64) -> Option<u64> {
        let index = i128::from(self.index0) + i128::from(seq) - i128::from(self.seq0);
        let index = index.checked_rem_euclid(i128::from(self.len))?;
        u64::try_from(index).ok()
    }

    /// The newest publication of the record at `index` that is due at `now`.
    pub(super) fn newest(&self, index: u64, now: i64) -> Option<u64> {
        let due = self.due(now);
        let ahead = self.index(due)?;
        let back = if index <= ahead {
            ahead - index
        } else {
            ahead + self.len - index
        };
        due.checked_sub(back)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::protocol::{Micros, Seq};
    use crate::timeline::Timeline;

    #[test]
    fn agrees_with_the_timeline_of_the_hub() {
        for (rate, len) in [("0.001", 1), ("3", 7), ("59.94", 1000), ("10000", 8000)] {
            let (rate, len): (Rate, u64) = (rate.parse().unwrap(), len);
            let t0 = 1_700_000_000_000_007;
            let hub = Timeline::new(Micros::new(t0), rate, NonZeroU64::new(len).unwrap(), true);
            let own = HubSchedule {
                seq0: 1,
                t0,
                index0: 0,
                rate,
                len,
            };
            for number in [1, 2, 3, 1000, 1001, 123_456_789] {
                let seq = Seq::saturating(number);
                let t = hub.t(seq).unwrap();
                assert_eq!(own.t(number), t.get());
                assert_eq!(own.index(number), Some(hub.index(seq)));
                for now in [t.get() - 1, t.get(), t.get() + 1] {
                    assert_eq!(own.due(now), hub.due(Micros::new(now)).get());
                }
                assert_eq!(own.newest(hub.index(seq), t.get()), Some(number));
            }
        }
    }

    #[test]
    fn nothing_is_due_before_the_first() {
        let rate = "100".parse().unwrap();
        let schedule = HubSchedule {
            seq0: 1,
            t0: 1_000_000,
            index0: 0,
            rate,
            len: 10,
        };
        assert_eq!(
            (
                schedule.due(999_999),
                schedule.due(1_000_000),
                schedule.due(0)
            ),
            (0, 1, 0)
        );
        assert_eq!(schedule.newest(5, 1_010_000), None);
    }
}

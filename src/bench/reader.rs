//! `Reader`: what a message means, whichever dialect brought it: which records, and when they were due.
//!
//! Where messages do not say it, a record's own index does: the hub's schedule turns it into number and instant.

use super::follower::Follower;
use super::message::Said;
use super::scan::{FieldName, bare_number};
use super::schedule::Schedule;
use super::tally::{Delivery, Tally};

/// How to read records; one for all viewers.
#[derive(Debug)]
pub(super) struct Reader {
    /// Messages say number and instant themselves.
    is_told: bool,
    index: FieldName,
    stamp: Option<FieldName>,
    /// What the hub said; its index wraps at the end of the dataset.
    pub(super) schedule: Option<Schedule>,
    /// From our clock to the server's, in microseconds.
    pub(super) offset: i64,
    /// The instant that was computed last, since all viewers get the same record at about the same time.
    memo: (u64, i64),
}

/// How far ahead of its instant a viewer's first record may seem to be while the clock's estimate is rough.
const AHEAD_MAX: i64 = 1_000_000;

impl Reader {
    /// A reader of messages that tell their place, or of records with these fields.
    pub(super) fn new(is_told: bool, index: &str, stamp: Option<&str>) -> Self {
        Self {
            is_told,
            index: FieldName::new(index),
            stamp: stamp.map(FieldName::new),
            schedule: None,
            offset: 0,
            memo: (0, 0),
        }
    }

    /// A message came at `now` of our clock to the viewer behind `follower`, one of `viewers`.
    pub(super) fn read(
        &mut self,
        content: &[u8],
        now: i64,
        viewers: usize,
        follower: &mut Follower,
        tally: &mut Tally,
    ) {
        let mut delivery = Delivery {
            seq: None,
            t: None,
            arrival: now + self.offset,
            viewers,
        };
        if !self.is_told {
            tally.message();
            delivery.seq = self.seq(content, delivery.arrival, follower.last());
            delivery.t = self.t(content, delivery.seq);
            return tally.delivered(follower, delivery);
        }
        match Said::read(content) {
            Some(Said::Records(records)) => {
                tally.message();
                records.each(|seq, t| {
                    (delivery.seq, delivery.t) = (Some(seq), Some(t));
                    tally.delivered(follower, delivery);
                });
                tally.catch_up(follower, now);
            }
            Some(Said::Gap(Some((from, to)))) => tally.told(follower, from, to),
            Some(Said::Hello(seq, _)) => follower.promise(seq),
            _ => {}
        }
    }

    /// The number of a record that holds its index, at a viewer whose last one is `last`.
    fn seq(&self, record: &[u8], now: i64, last: Option<u64>) -> Option<u64> {
        let index = self
            .index
            .number_in(record)
            .or_else(|| bare_number(record))?;
        let index = u64::try_from(index).ok()?;
        let Some(schedule) = &self.schedule else {
            // Nothing is known of a dataset's end: the index itself is the number.
            return self.stamp.is_some().then_some(index);
        };
        match last {
            None => schedule.newest(index, now + ahead(schedule)),
            Some(last) => following(schedule, last, index),
        }
    }

    fn t(&mut self, record: &[u8], seq: Option<u64>) -> Option<i64> {
        if let Some(stamp) = &self.stamp {
            return stamp.number_in(record);
        }
        let (schedule, seq) = (self.schedule.as_ref()?, seq?);
        if self.memo.0 != seq {
            self.memo = (seq, schedule.t(seq));
        }
        Some(self.memo.1)
    }

    /// The hub's schedule is another one from here on.
    pub(super) const fn reschedule(&mut self, schedule: Option<Schedule>) {
        self.schedule = schedule;
        self.memo = (0, 0);
    }
}

/// A quarter of a lap through the dataset at most, so that the lap is not mistaken.
fn ahead(schedule: &Schedule) -> i64 {
    let lap = schedule.t(schedule.seq0 + schedule.len) - schedule.t0;
    (lap / 4).min(AHEAD_MAX)
}

/// The publication with the record at `index` that is nearest to the one expected after `last`: ahead by up to
/// half the dataset, else behind.
fn following(schedule: &Schedule, last: u64, index: u64) -> Option<u64> {
    let expected = schedule.index(last + 1)?;
    let ahead = (index + schedule.len).checked_sub(expected)? % schedule.len;
    if ahead <= schedule.len / 2 && (ahead == 0 || schedule.len > 2) {
        return Some(last + 1 + ahead);
    }
    (last + 1).checked_sub(schedule.len - ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(len: u64) -> Reader {
        let mut reader = Reader::new(false, "i", None);
        let rate = "100".parse().unwrap();
        reader.schedule = Some(Schedule {
            seq0: 1,
            t0: 0,
            index0: 0,
            rate,
            len,
        });
        reader
    }

    /// Feeds records with `indices`, the first at `now`; returns the viewer's last number and the loss.
    fn fed(len: u64, now: i64, indices: &[u64]) -> (Option<u64>, [u64; 3]) {
        let (mut reader, mut tally, mut follower) =
            (reader(len), Tally::new(), Follower::default());
        for index in indices {
            let record = format!("{{\"i\":{index}}}");
            reader.read(record.as_bytes(), now, 1, &mut follower, &mut tally);
        }
        let loss = tally.loss;
        (
            follower.last(),
            [loss.holes, loss.repeats, loss.reorderings],
        )
    }

    #[test]
    fn the_number_is_found_from_the_index_and_goes_on_round_the_dataset() {
        // At 100 a second, 3 s after the first, publication 301 is due: the first record of the fourth lap.
        assert_eq!(fed(100, 3_000_000, &[0, 1, 2]), (Some(303), [0, 0, 0]));
        assert_eq!(fed(100, 2_999_900, &[0]), (Some(301), [0, 0, 0]));
        assert_eq!(fed(100, 3_000_000, &[98, 99, 0, 1]), (Some(302), [0, 0, 0]));
    }

    #[test]
    fn holes_repeats_and_reorderings_are_told_apart() {
        assert_eq!(fed(100, 3_000_000, &[97, 99, 3]), (Some(304), [4, 0, 0]));
        assert_eq!(fed(100, 3_000_000, &[0, 0, 1]), (Some(302), [0, 1, 0]));
        assert_eq!(fed(100, 3_000_000, &[0, 1, 99]), (Some(302), [0, 0, 1]));
        assert_eq!(fed(2, 3_000_000, &[0, 1, 0, 0, 1]).1, [0, 1, 0]);
        assert_eq!(fed(1, 3_000_000, &[0, 0, 0]), (Some(303), [0, 0, 0]));
    }

    #[test]
    fn a_record_without_its_index_is_counted_and_no_more() {
        let (mut reader, mut tally, mut follower) = (reader(10), Tally::new(), Follower::default());
        tally.begin();
        reader.read(b"{\"value\":74}", 0, 1, &mut follower, &mut tally);
        let counts = tally.counts;
        assert_eq!(
            (counts.deliveries, counts.unnumbered, counts.untimed),
            (1, 1, 1)
        );
    }

    #[test]
    fn a_stamp_tells_the_instant_and_the_index_the_number() {
        let (mut tally, mut follower) = (Tally::new(), Follower::default());
        let mut reader = Reader::new(false, "n", Some("at"));
        tally.begin();
        for (record, now) in [
            (r#"{"n":5,"at":1000}"#, 1100),
            (r#"{"n":7,"at":2000}"#, 2100),
        ] {
            reader.read(record.as_bytes(), now, 1, &mut follower, &mut tally);
        }
        assert_eq!((tally.latency.max(), tally.loss.holes), (100, 1));
    }
}

//! [`RecordReader`]: finds out which records a message contains and when each was due, for any protocol.
//!
//! If messages do not contain `seq` and `t`, both are computed from the record's index and the hub's schedule.

use super::delivery_stats::{Delivery, DeliveryStats};
use super::hub_message::HubMessage;
use super::hub_schedule::HubSchedule;
use super::json_scan::{FieldName, bare_number};
use super::sequence_tracker::SequenceTracker;

/// Interprets messages; shared by all viewers.
#[derive(Debug)]
pub(super) struct RecordReader {
    /// Whether messages contain `seq` and `t`.
    has_positions: bool,
    index: FieldName,
    stamp: Option<FieldName>,
    /// The hub's schedule, if known; its index wraps at the end of the dataset.
    pub(super) schedule: Option<HubSchedule>,
    /// The server's clock minus ours, in microseconds.
    pub(super) offset: i64,
    /// The last computed due time and its `seq`; cached, because all viewers get the same record at about the same
    /// time.
    last_due: (u64, i64),
}

/// Microseconds by which a viewer's first record may seem early while the clock estimate is still rough.
const CLOCK_TOLERANCE_MAX: i64 = 1_000_000;

impl RecordReader {
    /// Creates a reader of messages with positions, or of bare records with these fields.
    pub(super) fn new(has_positions: bool, index: &str, stamp: Option<&str>) -> Self {
        Self {
            has_positions,
            index: FieldName::new(index),
            stamp: stamp.map(FieldName::new),
            schedule: None,
            offset: 0,
            last_due: (0, 0),
        }
    }

    /// Handles a message that arrived at `now` on our clock for one of `viewers` viewers, the one that `sequence`
    /// tracks.
    pub(super) fn on_message(
        &mut self,
        content: &[u8],
        now: i64,
        viewers: usize,
        sequence: &mut SequenceTracker,
        stats: &mut DeliveryStats,
    ) {
        let mut delivery = Delivery {
            seq: None,
            t: None,
            arrival: now + self.offset,
            viewers,
        };
        if !self.has_positions {
            stats.count_message();
            delivery.seq = self.resolve_seq(content, delivery.arrival, sequence.last());
            delivery.t = self.resolve_t(content, delivery.seq);
            return stats.record_delivery(sequence, delivery);
        }
        match HubMessage::parse(content) {
            Some(HubMessage::Records(records)) => {
                stats.count_message();
                records.for_each(|seq, t| {
                    (delivery.seq, delivery.t) = (Some(seq), Some(t));
                    stats.record_delivery(sequence, delivery);
                });
                stats.check_caught_up(sequence, now);
            }
            Some(HubMessage::Gap(Some((from, to)))) => stats.record_gap(sequence, from, to),
            Some(HubMessage::Hello(seq, _)) => sequence.expect_after(seq),
            _ => {}
        }
    }

    /// The `seq` of a bare record, for a viewer whose last publication is `last`.
    fn resolve_seq(&self, record: &[u8], now: i64, last: Option<u64>) -> Option<u64> {
        let index = self
            .index
            .number_in(record)
            .or_else(|| bare_number(record))?;
        let index = u64::try_from(index).ok()?;
        let Some(schedule) = &self.schedule else {
            // Not a replayed dataset, so the index never wraps and serves as the `seq`.
            return self.stamp.is_some().then_some(index);
        };
        match last {
            None => schedule.newest(index, now + clock_tolerance(schedule)),
            Some(last) => nearest_to_expected(schedule, last, index),
        }
    }

    fn resolve_t(&mut self, record: &[u8], seq: Option<u64>) -> Option<i64> {
        if let Some(stamp) = &self.stamp {
            return stamp.number_in(record);
        }
        let (schedule, seq) = (self.schedule.as_ref()?, seq?);
        if self.last_due.0 != seq {
            self.last_due = (seq, schedule.t(seq));
        }
        Some(self.last_due.1)
    }

    /// Sets the hub's schedule.
    pub(super) const fn set_schedule(&mut self, schedule: Option<HubSchedule>) {
        self.schedule = schedule;
        self.last_due = (0, 0);
    }
}

/// The tolerance for early records: at most a quarter of a loop, so that the record is not attributed to another loop.
fn clock_tolerance(schedule: &HubSchedule) -> i64 {
    let loop_length = schedule.t(schedule.seq0 + schedule.len) - schedule.t0;
    (loop_length / 4).min(CLOCK_TOLERANCE_MAX)
}

/// The publication of the record at `index` that is nearest to the one expected after `last`: up to half a dataset
/// ahead, otherwise behind.
fn nearest_to_expected(schedule: &HubSchedule, last: u64, index: u64) -> Option<u64> {
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

    fn reader(len: u64) -> RecordReader {
        let mut reader = RecordReader::new(false, "i", None);
        let rate = "100".parse().unwrap();
        reader.schedule = Some(HubSchedule {
            seq0: 1,
            t0: 0,
            index0: 0,
            rate,
            len,
        });
        reader
    }

    /// Feeds records with `indices` at `now`; returns the viewer's last `seq` and the loss.
    fn last_seq_and_loss(len: u64, now: i64, indices: &[u64]) -> (Option<u64>, [u64; 3]) {
        let (mut reader, mut stats, mut sequence) = (
            reader(len),
            DeliveryStats::new(),
            SequenceTracker::default(),
        );
        for index in indices {
            let record = format!("{{\"i\":{index}}}");
            reader.on_message(record.as_bytes(), now, 1, &mut sequence, &mut stats);
        }
        let loss = stats.loss;
        (
            sequence.last(),
            [loss.holes, loss.repeats, loss.reorderings],
        )
    }

    #[test]
    fn seq_is_computed_from_the_index_across_loops_of_the_dataset() {
        // At 100 a second, 3 s after the first, publication 301 is due: the first record of the fourth loop.
        assert_eq!(
            last_seq_and_loss(100, 3_000_000, &[0, 1, 2]),
            (Some(303), [0, 0, 0])
        );
        assert_eq!(
            last_seq_and_loss(100, 2_999_900, &[0]),
            (Some(301), [0, 0, 0])
        );
        assert_eq!(
            last_seq_and_loss(100, 3_000_000, &[98, 99, 0, 1]),
            (Some(302), [0, 0, 0])
        );
    }

    #[test]
    fn holes_repeats_and_reorderings_are_distinguished() {
        assert_eq!(
            last_seq_and_loss(100, 3_000_000, &[97, 99, 3]),
            (Some(304), [4, 0, 0])
        );
        assert_eq!(
            last_seq_and_loss(100, 3_000_000, &[0, 0, 1]),
            (Some(302), [0, 1, 0])
        );
        assert_eq!(
            last_seq_and_loss(100, 3_000_000, &[0, 1, 99]),
            (Some(302), [0, 0, 1])
        );
        assert_eq!(
            last_seq_and_loss(2, 3_000_000, &[0, 1, 0, 0, 1]).1,
            [0, 1, 0]
        );
        assert_eq!(
            last_seq_and_loss(1, 3_000_000, &[0, 0, 0]),
            (Some(303), [0, 0, 0])
        );
    }

    #[test]
    fn a_record_without_an_index_is_only_counted() {
        let (mut reader, mut stats, mut sequence) =
            (reader(10), DeliveryStats::new(), SequenceTracker::default());
        stats.start_measuring();
        reader.on_message(b"{\"value\":74}", 0, 1, &mut sequence, &mut stats);
        let counts = stats.counts;
        assert_eq!(
            (counts.deliveries, counts.unnumbered, counts.untimed),
            (1, 1, 1)
        );
    }

    #[test]
    fn the_stamp_gives_the_due_time_and_the_index_the_seq() {
        let (mut stats, mut sequence) = (DeliveryStats::new(), SequenceTracker::default());
        let mut reader = RecordReader::new(false, "n", Some("at"));
        stats.start_measuring();
        for (record, now) in [
            (r#"{"n":5,"at":1000}"#, 1100),
            (r#"{"n":7,"at":2000}"#, 2100),
        ] {
            reader.on_message(record.as_bytes(), now, 1, &mut sequence, &mut stats);
        }
        assert_eq!((stats.latency.max(), stats.loss.holes), (100, 1));
    }
}

//! [`DatasetClock`]: dataset time, which says how far into its dataset each record is due; and the arithmetic that turns
//! it into time on the clock at some speed.
//!
//! Exact: rates and laps are fractions, and only the resulting instants are rounded down to microseconds. Nothing is
//! accumulated, so the billionth record costs what the first does.
//!
//! # Dataset time
//!
//! A record at `index` is due at `m(index)`: at a rate `index · 10⁶ / rate`, with time stamps as long after the earliest
//! stamp of its player as it was recorded. Equal stamps are due together. A lap is as long as the longest of the player's
//! topics. Records are counted through all laps: record `k` is due at `M(k)`, which is `m(k mod n)` in lap `k / n`.

use std::num::NonZeroU64;

use super::LapLength;
use crate::protocol::{Micros, Rate, Speed};
use crate::source::Stamps;

/// When the records of a dataset are due in dataset time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetClock {
    /// The number of records.
    len: NonZeroU64,
    /// Whether the dataset starts again after its end.
    looping: bool,
    time: DatasetTime,
}

/// What dataset time follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DatasetTime {
    /// The rate of the segment. The next lap begins one period after the last record.
    Even,
    /// The rate of the segment, in laps that are those of a player of several topics.
    EvenInPlayer(LapLength),
    /// The time stamps of the records, counted from `origin`.
    Stamped {
        stamps: Stamps,
        origin: Micros,
        lap: LapLength,
    },
    /// Time stamps that have not been read: the timeline comes from a journal.
    Unread,
}

/// A point of dataset time at a speed, from which instants are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DatasetPhase {
    /// The record that is due next; it lies in lap 0.
    pub(super) index: u64,
    /// Dataset time in microseconds, in the lap of `index`; `None`: when that record is due.
    pub(super) position: Option<i64>,
    /// Records per second of dataset time; `None` with time stamps.
    pub(super) rate: Option<Rate>,
    /// How many times faster dataset time goes by than time.
    pub(super) speed: Speed,
}

/// Microseconds of dataset time: `whole + part / denominator`, with the denominator of its clock.
#[derive(Debug, Clone, Copy)]
struct Exact {
    whole: i128,
    part: i128,
}

/// Microseconds per second times millionths per record: converts records at a rate into microseconds.
const SCALE: i128 = 1_000_000_000_000;
/// The denominator of a speed.
const THOUSAND: i128 = 1_000;

impl DatasetClock {
    /// The clock of `len` records that are played alone at the rate of their segments.
    #[must_use]
    pub const fn even(len: NonZeroU64, looping: bool) -> Self {
        Self {
            len,
            looping,
            time: DatasetTime::Even,
        }
    }

    /// The same in laps that are longer than the dataset.
    pub(super) const fn even_in_player(len: NonZeroU64, looping: bool, lap: LapLength) -> Self {
        Self {
            len,
            looping,
            time: DatasetTime::EvenInPlayer(lap),
        }
    }

    /// The clock of records with `stamps`, the earliest of which are not before `origin`, in laps of `lap`.
    pub(super) fn stamped(stamps: Stamps, origin: Micros, lap: LapLength, looping: bool) -> Self {
        let len = NonZeroU64::new(stamps.count()).expect("there is at least one stamp");
        Self {
            len,
            looping,
            time: DatasetTime::Stamped {
                stamps,
                origin,
                lap,
            },
        }
    }

    /// The clock of `len` records whose stamps have not been read.
    pub(super) const fn unread(len: NonZeroU64, looping: bool) -> Self {
        Self {
            len,
            looping,
            time: DatasetTime::Unread,
        }
    }

    /// The number of records.
    #[must_use]
    pub const fn len(&self) -> NonZeroU64 {
        self.len
    }

    /// Whether the dataset starts again after its end.
    #[must_use]
    pub const fn is_looping(&self) -> bool {
        self.looping
    }

    /// Whether the records have time stamps.
    pub(super) const fn is_stamped(&self) -> bool {
        matches!(self.time, DatasetTime::Stamped { .. } | DatasetTime::Unread)
    }

    /// Whether a lap may be longer than the dataset, because the player has other topics.
    pub(super) fn is_in_player(&self) -> bool {
        match &self.time {
            DatasetTime::EvenInPlayer(_) => true,
            DatasetTime::Stamped { stamps, origin, .. } => stamps.first() != *origin,
            DatasetTime::Even | DatasetTime::Unread => false,
        }
    }

    /// Whether instants follow from `phase` by the rate alone: the most frequent case, and the cheapest.
    fn is_plain(&self, phase: &DatasetPhase) -> Option<i128> {
        let is_plain = matches!(self.time, DatasetTime::Even)
            && phase.position.is_none()
            && phase.speed == Speed::NORMAL;
        is_plain.then_some(())?;
        phase.rate.map(|rate| i128::from(rate.millionths()))
    }

    /// How many microseconds after `phase` the record is due that follows its next one by `records`; `None` if that is
    /// not known.
    ///
    /// `max(0, floor((M(k) − position) · 1000 / V))` with V in thousandths.
    pub(super) fn offset(&self, phase: &DatasetPhase, records: i128) -> Option<i128> {
        if let Some(rate) = self.is_plain(phase) {
            return Some((records * SCALE).div_euclid(rate));
        }
        let due = self.unrolled(phase.rate, i128::from(phase.index) + records)?;
        let position = self.position(phase)?;
        let part = (due.part - position.part) * THOUSAND;
        let thousandths =
            (due.whole - position.whole) * THOUSAND + part.div_euclid(self.denominator(phase.rate));
        let micros = thousandths.div_euclid(i128::from(phase.speed.thousandths()));
        Some(micros.max(0))
    }

    /// How many records are due within the `elapsed` microseconds after `phase`, of a dataset that loops; the inverse of
    /// [`offset`](Self::offset).
    ///
    /// A record is due if `floor(x) ≤ elapsed`, which is `x < elapsed + 1`, where `x = (M(k) − position) · 1000 / V`.
    pub(super) fn records_due(&self, phase: &DatasetPhase, elapsed: i128) -> Option<i128> {
        if let Some(rate) = self.is_plain(phase) {
            return Some(((elapsed + 1) * rate - 1) / SCALE + 1);
        }
        let position = self.position(phase)?;
        let moved = (elapsed + 1) * i128::from(phase.speed.thousandths());
        let before = match &self.time {
            DatasetTime::Unread => return None,
            DatasetTime::Even => {
                let rate = i128::from(phase.rate?.millionths());
                // All in units of 1 / (1000 · rate) µs.
                let end = (position.whole * THOUSAND + moved) * rate + position.part * THOUSAND;
                (end - 1).div_euclid(SCALE * THOUSAND) + 1
            }
            DatasetTime::EvenInPlayer(lap) => {
                let rate = i128::from(phase.rate?.millionths());
                let (laps, end) = lap.divide(position.whole * THOUSAND + moved);
                let period = SCALE * THOUSAND * lap.denominator();
                let within = (end * rate - 1).div_euclid(period) + 1;
                laps * self.count() + within.min(self.count())
            }
            DatasetTime::Stamped {
                stamps,
                origin,
                lap,
            } => {
                let (laps, end) = lap.divide(position.whole * THOUSAND + moved);
                let last = (end - 1).div_euclid(THOUSAND * lap.denominator());
                let last = i64::try_from(last).unwrap_or(i64::MAX);
                let last = Micros::new(origin.get().saturating_add(last));
                laps * self.count() + i128::from(stamps.count_until(last))
            }
        };
        Some((before - i128::from(phase.index)).max(0))
    }

    /// Returns the phase `elapsed` microseconds after `phase`, when the next record is the one that follows its next
    /// one by `records`.
    pub(super) fn phase_after(
        &self,
        phase: &DatasetPhase,
        elapsed: i128,
        records: i128,
    ) -> Option<DatasetPhase> {
        let moved = (elapsed * i128::from(phase.speed.thousandths())).div_euclid(THOUSAND);
        let position = self.position(phase)?.whole + moved;
        let next = i128::from(phase.index) + records;
        let laps = next.div_euclid(self.count());
        let position = position - self.whole_laps(phase.rate, laps)?;
        Some(DatasetPhase {
            index: u64::try_from(next.rem_euclid(self.count())).ok()?,
            position: Some(i64::try_from(position).ok()?),
            ..*phase
        })
    }

    /// The position of `phase` plus `elapsed` microseconds at its speed, in dataset time within a lap. Without a loop it
    /// stays at the end.
    pub(super) fn position_at(&self, phase: &DatasetPhase, elapsed: i128) -> Option<i64> {
        let moved = (elapsed * i128::from(phase.speed.thousandths())).div_euclid(THOUSAND);
        let position = self.position(phase)?.whole + moved;
        let lap = self.lap(phase.rate)?;
        let within = if self.looping {
            position - lap.times(lap.count_until(position))
        } else {
            position.clamp(0, lap.times(1))
        };
        i64::try_from(within).ok()
    }

    /// How many records are due per second of dataset time; the mean over a lap. For display and metrics.
    pub(super) fn mean_rate(&self, rate: Option<Rate>) -> f64 {
        match (&self.time, rate) {
            (DatasetTime::Even | DatasetTime::Unread, rate) => rate.map_or(0.0, Rate::per_second),
            (DatasetTime::EvenInPlayer(lap) | DatasetTime::Stamped { lap, .. }, _) => {
                #[expect(clippy::cast_precision_loss, reason = "an estimate")]
                let len = self.len.get() as f64;
                len / lap.seconds()
            }
        }
    }

    /// The most records that are due within any second of dataset time. Takes time in proportion to the records.
    #[must_use]
    pub fn densest_second(&self) -> u64 {
        const SECOND: i64 = 1_000_000;
        let DatasetTime::Stamped { stamps, lap, .. } = &self.time else {
            return 0;
        };
        let stamp = |index: u64| stamps.get(index).get();
        let (mut densest, mut end) = (0, 0);
        for begin in 0..stamps.count() {
            while end < stamps.count() && stamp(end).saturating_sub(stamp(begin)) < SECOND {
                end += 1;
            }
            densest = densest.max(end - begin);
        }
        let lap = i64::try_from(lap.times(1)).unwrap_or(i64::MAX).max(1);
        let span = stamps.last().get().saturating_sub(stamps.first().get());
        if !self.looping || span.saturating_add(SECOND) <= lap {
            return densest;
        }
        self.densest_across_laps(stamps, lap)
    }

    /// The same where a second may reach into the next lap, or through several.
    fn densest_across_laps(&self, stamps: &Stamps, lap: i64) -> u64 {
        const SECOND: i64 = 1_000_000;
        let (laps, rest) = (SECOND / lap, SECOND % lap);
        let len = stamps.count();
        let unrolled = |k: u64| {
            let lap_of = i64::try_from(k / len).unwrap_or(i64::MAX);
            let begin = lap_of.saturating_mul(lap);
            stamps.get(k % len).get().saturating_add(begin)
        };
        let (mut densest, mut end) = (0, 0);
        for begin in 0..len {
            end = end.max(begin);
            while end < begin + len && unrolled(end).saturating_sub(unrolled(begin)) < rest {
                end += 1;
            }
            densest = densest.max(end - begin);
        }
        laps.unsigned_abs() * len + densest
    }

    fn count(&self) -> i128 {
        i128::from(self.len.get())
    }

    /// The dataset time of `phase`. In a player of several topics it is whole, because their phases have a position.
    fn position(&self, phase: &DatasetPhase) -> Option<Exact> {
        if let Some(position) = phase.position {
            return Some(Exact {
                whole: i128::from(position),
                part: 0,
            });
        }
        let due = self.unrolled(phase.rate, i128::from(phase.index))?;
        let is_alone = matches!(self.time, DatasetTime::Even);
        Some(Exact {
            part: if is_alone { due.part } else { 0 },
            ..due
        })
    }

    /// `M(k)`: when record `k`, counted through all laps, is due.
    fn unrolled(&self, rate: Option<Rate>, k: i128) -> Option<Exact> {
        match &self.time {
            DatasetTime::Unread => None,
            DatasetTime::Even => Some(at_rate(k, i128::from(rate?.millionths()))),
            DatasetTime::EvenInPlayer(lap) => {
                let rate = i128::from(rate?.millionths());
                let begin = lap.begin(k.div_euclid(self.count()));
                let within = at_rate(k.rem_euclid(self.count()), rate);
                Some(Exact {
                    whole: begin.0 + within.whole,
                    part: begin.1 * rate + within.part * lap.denominator(),
                })
            }
            DatasetTime::Stamped {
                stamps,
                origin,
                lap,
            } => {
                let (whole, part) = lap.begin(k.div_euclid(self.count()));
                let index = u64::try_from(k.rem_euclid(self.count())).ok()?;
                let stamp = stamps.get(index).get();
                Some(Exact {
                    whole: whole + i128::from(stamp) - i128::from(origin.get()),
                    part,
                })
            }
        }
    }

    /// The denominator of [`Exact`].
    fn denominator(&self, rate: Option<Rate>) -> i128 {
        let rate = rate.map_or(1, |rate| i128::from(rate.millionths()));
        match &self.time {
            DatasetTime::Even | DatasetTime::Unread => rate,
            DatasetTime::EvenInPlayer(lap) => rate * lap.denominator(),
            DatasetTime::Stamped { lap, .. } => lap.denominator(),
        }
    }

    /// The length of a lap.
    fn lap(&self, rate: Option<Rate>) -> Option<LapLength> {
        match &self.time {
            DatasetTime::Unread => None,
            DatasetTime::Even => Some(LapLength::even(self.len, rate?)),
            DatasetTime::EvenInPlayer(lap) | DatasetTime::Stamped { lap, .. } => Some(*lap),
        }
    }

    /// The length of `laps` laps, rounded up.
    fn whole_laps(&self, rate: Option<Rate>, laps: i128) -> Option<i128> {
        Some(self.lap(rate)?.times(laps))
    }
}

/// `k · 10⁶ / rate` in microseconds, with the rate in millionths.
fn at_rate(k: i128, rate: i128) -> Exact {
    let micros = k * SCALE;
    Exact {
        whole: micros.div_euclid(rate),
        part: micros.rem_euclid(rate),
    }
}

//! `Wheel`: deadlines of many viewers without a timer each: slots of time, and in each the keys that are due in it.

use crate::protocol::Micros;

/// Keys by the slot of time in which they are due. A key may stand in several slots; whoever takes it out knows
/// which one counts.
#[derive(Debug)]
pub(super) struct Wheel<K> {
    slots: Vec<Vec<K>>,
    /// The slot that is taken out next, counted from the Unix epoch.
    next: u64,
    len: usize,
}

impl<K> Wheel<K> {
    pub(super) fn begin(now: Micros) -> Self {
        Self {
            slots: std::iter::repeat_with(Vec::new).take(SLOTS).collect(),
            next: slot(now),
            len: 0,
        }
    }

    /// Sees to it that `key` comes out at `deadline`, or by `alarm`, when it comes out already, if that is earlier;
    /// `alarm` then says when.
    pub(super) fn put(&mut self, key: K, deadline: Micros, alarm: &mut Micros) {
        let furthest = self.next + SLOTS as u64 - 1;
        // Rounded up: nothing comes out before its time, unless it is too far ahead.
        let slot = (slot(deadline) + 1).clamp(self.next, furthest);
        // Compared as slots: a deadline is always before the alarm that was set for it.
        if begin_of(slot) < *alarm {
            *alarm = begin_of(slot);
            self.slots[index(slot)].push(key);
            self.len += 1;
        }
    }

    /// Takes out what has come by `now`, one slot at a time: its keys, and when it came.
    pub(super) fn take(&mut self, now: Micros) -> Option<(Micros, Vec<K>)> {
        if self.len == 0 {
            self.next = self.next.max(slot(now));
        }
        while self.next <= slot(now) {
            let slot = self.next;
            self.next += 1;
            let keys = std::mem::take(&mut self.slots[index(slot)]);
            if !keys.is_empty() {
                self.len -= keys.len();
                return Some((begin_of(slot), keys));
            }
        }
        None
    }

    /// When there is something to take out; `None` while the wheel is empty.
    pub(super) fn next(&self) -> Option<Micros> {
        if self.len == 0 {
            return None;
        }
        (self.next..)
            .take(SLOTS)
            .find(|slot| !self.slots[index(*slot)].is_empty())
            .map(begin_of)
    }
}

/// The coarseness of all deadlines. They are seconds long, so what comes out is late by a hundredth.
const SLOT_US: u64 = 50_000;
/// 51 seconds: no heartbeat is further ahead. What is comes out early, and is put in again.
const SLOTS: usize = 1_024;

/// The slot that `t` falls into, counted from the Unix epoch.
fn slot(t: Micros) -> u64 {
    u64::try_from(t.get()).unwrap_or(0) / SLOT_US
}

fn begin_of(slot: u64) -> Micros {
    Micros::new(i64::try_from(slot.saturating_mul(SLOT_US)).unwrap_or(i64::MAX))
}

fn index(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).expect("the number of slots is a small one")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(wheel: &mut Wheel<u32>, now: i64) -> Vec<(i64, Vec<u32>)> {
        std::iter::from_fn(|| wheel.take(Micros::new(now)))
            .map(|(at, keys)| (at.get(), keys))
            .collect()
    }

    fn put(wheel: &mut Wheel<u32>, key: u32, deadline: i64) -> Micros {
        let mut alarm = Micros::new(i64::MAX);
        wheel.put(key, Micros::new(deadline), &mut alarm);
        alarm
    }

    #[test]
    fn keys_come_out_in_the_order_of_their_deadlines_and_never_early() {
        let mut wheel = Wheel::begin(Micros::new(0));
        assert_eq!(wheel.next(), None);
        for (key, deadline) in [(1, 120_000), (2, 10_000), (3, 100_001), (4, 0)] {
            assert!(put(&mut wheel, key, deadline) > Micros::new(deadline));
        }
        assert_eq!(wheel.next(), Some(Micros::new(50_000)));
        assert_eq!(drain(&mut wheel, 49_999), []);
        assert_eq!(drain(&mut wheel, 149_999), [(50_000, vec![2, 4])]);
        assert_eq!(drain(&mut wheel, 150_000), [(150_000, vec![1, 3])]);
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn a_deadline_beyond_the_wheel_comes_out_at_its_end_to_be_put_in_again() {
        let mut wheel = Wheel::begin(Micros::new(0));
        let at = put(&mut wheel, 1, i64::MAX);
        assert_eq!(at, Micros::new(1_023 * 50_000));
        assert_eq!(drain(&mut wheel, at.get()), [(at.get(), vec![1])]);
    }

    #[test]
    fn a_deadline_in_the_past_comes_out_at_once() {
        let mut wheel = Wheel::begin(Micros::new(1_000_000));
        put(&mut wheel, 1, 5);
        assert_eq!(drain(&mut wheel, 1_000_000), [(1_000_000, vec![1])]);
    }

    #[test]
    fn a_key_that_comes_out_in_time_already_is_not_put_in_again() {
        let mut wheel = Wheel::begin(Micros::new(0));
        let deadline = Micros::new(60_000);
        let mut alarm = Micros::new(i64::MAX);
        for _ in 0..2 {
            wheel.put(1, deadline, &mut alarm);
            assert_eq!(alarm, Micros::new(100_000));
        }
        assert_eq!(drain(&mut wheel, 100_000), [(100_000, vec![1])]);
        // Nor once it is out, as long as its alarm stands: whoever took it out has yet to look.
        wheel.put(1, deadline, &mut alarm);
        assert_eq!((alarm, wheel.next()), (Micros::new(100_000), None));
    }

    #[test]
    fn a_key_whose_deadline_has_come_nearer_comes_out_earlier() {
        let mut wheel = Wheel::begin(Micros::new(0));
        let mut alarm = put(&mut wheel, 1, 500_000);
        wheel.put(1, Micros::new(60_000), &mut alarm);
        assert_eq!(wheel.next(), Some(alarm));
        assert_eq!(alarm, Micros::new(100_000));
    }
}

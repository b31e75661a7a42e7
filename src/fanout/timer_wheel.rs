//! `TimerWheel`: one coarse timer per viewer for many viewers, as a ring of time slots.
//!
//! Arming and expiring take constant time. The wheel never moves a key: a key whose deadline has moved closer is added
//! again, and the caller ignores the entry that is out of date.

use crate::protocol::Micros;

/// Keys by the time slot in which they expire. A key may be in several slots; the caller knows which one counts, by the
/// `timer_at` of [`TimerWheel::arm`].
#[derive(Debug)]
pub(super) struct TimerWheel<K> {
    slots: Vec<Vec<K>>,
    /// The slot that expires next, counted from the Unix epoch.
    next_slot: u64,
    len: usize,
}

/// A slot that has expired.
#[derive(Debug)]
pub(super) struct ExpiredSlot<K> {
    /// When its timers were to expire.
    pub(super) at: Micros,
    pub(super) keys: Vec<K>,
}

impl<K> TimerWheel<K> {
    pub(super) fn new(now: Micros) -> Self {
        Self {
            slots: std::iter::repeat_with(Vec::new).take(SLOTS).collect(),
            next_slot: slot_of(now),
            len: 0,
        }
    }

    /// Arms the timer of `key` for `deadline`, unless it expires by then anyway. `timer_at` is when it expires, before
    /// and after the call.
    pub(super) fn arm(&mut self, key: K, deadline: Micros, timer_at: &mut Micros) {
        let furthest = self.next_slot + SLOTS as u64 - 1;
        // Rounded up, so that nothing expires early, except what is beyond the wheel's range.
        let slot = (slot_of(deadline) + 1).clamp(self.next_slot, furthest);
        // Compared by slots, because a deadline is always before the slot that it was rounded up to.
        if slot_start(slot) < *timer_at {
            *timer_at = slot_start(slot);
            self.slots[slot_index(slot)].push(key);
            self.len += 1;
        }
    }

    /// Removes and returns the next slot that has expired by `now`.
    pub(super) fn expire(&mut self, now: Micros) -> Option<ExpiredSlot<K>> {
        if self.len == 0 {
            self.next_slot = self.next_slot.max(slot_of(now));
        }
        while self.next_slot <= slot_of(now) {
            let slot = self.next_slot;
            self.next_slot += 1;
            let keys = std::mem::take(&mut self.slots[slot_index(slot)]);
            if !keys.is_empty() {
                self.len -= keys.len();
                let at = slot_start(slot);
                return Some(ExpiredSlot { at, keys });
            }
        }
        None
    }

    /// When the next timer expires; `None` if no timer is armed.
    pub(super) fn next_expiry(&self) -> Option<Micros> {
        if self.len == 0 {
            return None;
        }
        (self.next_slot..)
            .take(SLOTS)
            .find(|slot| !self.slots[slot_index(*slot)].is_empty())
            .map(slot_start)
    }
}

/// The resolution of all timers. Deadlines are seconds away, so this makes them late by about a hundredth.
const SLOT_US: u64 = 50_000;
/// 51 seconds: every heartbeat is nearer. A timer beyond that expires early and is armed again.
const SLOTS: usize = 1_024;

/// The slot of `t`, counted from the Unix epoch.
fn slot_of(t: Micros) -> u64 {
    u64::try_from(t.get()).unwrap_or(0) / SLOT_US
}

fn slot_start(slot: u64) -> Micros {
    Micros::new(i64::try_from(slot.saturating_mul(SLOT_US)).unwrap_or(i64::MAX))
}

fn slot_index(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).expect("the number of slots is a small one")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expired(wheel: &mut TimerWheel<u32>, now: i64) -> Vec<(i64, Vec<u32>)> {
        std::iter::from_fn(|| wheel.expire(Micros::new(now)))
            .map(|ExpiredSlot { at, keys }| (at.get(), keys))
            .collect()
    }

    fn arm(wheel: &mut TimerWheel<u32>, key: u32, deadline: i64) -> Micros {
        let mut timer_at = Micros::new(i64::MAX);
        wheel.arm(key, Micros::new(deadline), &mut timer_at);
        timer_at
    }

    #[test]
    fn keys_expire_in_the_order_of_their_deadlines_and_never_early() {
        let mut wheel = TimerWheel::new(Micros::new(0));
        assert_eq!(wheel.next_expiry(), None);
        for (key, deadline) in [(1, 120_000), (2, 10_000), (3, 100_001), (4, 0)] {
            assert!(arm(&mut wheel, key, deadline) > Micros::new(deadline));
        }
        assert_eq!(wheel.next_expiry(), Some(Micros::new(50_000)));
        assert_eq!(expired(&mut wheel, 49_999), []);
        assert_eq!(expired(&mut wheel, 149_999), [(50_000, vec![2, 4])]);
        assert_eq!(expired(&mut wheel, 150_000), [(150_000, vec![1, 3])]);
        assert_eq!(wheel.next_expiry(), None);
    }

    #[test]
    fn a_deadline_beyond_the_wheel_expires_at_its_end() {
        let mut wheel = TimerWheel::new(Micros::new(0));
        let at = arm(&mut wheel, 1, i64::MAX);
        assert_eq!(at, Micros::new(1_023 * 50_000));
        assert_eq!(expired(&mut wheel, at.get()), [(at.get(), vec![1])]);
    }

    #[test]
    fn a_deadline_in_the_past_expires_at_once() {
        let mut wheel = TimerWheel::new(Micros::new(1_000_000));
        arm(&mut wheel, 1, 5);
        assert_eq!(expired(&mut wheel, 1_000_000), [(1_000_000, vec![1])]);
    }

    #[test]
    fn a_key_that_expires_in_time_is_not_armed_again() {
        let mut wheel = TimerWheel::new(Micros::new(0));
        let deadline = Micros::new(60_000);
        let mut timer_at = Micros::new(i64::MAX);
        for _ in 0..2 {
            wheel.arm(1, deadline, &mut timer_at);
            assert_eq!(timer_at, Micros::new(100_000));
        }
        assert_eq!(expired(&mut wheel, 100_000), [(100_000, vec![1])]);
        // Nor after it has expired, until the caller has handled it and reset `timer_at`.
        wheel.arm(1, deadline, &mut timer_at);
        assert_eq!(
            (timer_at, wheel.next_expiry()),
            (Micros::new(100_000), None)
        );
    }

    #[test]
    fn a_key_whose_deadline_moves_closer_expires_earlier() {
        let mut wheel = TimerWheel::new(Micros::new(0));
        let mut timer_at = arm(&mut wheel, 1, 500_000);
        wheel.arm(1, Micros::new(60_000), &mut timer_at);
        assert_eq!(wheel.next_expiry(), Some(timer_at));
        assert_eq!(timer_at, Micros::new(100_000));
    }
}

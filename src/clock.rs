//! The only reader of time: the hub's timeline clock, and an alarm that wakes on its schedule.
//!
//! The timeline clock is Unix time taken once, at start, and the monotonic clock from then on: a step of the
//! wall clock moves nothing. Knows no topic and no schedule; instants come in, waking comes out.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::protocol::Micros;

/// The timeline clock of one hub. Cheap to copy; copies agree.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    unix: Duration,
    instant: Instant,
}

impl Clock {
    /// Anchors the timeline clock to the wall clock, once.
    #[must_use]
    pub fn start() -> Self {
        Self {
            unix: unix_time(),
            instant: monotonic(),
        }
    }

    /// The instant now.
    #[must_use]
    pub fn now(&self) -> Micros {
        micros(self.elapsed())
    }

    /// The instant at which it was anchored.
    #[must_use]
    pub fn started(&self) -> Micros {
        micros(self.unix)
    }

    /// How long ago that was.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        monotonic().duration_since(self.instant)
    }

    /// Microseconds by which this clock is ahead of the wall clock; negative when it is behind.
    #[must_use]
    pub fn ahead_of_wall_us(&self) -> i64 {
        self.now().get().saturating_sub(wall().get())
    }

    /// How long from now until `t`, to the nanosecond; zero when it has passed.
    pub(crate) fn until(&self, t: Micros) -> Duration {
        let target = Duration::from_micros(u64::try_from(t.get()).unwrap_or(0));
        target.saturating_sub(self.elapsed())
    }

    /// Since the Unix epoch, on this clock.
    fn elapsed(&self) -> Duration {
        self.unix + monotonic().duration_since(self.instant)
    }
}

/// The wall clock, which may step: for log lines and whatever else people compare with other machines' clocks.
#[must_use]
pub fn wall() -> Micros {
    micros(unix_time())
}

/// The same, as the standard library has it.
#[must_use]
pub fn wall_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + unix_time()
}

/// A wall clock before 1970 is a broken one, and stands at zero.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where time is read"
)]
fn unix_time() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where time is read"
)]
fn monotonic() -> Instant {
    Instant::now()
}

fn micros(since_epoch: Duration) -> Micros {
    Micros::new(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// Asks the kernel to wake the calling thread as exactly as it can, where there is such a thing to ask for.
///
/// Linux lets timers of ordinary threads slip by 50 µs so that it can wake several at once; for the few threads
/// that keep the schedule that is half of all their lateness.
pub fn wake_exactly() {
    #[cfg(target_os = "linux")]
    {
        // Refused, the thread is only as late as any other.
        _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    }
}

/// Why a wait on an [`Alarm`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The instant has come.
    Due,
    /// Somebody called: what is waited for may be another instant by now.
    Called,
    /// Somebody rang: there is to be no more waiting.
    Rung,
}

/// A wait for an instant that can be cut short: by a call, to look again, and by ringing, once and for good.
///
/// It blocks its thread on a futex with a nanosecond deadline, because a runtime's timer wheel has
/// millisecond slots: measured at 100 records a second, that is 0.06 ms late instead of 1.4 ms.
#[derive(Debug, Default)]
pub struct Alarm {
    wish: Mutex<Wish>,
    bell: Condvar,
}

/// What is wanted of whoever waits.
#[derive(Debug, Default)]
struct Wish {
    is_rung: bool,
    is_called: bool,
}

impl Alarm {
    /// The longest single wait. Bounds what a suspended machine, whose monotonic clock stood still, can oversleep.
    const WAIT_MAX: Duration = Duration::from_secs(60);

    /// Blocks until `t` on `clock`, or until the alarm is called or rung.
    pub fn wait_until(&self, clock: &Clock, t: Micros) -> Woken {
        let mut wish = self.wish.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = clock.until(t);
            if wish.is_rung {
                return Woken::Rung;
            }
            if std::mem::take(&mut wish.is_called) {
                return Woken::Called;
            }
            if left.is_zero() {
                return Woken::Due;
            }
            let waited = self.bell.wait_timeout(wish, left.min(Self::WAIT_MAX));
            wish = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the wait under way, or the next one.
    pub fn call(&self) {
        self.wish
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_called = true;
        self.bell.notify_all();
    }

    /// Ends every wait, now and later.
    pub fn ring(&self) {
        self.wish
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_rung = true;
        self.bell.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn an_alarm_never_goes_off_early() {
        let (clock, alarm) = (Clock::start(), Alarm::default());
        for wait_us in [0, 1, 100, 3_000] {
            let t = Micros::new(clock.now().get() + wait_us);
            assert_eq!(alarm.wait_until(&clock, t), Woken::Due);
            assert!(clock.now() >= t);
        }
    }

    #[test]
    fn a_call_ends_one_wait_and_ringing_all_that_follow() {
        let (clock, alarm) = (Clock::start(), Alarm::default());
        alarm.call();
        assert_eq!(
            alarm.wait_until(&clock, Micros::new(i64::MAX)),
            Woken::Called
        );
        assert_eq!(alarm.wait_until(&clock, Micros::new(0)), Woken::Due);
        alarm.call();
        alarm.ring();
        assert_eq!(alarm.wait_until(&clock, Micros::new(0)), Woken::Rung);
        assert_eq!(alarm.wait_until(&clock, Micros::new(0)), Woken::Rung);
    }

    #[test]
    fn ringing_ends_a_wait_that_has_years_to_go() {
        let (clock, alarm) = (Clock::start(), Arc::new(Alarm::default()));
        let ringer = Arc::clone(&alarm);
        let thread = thread::spawn(move || ringer.ring());
        assert_eq!(alarm.wait_until(&clock, Micros::new(i64::MAX)), Woken::Rung);
        assert_eq!(alarm.wait_until(&clock, Micros::new(i64::MAX)), Woken::Rung);
        thread.join().unwrap();
    }
}

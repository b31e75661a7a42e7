//! `Clock` and `Alarm`: the only place where time is read, and a blocking wait for an instant.
//!
//! The timeline clock reads the wall clock once, at start, and adds the monotonic clock from then on, so a step of the
//! wall clock does not affect it. Knows no topics and no schedules.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::protocol::Micros;

/// The timeline clock of one hub. Cheap to copy; copies agree.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    anchor_unix: Duration,
    anchor_monotonic: Instant,
}

impl Clock {
    /// Anchors the timeline clock to the wall clock, once.
    #[must_use]
    pub fn start() -> Self {
        Self {
            anchor_unix: unix_time(),
            anchor_monotonic: monotonic(),
        }
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> Micros {
        micros(self.elapsed())
    }

    /// The instant at which the clock was started.
    #[must_use]
    pub fn started_at(&self) -> Micros {
        micros(self.anchor_unix)
    }

    /// The time since [`started_at`](Self::started_at).
    #[must_use]
    pub fn uptime(&self) -> Duration {
        monotonic().duration_since(self.anchor_monotonic)
    }

    /// Microseconds by which this clock is ahead of the wall clock; negative if it is behind.
    #[must_use]
    pub fn ahead_of_wall_us(&self) -> i64 {
        self.now().get().saturating_sub(wall_now().get())
    }

    /// The time left until `t`, to the nanosecond; zero if `t` has passed.
    pub(crate) fn until(&self, t: Micros) -> Duration {
        let target = Duration::from_micros(u64::try_from(t.get()).unwrap_or(0));
        target.saturating_sub(self.elapsed())
    }

    /// The time since the Unix epoch on this clock.
    fn elapsed(&self) -> Duration {
        self.anchor_unix + monotonic().duration_since(self.anchor_monotonic)
    }
}

/// The wall-clock time, which may step: for log lines and other times that are compared with other machines.
#[must_use]
pub fn wall_now() -> Micros {
    micros(unix_time())
}

/// The wall-clock time as a [`SystemTime`].
#[must_use]
pub fn wall_system_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + unix_time()
}

/// The wall-clock time since the Unix epoch; zero for a broken clock that is before 1970.
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

/// Asks the kernel to wake the calling thread as precisely as it can; does nothing on systems without this setting.
///
/// Linux delays the timers of ordinary threads by up to 50 µs, so that it can wake several at once. For the few
/// threads that keep the schedule that would be half of their lateness.
pub fn minimize_timer_slack() {
    #[cfg(target_os = "linux")]
    {
        // If it fails, the thread is as late as any other.
        _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    }
}

/// Why a wait on an [`Alarm`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// It is time.
    Due,
    /// The alarm was notified: the waiting thread has to check whether the instant has changed.
    Notified,
    /// The alarm was cancelled: the waiting thread has to end.
    Cancelled,
}

/// A blocking wait for an instant; [`notify`](Self::notify) interrupts it once, [`cancel`](Self::cancel) for good.
///
/// The thread sleeps on a futex with a nanosecond deadline, because a runtime's timer wheel has millisecond slots:
/// measured at 100 records a second, that is 0.06 ms late instead of 1.4 ms.
#[derive(Debug, Default)]
pub struct Alarm {
    state: Mutex<AlarmState>,
    condvar: Condvar,
}

/// What the waiting thread has been asked to do.
#[derive(Debug, Default)]
struct AlarmState {
    /// Stays set.
    is_cancelled: bool,
    /// Reset by the wait that it ends.
    is_notified: bool,
}

impl Alarm {
    /// The longest single wait. Limits how late the thread wakes after the machine was suspended, which stops the
    /// monotonic clock.
    const WAIT_MAX: Duration = Duration::from_secs(60);

    /// Blocks until `t` on `clock`, or until the alarm is notified or cancelled.
    pub fn wait_until(&self, clock: &Clock, t: Micros) -> Woken {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = clock.until(t);
            if state.is_cancelled {
                return Woken::Cancelled;
            }
            if std::mem::take(&mut state.is_notified) {
                return Woken::Notified;
            }
            if left.is_zero() {
                return Woken::Due;
            }
            let waited = self.condvar.wait_timeout(state, left.min(Self::WAIT_MAX));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the current wait, or else the next one.
    pub fn notify(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_notified = true;
        self.condvar.notify_all();
    }

    /// Ends the current wait and every later one.
    pub fn cancel(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_cancelled = true;
        self.condvar.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn a_wait_never_ends_early() {
        let (clock, alarm) = (Clock::start(), Alarm::default());
        for wait_us in [0, 1, 100, 3_000] {
            let t = Micros::new(clock.now().get() + wait_us);
            assert_eq!(alarm.wait_until(&clock, t), Woken::Due);
            assert!(clock.now() >= t);
        }
    }

    #[test]
    fn notify_ends_one_wait_and_cancel_every_later_one() {
        let (clock, alarm) = (Clock::start(), Alarm::default());
        alarm.notify();
        assert_eq!(
            alarm.wait_until(&clock, Micros::new(i64::MAX)),
            Woken::Notified
        );
        assert_eq!(alarm.wait_until(&clock, Micros::new(0)), Woken::Due);
        alarm.notify();
        alarm.cancel();
        assert_eq!(alarm.wait_until(&clock, Micros::new(0)), Woken::Cancelled);
        assert_eq!(alarm.wait_until(&clock, Micros::new(0)), Woken::Cancelled);
    }

    #[test]
    fn cancel_ends_a_wait_without_a_deadline() {
        let (clock, alarm) = (Clock::start(), Arc::new(Alarm::default()));
        let canceller = Arc::clone(&alarm);
        let thread = thread::spawn(move || canceller.cancel());
        assert_eq!(
            alarm.wait_until(&clock, Micros::new(i64::MAX)),
            Woken::Cancelled
        );
        assert_eq!(
            alarm.wait_until(&clock, Micros::new(i64::MAX)),
            Woken::Cancelled
        );
        thread.join().unwrap();
    }
}

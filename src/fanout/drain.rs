//! `Drain`: how a hub that shuts down sheds its viewers, and when it has them reconnect.
//!
//! A drain has two phases. First, each viewer gets a `bye` and keeps its stream, so that it can connect to another hub
//! before it leaves this one. Then, when waiting no longer helps, the remaining viewers are closed (1012), all at once:
//! a restarting hub serves none of them until the last has been closed.
//!
//! This module decides when; the lanes send.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

/// The drain of one hub, shared with its lanes.
#[derive(Debug)]
pub struct Drain {
    /// A [`DrainPhase`]; it only advances.
    phase: AtomicU8,
    /// Whether the successor accepts on the listening socket of this hub.
    is_handed_over: AtomicBool,
    /// The time that the whole drain may take.
    grace_us: AtomicU64,
    /// The number of viewers when the current phase started; 0 before the first.
    viewers: AtomicUsize,
    /// Holds one permit for each lane that has closed its viewers.
    closed_lanes: Semaphore,
}

/// How far a drain has progressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DrainPhase {
    /// The hub is not draining.
    Serving,
    /// Viewers get a `bye`, and their streams continue.
    Notifying,
    /// The remaining viewers are closed.
    Closing,
}

impl Drain {
    /// Reconnects per second that a hub on two cores handles without delaying its streams, with a margin of one
    /// half. The pace of the `bye`s and the ranges of `retry_ms` follow from it and from the number of viewers.
    const RECONNECTS_PER_SECOND: u64 = 8_000;
    /// The narrowest retry range, in milliseconds: even a few viewers should not connect in the same millisecond.
    const SPREAD_MS_MIN: u64 = 100;
    /// The time that a service manager and the successor need to start, in milliseconds; a viewer that reconnects
    /// sooner finds nothing listening.
    const RESTART_MS: u64 = 100;
    /// All `bye`s are sent within the grace period divided by this, however many viewers there are. The rest of the
    /// period is left for viewers to leave.
    const BYE_GRACE_DIVISOR: u32 = 2;
    /// How long streams continue after `bye` if the successor inherits the listening socket. Short, because it accepts
    /// only once this hub has exited; until then reconnecting viewers wait in the socket's backlog of 4,096.
    const HANDOVER_CLOSE_DELAY: Duration = Duration::from_millis(250);
    /// The retry range for a viewer that is closed for a violation or rejected by a full hub, in milliseconds.
    pub const DEFAULT_RETRY_MS: [u64; 2] = [1_000, 10_000];
    /// The lowest retry range for an `EventSource`, in milliseconds: it retries at the same interval while no hub
    /// accepts.
    const EVENT_SOURCE_RETRY_MS_MIN: [u64; 2] = [500, 1_000];

    /// Creates a drain that will take at most `grace`.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        Self {
            phase: AtomicU8::new(DrainPhase::Serving as u8),
            is_handed_over: AtomicBool::new(false),
            grace_us: AtomicU64::new(micros(grace)),
            viewers: AtomicUsize::new(0),
            closed_lanes: Semaphore::new(0),
        }
    }

    /// The time that the drain may take.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_micros(self.grace_us.load(Ordering::Relaxed))
    }

    /// Sets the time that a drain may take.
    pub fn set_grace(&self, grace: Duration) {
        self.grace_us.store(micros(grace), Ordering::Relaxed);
    }

    /// Starts the first phase, with this number of `viewers`.
    pub(super) fn start(&self, viewers: usize) {
        self.advance(DrainPhase::Notifying, viewers);
    }

    /// Starts the second phase, with the number of `viewers` that remain.
    pub(super) fn start_closing(&self, viewers: usize) {
        self.advance(DrainPhase::Closing, viewers);
    }

    fn advance(&self, phase: DrainPhase, viewers: usize) {
        // Before the phase: a lane that sees the new phase must also see this number.
        self.viewers.store(viewers, Ordering::Relaxed);
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
    }

    /// The current phase.
    pub(super) fn phase(&self) -> DrainPhase {
        match self.phase.load(Ordering::Acquire) {
            0 => DrainPhase::Serving,
            1 => DrainPhase::Notifying,
            _ => DrainPhase::Closing,
        }
    }

    /// Records that one lane has closed its viewers.
    pub(super) fn report_lane_closed(&self) {
        self.closed_lanes.add_permits(1);
    }

    /// Waits until all `lanes` have closed their viewers.
    pub(super) async fn wait_for_lanes(&self, lanes: usize) {
        let lanes = u32::try_from(lanes).expect("there are as many lanes as cores");
        // The semaphore is never closed, so this cannot fail.
        _ = self.closed_lanes.acquire_many(lanes).await;
    }

    /// Returns whether the drain has started.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.phase() > DrainPhase::Serving
    }

    /// Records that the successor inherits the listening socket, so that no connection is refused in between.
    pub fn hand_over(&self) {
        self.is_handed_over.store(true, Ordering::Release);
    }

    fn is_handed_over(&self) -> bool {
        self.is_handed_over.load(Ordering::Acquire)
    }

    /// Returns whether new viewers are rejected. If the listening socket is handed over, viewers on connections
    /// accepted before that still join, and are closed like the others.
    #[must_use]
    pub fn rejects_viewers(&self) -> bool {
        self.is_draining() && !self.is_handed_over()
    }

    /// How long after its start the drain closes the remaining viewers, if the grace period allows; `None` if it waits
    /// for them to leave.
    #[must_use]
    pub fn close_delay(&self) -> Option<Duration> {
        self.is_handed_over().then_some(Self::HANDOVER_CLOSE_DELAY)
    }

    /// How long after the start of the drain the `n`th of `len` viewers on a lane, counted from 0, gets its `bye`.
    pub(super) fn bye_delay(&self, n: usize, len: usize) -> Duration {
        if self.is_handed_over() {
            // All viewers get it at once; the random delay in `retry_ms` spreads their reconnects.
            return Duration::ZERO;
        }
        share(self.bye_period(), n, len)
    }

    /// How long after a topic with this number of `viewers` is closed the `n`th of `len` of them on a lane, counted from
    /// 0, is closed: as spread as those of a drain.
    pub(super) fn leave_delay(viewers: usize, n: usize, len: usize) -> Duration {
        share(Duration::from_millis(spread_ms(viewers)), n, len)
    }

    /// The time over which the `bye`s are sent.
    #[must_use]
    pub fn bye_period(&self) -> Duration {
        Duration::from_millis(self.spread_ms()).min(self.grace() / Self::BYE_GRACE_DIVISOR)
    }

    /// The time over which viewers reconnect, in milliseconds, so that a hub can handle their rate.
    fn spread_ms(&self) -> u64 {
        spread_ms(self.viewers.load(Ordering::Relaxed))
    }

    /// The range from which a viewer that gets its `bye` now picks its reconnect delay, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> [u64; 2] {
        let spread = self.spread_ms().max(Self::SPREAD_MS_MIN);
        match self.phase() {
            DrainPhase::Serving => Self::DEFAULT_RETRY_MS,
            _ if self.is_handed_over() => [0, spread],
            // The `bye`s themselves are spread already.
            DrainPhase::Notifying => [0, Self::SPREAD_MS_MIN],
            DrainPhase::Closing => [Self::RESTART_MS, Self::RESTART_MS + spread],
        }
    }

    /// The same for an `EventSource`, which waits the same time before each attempt and never backs off.
    #[must_use]
    pub fn event_source_retry_ms([least, most]: [u64; 2]) -> [u64; 2] {
        let [least_of_all, most_at_least] = Self::EVENT_SOURCE_RETRY_MS_MIN;
        [least.max(least_of_all), most.max(most_at_least)]
    }

    /// The range of reconnect delays for an `EventSource` that loses its connection together with all `viewers`, in
    /// milliseconds.
    #[must_use]
    pub fn event_source_retry_ms_after_loss(viewers: usize) -> [u64; 2] {
        Self::event_source_retry_ms([0, spread_ms(viewers)])
    }
}

/// The `n`th part of `len` of a period.
fn share(period: Duration, n: usize, len: usize) -> Duration {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    period * count(n) / count(len).max(1)
}

fn spread_ms(viewers: usize) -> u64 {
    let viewers = u64::try_from(viewers).unwrap_or(u64::MAX);
    viewers.saturating_mul(1_000) / Drain::RECONNECTS_PER_SECOND
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(grace: Duration, viewers: usize) -> Drain {
        let drain = Drain::new(grace);
        drain.start(viewers);
        drain
    }

    const TEN_SECONDS: Duration = Duration::from_secs(10);

    #[test]
    fn byes_are_spread_by_the_number_of_viewers_and_not_by_the_grace_period() {
        for grace in [TEN_SECONDS, Duration::from_secs(3_600)] {
            let drain = started(grace, 16_000);
            let waits = [0, 2_000, 4_000].map(|n| drain.bye_delay(n, 8_000).as_millis());
            assert_eq!(waits, [0, 500, 1_000]);
            assert_eq!(drain.bye_period(), Duration::from_secs(2));
            assert!(started(grace, 50).bye_period() < Duration::from_millis(10));
        }
    }

    #[test]
    fn viewers_of_a_closed_topic_leave_at_the_same_pace() {
        let waits = [0, 2_000, 4_000].map(|n| Drain::leave_delay(16_000, n, 8_000).as_millis());
        assert_eq!(waits, [0, 500, 1_000]);
        assert_eq!(Drain::leave_delay(0, 0, 0), Duration::ZERO);
    }

    #[test]
    fn byes_take_at_most_half_of_a_short_grace_period() {
        let drain = started(Duration::from_secs(1), 16_000);
        assert_eq!(drain.bye_period(), Duration::from_millis(500));
        assert_eq!(
            started(Duration::ZERO, 16_000).bye_delay(7, 8),
            Duration::ZERO
        );
    }

    #[test]
    fn viewers_whose_byes_are_spread_reconnect_almost_at_once() {
        assert_eq!(started(TEN_SECONDS, 16_000).retry_ms(), [0, 100]);
    }

    #[test]
    fn closed_viewers_reconnect_after_the_hub_had_time_to_restart() {
        for (viewers, range) in [(50, [100, 200]), (16_000, [100, 2_100])] {
            let drain = started(TEN_SECONDS, viewers);
            drain.start_closing(viewers);
            assert_eq!(drain.retry_ms(), range);
        }
    }

    #[test]
    fn byes_are_sent_at_once_if_the_socket_is_handed_over() {
        for (viewers, range) in [(50, [0, 100]), (16_000, [0, 2_000])] {
            let drain = started(TEN_SECONDS, viewers);
            drain.hand_over();
            assert_eq!(drain.bye_delay(7, 8), Duration::ZERO);
            assert_eq!(drain.retry_ms(), range);
            assert!(drain.close_delay().unwrap() < Duration::from_secs(1));
        }
    }

    #[test]
    fn an_event_source_waits_at_least_half_a_second_and_longer_among_many_viewers() {
        assert_eq!(Drain::event_source_retry_ms_after_loss(50), [500, 1_000]);
        assert_eq!(
            Drain::event_source_retry_ms_after_loss(16_000),
            [500, 2_000]
        );
        assert_eq!(
            Drain::event_source_retry_ms([1_000, 10_000]),
            [1_000, 10_000]
        );
    }

    #[test]
    fn a_viewer_closed_for_a_violation_waits_longer_before_reconnecting() {
        assert_eq!(Drain::new(TEN_SECONDS).retry_ms(), [1_000, 10_000]);
    }
}

//! `Drain`: how a hub that ends parts from its viewers, and when they reconnect.
//!
//! A drain has two steps. First each viewer gets a `bye` and keeps its stream, so that it can connect to another hub
//! before it leaves this one. Then, when waiting no longer helps, the viewers that are left are closed (1012), all at
//! once: a hub that is restarted serves them again only after the last of them has been closed.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

/// The drain of one hub, shared with its lanes.
#[derive(Debug)]
pub struct Drain {
    /// A [`Step`]; it only grows.
    step: AtomicU8,
    /// The successor accepts on the listener of this hub.
    is_handed_over: AtomicBool,
    grace_us: AtomicU64,
    /// The viewers when the present step began; 0 before the first.
    viewers: AtomicUsize,
    /// A permit for each lane that has closed its viewers.
    closed: Semaphore,
}

/// How far a drain has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The hub does not drain.
    Serving,
    /// Viewers get a `bye` and keep their streams.
    Telling,
    /// The viewers that are left are closed.
    Closing,
}

impl Drain {
    /// Reconnects a second that a hub of two cores takes without its streams faltering, with a half to spare. The
    /// goodbyes, and the ranges in `retry_ms`, follow from it and from the number of viewers.
    const RECONNECTS_PER_SECOND: u64 = 8_000;
    /// The narrowest range, milliseconds: even a few viewers need not all connect in the same millisecond.
    const SPREAD_MS_MIN: u64 = 100;
    /// What a supervisor and the successor need for a start, milliseconds: a viewer that tries sooner is refused.
    const RESTART_MS: u64 = 100;
    /// Goodbyes come within this part of the grace, however many viewers there are; the rest is for them to leave.
    const TELLING_PART: u32 = 2;
    /// How long a stream goes on after `bye` if the successor accepts on the same socket once this hub has ended: the
    /// shorter, the better. The first viewers to come back wait in the socket's queue, which holds 4,096.
    const HANDED_OVER_WAIT: Duration = Duration::from_millis(250);
    /// The range for a viewer that is closed for its own fault, or finds the hub full, in milliseconds.
    pub const RETRY_MS_OTHERWISE: [u64; 2] = [1_000, 10_000];
    /// The narrowest range of the waits of an `EventSource`, milliseconds: it keeps to its wait while no hub accepts.
    const EVENTS_RETRY_MS: [u64; 2] = [500, 1_000];

    /// A drain that takes at most `grace`.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        Self {
            step: AtomicU8::new(Step::Serving as u8),
            is_handed_over: AtomicBool::new(false),
            grace_us: AtomicU64::new(micros(grace)),
            viewers: AtomicUsize::new(0),
            closed: Semaphore::new(0),
        }
    }

    /// How long it may take.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_micros(self.grace_us.load(Ordering::Relaxed))
    }

    /// Sets how long a drain that begins from now on may take.
    pub fn set_grace(&self, grace: Duration) {
        self.grace_us.store(micros(grace), Ordering::Relaxed);
    }

    /// Begins the first step, with this number of `viewers`.
    pub(super) fn begin(&self, viewers: usize) {
        self.advance(Step::Telling, viewers);
    }

    /// Begins the second step, with the `viewers` that are left.
    pub(super) fn close(&self, viewers: usize) {
        self.advance(Step::Closing, viewers);
    }

    fn advance(&self, step: Step, viewers: usize) {
        // Before the step, which says that the number holds.
        self.viewers.store(viewers, Ordering::Relaxed);
        self.step.fetch_max(step as u8, Ordering::AcqRel);
    }

    /// How far it has come.
    pub(super) fn step(&self) -> Step {
        match self.step.load(Ordering::Acquire) {
            0 => Step::Serving,
            1 => Step::Telling,
            _ => Step::Closing,
        }
    }

    /// A lane has closed its viewers.
    pub(super) fn lane_has_closed(&self) {
        self.closed.add_permits(1);
    }

    /// Waits until `lanes` have closed their viewers.
    pub(super) async fn closed(&self, lanes: usize) {
        let lanes = u32::try_from(lanes).expect("there are as many lanes as cores");
        // It is never closed.
        _ = self.closed.acquire_many(lanes).await;
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.step() > Step::Serving
    }

    /// Notes that the successor takes over the listening socket, so no connection is refused in between.
    pub fn hand_over(&self) {
        self.is_handed_over.store(true, Ordering::Release);
    }

    fn is_handed_over(&self) -> bool {
        self.is_handed_over.load(Ordering::Acquire)
    }

    /// Whether new viewers are refused. If the socket is handed over, connections accepted before that are let in, and
    /// closed like other viewers.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.has_begun() && !self.is_handed_over()
    }

    /// How long after its beginning the viewers that are left are closed, if the grace allows; `None` where it depends
    /// on whether they leave.
    #[must_use]
    pub fn closes_after(&self) -> Option<Duration> {
        self.is_handed_over().then_some(Self::HANDED_OVER_WAIT)
    }

    /// How long after the beginning viewer `n` of `len` on a lane, counted from 0, gets its `bye`.
    pub(super) fn wait_of(&self, n: usize, len: usize) -> Duration {
        if self.is_handed_over() {
            // All get it at once, and spread themselves over `retry_ms`.
            return Duration::ZERO;
        }
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.telling() * count(n) / count(len).max(1)
    }

    /// How long the goodbyes take.
    #[must_use]
    pub fn telling(&self) -> Duration {
        Duration::from_millis(self.spread_ms()).min(self.grace() / Self::TELLING_PART)
    }

    /// The time over which viewers reconnect, so that no more of them come in a second than a hub can take.
    fn spread_ms(&self) -> u64 {
        spread_ms(self.viewers.load(Ordering::Relaxed))
    }

    /// When a viewer that gets its `bye` now should reconnect: after a random delay in this range, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> [u64; 2] {
        let spread = self.spread_ms().max(Self::SPREAD_MS_MIN);
        match self.step() {
            Step::Serving => Self::RETRY_MS_OTHERWISE,
            _ if self.is_handed_over() => [0, spread],
            // The goodbyes are spread already.
            Step::Telling => [0, Self::SPREAD_MS_MIN],
            Step::Closing => [Self::RESTART_MS, Self::RESTART_MS + spread],
        }
    }

    /// The range for an `EventSource`, which waits equally long before each attempt and never backs off.
    #[must_use]
    pub fn events_retry_ms([least, most]: [u64; 2]) -> [u64; 2] {
        let [least_of_all, most_at_least] = Self::EVENTS_RETRY_MS;
        [least.max(least_of_all), most.max(most_at_least)]
    }

    /// The wait of an `EventSource` that loses its connection together with all `viewers`, in milliseconds.
    #[must_use]
    pub fn events_retry_ms_after_loss(viewers: usize) -> [u64; 2] {
        Self::events_retry_ms([0, spread_ms(viewers)])
    }
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

    fn begun(grace: Duration, viewers: usize) -> Drain {
        let drain = Drain::new(grace);
        drain.begin(viewers);
        drain
    }

    const TEN_SECONDS: Duration = Duration::from_secs(10);

    #[test]
    fn goodbyes_are_spread_by_the_number_of_viewers_and_not_by_the_grace() {
        for grace in [TEN_SECONDS, Duration::from_secs(3_600)] {
            let drain = begun(grace, 16_000);
            let waits = [0, 2_000, 4_000].map(|n| drain.wait_of(n, 8_000).as_millis());
            assert_eq!(waits, [0, 500, 1_000]);
            assert_eq!(drain.telling(), Duration::from_secs(2));
            assert!(begun(grace, 50).telling() < Duration::from_millis(10));
        }
    }

    #[test]
    fn goodbyes_leave_half_of_a_short_grace_to_the_viewers() {
        let drain = begun(Duration::from_secs(1), 16_000);
        assert_eq!(drain.telling(), Duration::from_millis(500));
        assert_eq!(begun(Duration::ZERO, 16_000).wait_of(7, 8), Duration::ZERO);
    }

    #[test]
    fn viewers_whose_goodbyes_are_spread_come_back_almost_at_once() {
        assert_eq!(begun(TEN_SECONDS, 16_000).retry_ms(), [0, 100]);
    }

    #[test]
    fn viewers_that_are_closed_come_back_once_the_hub_may_have_been_restarted() {
        for (viewers, range) in [(50, [100, 200]), (16_000, [100, 2_100])] {
            let drain = begun(TEN_SECONDS, viewers);
            drain.close(viewers);
            assert_eq!(drain.retry_ms(), range);
        }
    }

    #[test]
    fn viewers_of_a_hub_whose_socket_stays_open_get_bye_at_once_and_spread_themselves() {
        for (viewers, range) in [(50, [0, 100]), (16_000, [0, 2_000])] {
            let drain = begun(TEN_SECONDS, viewers);
            drain.hand_over();
            assert_eq!(drain.wait_of(7, 8), Duration::ZERO);
            assert_eq!(drain.retry_ms(), range);
            assert!(drain.closes_after().unwrap() < Duration::from_secs(1));
        }
    }

    #[test]
    fn an_event_source_waits_half_a_second_at_least_and_longer_only_among_many() {
        assert_eq!(Drain::events_retry_ms_after_loss(50), [500, 1_000]);
        assert_eq!(Drain::events_retry_ms_after_loss(16_000), [500, 2_000]);
        assert_eq!(Drain::events_retry_ms([1_000, 10_000]), [1_000, 10_000]);
    }

    #[test]
    fn a_hub_that_serves_asks_viewers_with_a_fault_to_stay_away_longer() {
        assert_eq!(Drain::new(TEN_SECONDS).retry_ms(), [1_000, 10_000]);
    }
}

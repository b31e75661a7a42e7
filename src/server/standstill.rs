//! Watches whether all parts of the hub make progress. A standstill is logged, and the hub is not ready while it lasts, so
//! that a load balancer sends new viewers elsewhere.
//!
//! A hub that was suspended as a whole does not stand still once it runs again: a part counts only if it has made no
//! progress in two successive checks, between which the hub itself has run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::liveness::{LivenessSnapshot, Standstill};
use crate::app::AppState;
use crate::playback::Playback;
use crate::protocol::Micros;

/// Checks once a second until `stop`.
pub(super) async fn run(state: Arc<AppState>, playback: Arc<Playback>, stop: CancellationToken) {
    const EVERY: Duration = Duration::from_secs(1);
    let mut monitor = StandstillMonitor::default();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = LivenessSnapshot::take(&state, &playback);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let snapshot = LivenessSnapshot::take(&state, &playback);
        let parts = snapshot.standstills_since(&before).collect();
        let change = monitor.observe(parts, state.hub.clock().now());
        state
            .is_at_standstill
            .store(!monitor.reported.is_empty(), Ordering::Relaxed);
        log_change(&change);
        before = snapshot;
    }
}

/// Which parts stand still, and since when.
#[derive(Debug, Default)]
struct StandstillMonitor {
    /// The parts that made no progress at the last check.
    suspected: BTreeSet<Standstill>,
    /// The parts that have been reported and have made no progress since.
    reported: BTreeSet<Standstill>,
    /// When the first part was reported; `None` while all make progress.
    since: Option<Micros>,
}

/// What is new at a check.
#[derive(Debug, Default, PartialEq, Eq)]
struct StandstillChange {
    /// The parts that stand still.
    begun: Vec<Standstill>,
    /// How long the hub stood still, if all parts make progress again.
    ended_after: Option<Duration>,
}

impl StandstillMonitor {
    /// Takes into account the parts that have made no progress since the check before.
    fn observe(&mut self, parts: BTreeSet<Standstill>, now: Micros) -> StandstillChange {
        let is_certain = |part: &&Standstill| !part.is_stuck() || self.suspected.contains(*part);
        let certain: BTreeSet<_> = parts.iter().filter(is_certain).cloned().collect();
        let begun: Vec<_> = certain.difference(&self.reported).cloned().collect();
        self.suspected = parts;
        self.reported = certain;
        let ended_after = if self.reported.is_empty() {
            self.since.take().map(|since| now.since(since))
        } else {
            self.since.get_or_insert(now);
            None
        };
        StandstillChange { begun, ended_after }
    }
}

fn log_change(change: &StandstillChange) {
    for standstill in &change.begun {
        let [part, name, reason] = standstill.fields();
        tracing::warn!(
            event = "hub.standstill",
            part,
            name,
            reason,
            "{standstill}; the hub is not ready until it does"
        );
    }
    if let Some(duration) = change.ended_after {
        tracing::info!(
            event = "hub.moving",
            standstill_seconds = duration.as_secs_f64(),
            "all parts of the hub make progress again"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(monitor: &mut StandstillMonitor, seconds: i64, lanes: &[usize]) -> StandstillChange {
        let parts = lanes.iter().map(|lane| Standstill::Lane(*lane)).collect();
        monitor.observe(parts, Micros::new(seconds * 1_000_000))
    }

    #[test]
    fn a_part_is_reported_once_at_the_second_check_and_the_end_with_its_duration() {
        let mut monitor = StandstillMonitor::default();
        let nothing = StandstillChange::default();
        assert_eq!(observe(&mut monitor, 0, &[]), nothing);
        assert_eq!(observe(&mut monitor, 1, &[0]), nothing);
        assert_eq!(observe(&mut monitor, 2, &[0]).begun, [Standstill::Lane(0)]);
        assert_eq!(observe(&mut monitor, 3, &[0, 1]), nothing);
        assert_eq!(observe(&mut monitor, 4, &[1]).begun, [Standstill::Lane(1)]);
        let end = observe(&mut monitor, 7, &[]);
        assert_eq!(end.ended_after, Some(Duration::from_secs(5)));
        assert_eq!(observe(&mut monitor, 8, &[]), nothing);
    }

    #[test]
    fn a_hub_that_was_suspended_for_one_check_does_not_stand_still() {
        let mut monitor = StandstillMonitor::default();
        for seconds in [0, 10, 20] {
            assert_eq!(
                observe(&mut monitor, seconds, &[0, 1]),
                StandstillChange::default()
            );
            observe(&mut monitor, seconds + 1, &[]);
        }
    }

    #[test]
    fn a_wait_for_the_clock_is_reported_at_once() {
        let mut monitor = StandstillMonitor::default();
        let part = Standstill::Clock("demo".parse().unwrap());
        let change = monitor.observe([part.clone()].into(), Micros::new(0));
        assert_eq!(change.begun, [part]);
    }
}

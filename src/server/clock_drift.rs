//! Compares the timeline clock with the wall clock. They differ after the wall clock was set, or slightly after days.
//!
//! The timeline deliberately ignores that while the hub runs. But hubs that share a fixed start then disagree, and `t`
//! no longer matches the clocks of other machines, so the difference is logged.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::AppState;
use crate::clock::Clock;

/// Checks the difference once a second until `stop`.
pub(super) async fn run(state: Arc<AppState>, stop: CancellationToken) {
    const EVERY: Duration = Duration::from_secs(1);
    let mut monitor = DriftMonitor::default();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let difference = drift(state.hub.clock());
        if let Some(change) = monitor.observe(difference) {
            log_change(change, difference);
        }
    }
}

/// Returns how far the timeline clock is ahead of the wall clock; negative if it is behind.
pub(super) fn drift(clock: &Clock) -> SignedDuration {
    SignedDuration::from_micros(clock.ahead_of_wall_us())
}

/// A change that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DriftChange {
    Differs,
    Agrees,
}

/// Reports a difference once, and again only if it changes.
#[derive(Debug, Default)]
struct DriftMonitor {
    /// The difference that was last reported; `None` while the clocks agree.
    reported: Option<SignedDuration>,
}

impl DriftMonitor {
    /// Above this the clocks differ. Time services keep ordinary machines well below it, and people do not notice it.
    const DIFFERS_ABOVE: SignedDuration = SignedDuration::from_millis(100);
    /// Below this they agree again: half the limit, so that a difference near the limit does not flap.
    const AGREES_BELOW: SignedDuration = SignedDuration::from_millis(50);

    fn observe(&mut self, difference: SignedDuration) -> Option<DriftChange> {
        let size = difference.abs();
        let is_new = match self.reported {
            None => size > Self::DIFFERS_ABOVE,
            Some(_) if size <= Self::AGREES_BELOW => {
                self.reported = None;
                return Some(DriftChange::Agrees);
            }
            Some(reported) => difference.saturating_sub(reported).abs() > Self::DIFFERS_ABOVE,
        };
        is_new.then(|| {
            self.reported = Some(difference);
            DriftChange::Differs
        })
    }
}

fn log_change(change: DriftChange, difference: SignedDuration) {
    let timeline_minus_wall_seconds = difference.as_secs_f64();
    match change {
        DriftChange::Differs => tracing::warn!(
            event = "clock.differs",
            timeline_minus_wall_seconds,
            "the wall clock was set or has drifted; timelines continue unchanged and follow it after a restart"
        ),
        DriftChange::Agrees => tracing::info!(
            event = "clock.agrees",
            timeline_minus_wall_seconds,
            "the wall clock and the timelines agree again"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is reported for each of these differences in turn, in milliseconds.
    fn changes(differences: &[i64]) -> Vec<Option<DriftChange>> {
        let mut monitor = DriftMonitor::default();
        let look = |&difference| monitor.observe(SignedDuration::from_millis(difference));
        differences.iter().map(look).collect()
    }

    #[test]
    fn a_difference_is_reported_once_and_again_when_it_changes() {
        let reported = changes(&[0, 100, 101, 150, 201, 202, 250, 102, 101]);
        let (differs, nothing) = (Some(DriftChange::Differs), None);
        assert_eq!(
            reported,
            [
                nothing, nothing, differs, nothing, nothing, differs, nothing, nothing, differs
            ]
        );
    }

    #[test]
    fn agreement_is_reported_once_and_a_difference_at_the_limit_does_not_flap() {
        let (differs, agrees) = (Some(DriftChange::Differs), Some(DriftChange::Agrees));
        let reported = changes(&[-3_600_000, -99, 99, 101, 50, 50, 99, -101]);
        assert_eq!(
            reported,
            [differs, differs, differs, None, agrees, None, None, differs]
        );
    }

    #[test]
    fn the_largest_differences_do_not_overflow() {
        let mut monitor = DriftMonitor::default();
        assert_eq!(
            monitor.observe(SignedDuration::from_micros(i64::MAX)),
            Some(DriftChange::Differs)
        );
        assert_eq!(
            monitor.observe(SignedDuration::from_micros(i64::MIN)),
            Some(DriftChange::Differs)
        );
    }
}

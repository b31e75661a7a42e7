//! The timeline clock against the wall clock: they part when somebody sets the wall clock, or over many days.
//!
//! The timeline is right to go on; but hubs that agree by a fixed start, and whoever compares `t` with another
//! machine's clock, should know.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::routes::Context;

/// Looks at the difference once a second until `stop`.
pub(super) async fn run(context: Arc<Context>, stop: CancellationToken) {
    const EVERY: Duration = Duration::from_secs(1);
    let mut watch = Watch::default();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let difference = difference(context.hub.clock());
        if let Some(finding) = watch.look(difference) {
            tell(finding, difference);
        }
    }
}

/// How far the timeline clock is ahead of the wall clock; negative when it is behind.
pub(super) fn difference(clock: &Clock) -> SignedDuration {
    SignedDuration::from_micros(clock.ahead_of_wall_us())
}

/// What is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    Differs,
    Agrees,
}

/// Tells a difference once, and again only when it is another one.
#[derive(Debug, Default)]
struct Watch {
    /// The difference that was told, until the clocks agree again.
    told: Option<SignedDuration>,
}

impl Watch {
    /// Above this the clocks differ. Time services keep ordinary machines well within it, and people do not see it.
    const LIMIT: SignedDuration = SignedDuration::from_millis(100);
    /// Below this they agree again: half the limit, so that a difference at the limit is not told every second.
    const AGREED: SignedDuration = SignedDuration::from_millis(50);

    fn look(&mut self, difference: SignedDuration) -> Option<Finding> {
        let size = difference.abs();
        let is_news = match self.told {
            None => size > Self::LIMIT,
            Some(_) if size <= Self::AGREED => {
                self.told = None;
                return Some(Finding::Agrees);
            }
            Some(told) => difference.saturating_sub(told).abs() > Self::LIMIT,
        };
        is_news.then(|| {
            self.told = Some(difference);
            Finding::Differs
        })
    }
}

fn tell(finding: Finding, difference: SignedDuration) {
    let timeline_minus_wall_seconds = difference.as_secs_f64();
    match finding {
        Finding::Differs => tracing::warn!(
            event = "clock.differs",
            timeline_minus_wall_seconds,
            "the wall clock was set or has drifted; timelines go on as they were, and follow it at the next start"
        ),
        Finding::Agrees => tracing::info!(
            event = "clock.agrees",
            timeline_minus_wall_seconds,
            "the wall clock agrees with the timelines again"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of one difference after another, in milliseconds.
    fn findings(differences: &[i64]) -> Vec<Option<Finding>> {
        let mut watch = Watch::default();
        let look = |&difference| watch.look(SignedDuration::from_millis(difference));
        differences.iter().map(look).collect()
    }

    #[test]
    fn a_difference_is_told_once_and_again_when_it_is_another_one() {
        let told = findings(&[0, 100, 101, 150, 201, 202, 250, 102, 101]);
        let (differs, nothing) = (Some(Finding::Differs), None);
        assert_eq!(
            told,
            [
                nothing, nothing, differs, nothing, nothing, differs, nothing, nothing, differs
            ]
        );
    }

    #[test]
    fn agreement_is_told_once_and_a_difference_at_the_limit_does_not_flap() {
        let (differs, agrees) = (Some(Finding::Differs), Some(Finding::Agrees));
        let told = findings(&[-3_600_000, -99, 99, 101, 50, 50, 99, -101]);
        assert_eq!(
            told,
            [differs, differs, differs, None, agrees, None, None, differs]
        );
    }

    #[test]
    fn clocks_that_cannot_be_further_apart_do_not_overflow() {
        let mut watch = Watch::default();
        assert_eq!(
            watch.look(SignedDuration::from_micros(i64::MAX)),
            Some(Finding::Differs)
        );
        assert_eq!(
            watch.look(SignedDuration::from_micros(i64::MIN)),
            Some(Finding::Differs)
        );
    }
}

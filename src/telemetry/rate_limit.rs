//! `LogRateLimit`: limits how often an event is logged that clients can cause at will.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::LogDrops;

/// Admits at most `max` events per `period`. Further events are counted, and the next admitted one reports how many
/// were suppressed.
#[derive(Debug)]
pub struct LogRateLimit {
    max: u32,
    period: Duration,
    drops: LogDrops,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    /// The first admitted event of the window; `None` before the first event.
    started: Option<Instant>,
    admitted: u32,
    suppressed: u64,
}

impl LogRateLimit {
    /// Creates a limit of `max` events per `period`. Windows start with an event, so up to twice as many fit around the
    /// end of a window.
    #[must_use]
    pub fn new(max: u32, period: Duration, drops: &LogDrops) -> Self {
        Self {
            max,
            period,
            drops: drops.clone(),
            window: Mutex::default(),
        }
    }

    /// Admits or suppresses an event that happens now. If it may be logged, returns how many were suppressed since the
    /// last one.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window
            .started
            .is_none_or(|started| now.duration_since(started) >= self.period)
        {
            (window.started, window.admitted) = (Some(now), 0);
        }
        if window.admitted >= self.max {
            window.suppressed += 1;
            self.drops.count_suppressed();
            return None;
        }
        window.admitted += 1;
        Some(std::mem::take(&mut window.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing_appender::non_blocking::NonBlocking;

    use super::*;

    #[test]
    fn events_beyond_the_limit_are_counted_and_the_next_one_reports_how_many() {
        let (writer, _guard) = NonBlocking::new(std::io::sink());
        let drops = LogDrops::new(writer.error_counter(), Arc::default());
        let limit = LogRateLimit::new(2, Duration::from_secs(1), &drops);
        let begin = Instant::now();
        let at = |ms| limit.admit_at(begin + Duration::from_millis(ms));
        assert_eq!((at(0), at(0)), (Some(0), Some(0)));
        assert_eq!((at(0), at(1), at(999)), (None, None, None));
        assert_eq!(drops.suppressed(), 3);
        assert_eq!((at(1_000), at(1_500)), (Some(3), Some(0)));
        assert_eq!((at(1_999), at(2_000)), (None, Some(1)));
        assert_eq!(drops.suppressed(), 4);
    }
}

//! `Limit`: how often an event that others bring about is told.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Losses;

/// So many in a time; those beyond are counted, and the next one that is told says how many they were.
#[derive(Debug)]
pub struct Limit {
    most: u32,
    within: Duration,
    losses: Losses,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the first was told of those that count, and how many they are.
    begun: Option<Instant>,
    told: u32,
    suppressed: u64,
}

impl Limit {
    /// At most `most` in any `within`, about.
    #[must_use]
    pub fn new(most: u32, within: Duration, losses: &Losses) -> Self {
        Self {
            most,
            within,
            losses: losses.clone(),
            state: Mutex::default(),
        }
    }

    /// Whether the event that happens now may be told: then, how many were not since the last one that was.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state
            .begun
            .is_none_or(|begun| now.duration_since(begun) >= self.within)
        {
            (state.begun, state.told) = (Some(now), 0);
        }
        if state.told >= self.most {
            state.suppressed += 1;
            self.losses.suppress();
            return None;
        }
        state.told += 1;
        Some(std::mem::take(&mut state.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing_appender::non_blocking::NonBlocking;

    use super::*;

    #[test]
    fn beyond_the_limit_events_are_counted_and_the_next_one_says_how_many_they_were() {
        let (writer, _guard) = NonBlocking::new(std::io::sink());
        let losses = Losses::new(writer.error_counter(), Arc::default());
        let limit = Limit::new(2, Duration::from_secs(1), &losses);
        let begin = Instant::now();
        let at = |ms| limit.admit_at(begin + Duration::from_millis(ms));
        assert_eq!((at(0), at(0)), (Some(0), Some(0)));
        assert_eq!((at(0), at(1), at(999)), (None, None, None));
        assert_eq!(losses.suppressed(), 3);
        assert_eq!((at(1_000), at(1_500)), (Some(3), Some(0)));
        assert_eq!((at(1_999), at(2_000)), (None, Some(1)));
        assert_eq!(losses.suppressed(), 4);
    }
}

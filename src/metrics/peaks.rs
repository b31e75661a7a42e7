//! `Peaks`: the greatest of what several threads see, each of which sees a part.
//!
//! Whoever sees a part writes one number, without a lock; whoever wants to know walks over the parts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The parts.
#[derive(Debug, Default)]
pub struct Peaks(Arc<Parts>);

/// One part: it counts until it is dropped.
#[derive(Debug)]
#[must_use = "dropped, it does not count"]
pub struct Peak {
    parts: Arc<Parts>,
    micros: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Parts(Mutex<Vec<Arc<AtomicU64>>>);

impl Peaks {
    /// A new part, zero as yet.
    pub fn part(&self) -> Peak {
        let micros = Arc::default();
        self.0.all().push(Arc::clone(&micros));
        Peak {
            parts: Arc::clone(&self.0),
            micros,
        }
    }

    /// The greatest of all parts; zero when there is none.
    #[must_use]
    pub fn greatest(&self) -> Duration {
        let parts = self.0.all();
        let micros = parts.iter().map(|part| part.load(Ordering::Relaxed));
        Duration::from_micros(micros.max().unwrap_or(0))
    }
}

impl Peak {
    /// What is seen now.
    pub fn set(&self, seen: Duration) {
        let micros = u64::try_from(seen.as_micros()).unwrap_or(u64::MAX);
        self.micros.store(micros, Ordering::Relaxed);
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.parts
            .all()
            .retain(|part| !Arc::ptr_eq(part, &self.micros));
    }
}

impl Parts {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<AtomicU64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_is_of_the_parts_that_are_there() {
        let peaks = Peaks::default();
        assert_eq!(peaks.greatest(), Duration::ZERO);
        let (one, other) = (peaks.part(), peaks.part());
        one.set(Duration::from_secs(3));
        other.set(Duration::from_secs(2));
        assert_eq!(peaks.greatest(), Duration::from_secs(3));
        drop(one);
        assert_eq!(peaks.greatest(), Duration::from_secs(2));
        other.set(Duration::ZERO);
        assert_eq!(peaks.greatest(), Duration::ZERO);
    }
}

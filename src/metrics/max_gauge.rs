//! `MaxGauge`: the maximum of a value over several writers.
//!
//! Each writer has a shard, which it sets without a lock; a reader locks the list and takes the maximum.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A gauge that is the maximum of its shards.
#[derive(Debug, Default)]
pub struct MaxGauge(Arc<Shards>);

/// The shard of one writer, which counts until it is dropped.
#[derive(Debug)]
#[must_use = "a shard no longer counts once it is dropped"]
pub struct MaxGaugeShard {
    shards: Arc<Shards>,
    micros: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Shards(Mutex<Vec<Arc<AtomicU64>>>);

impl MaxGauge {
    /// Adds a shard, which is zero.
    pub fn shard(&self) -> MaxGaugeShard {
        let micros = Arc::default();
        self.0.lock().push(Arc::clone(&micros));
        MaxGaugeShard {
            shards: Arc::clone(&self.0),
            micros,
        }
    }

    /// Returns the maximum of all shards; zero without shards.
    #[must_use]
    pub fn max(&self) -> Duration {
        let shards = self.0.lock();
        let micros = shards.iter().map(|shard| shard.load(Ordering::Relaxed));
        Duration::from_micros(micros.max().unwrap_or(0))
    }
}

impl MaxGaugeShard {
    /// Sets the value of this shard.
    pub fn set(&self, value: Duration) {
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        self.micros.store(micros, Ordering::Relaxed);
    }
}

impl Drop for MaxGaugeShard {
    fn drop(&mut self) {
        self.shards
            .lock()
            .retain(|shard| !Arc::ptr_eq(shard, &self.micros));
    }
}

impl Shards {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<AtomicU64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_is_over_shards_that_have_not_been_dropped() {
        let gauge = MaxGauge::default();
        assert_eq!(gauge.max(), Duration::ZERO);
        let (one, other) = (gauge.shard(), gauge.shard());
        one.set(Duration::from_secs(3));
        other.set(Duration::from_secs(2));
        assert_eq!(gauge.max(), Duration::from_secs(3));
        drop(one);
        assert_eq!(gauge.max(), Duration::from_secs(2));
        other.set(Duration::ZERO);
        assert_eq!(gauge.max(), Duration::ZERO);
    }
}

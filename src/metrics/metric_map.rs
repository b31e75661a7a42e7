//! `MetricMap`: metrics of one kind by a label's value, each created when it is first asked for.
//!
//! The values of the label must be bounded by the caller: an entry is never removed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Metrics by the value of a label.
#[derive(Debug)]
pub struct MetricMap<K, M>(Mutex<BTreeMap<K, Arc<M>>>);

impl<K, M> Default for MetricMap<K, M> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord + Clone, M: Default> MetricMap<K, M> {
    /// Returns the metric for `key`. This takes a lock, so a frequent writer keeps the result.
    #[must_use]
    pub fn get(&self, key: K) -> Arc<M> {
        Arc::clone(self.entries().entry(key).or_default())
    }

    /// All metrics, in the order of their keys.
    #[must_use]
    pub fn list(&self) -> Vec<(K, Arc<M>)> {
        let entries = self.entries();
        let entry = |(key, metric): (&K, &Arc<M>)| (key.clone(), Arc::clone(metric));
        entries.iter().map(entry).collect()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<K, Arc<M>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_key_has_one_metric_and_keys_are_listed_in_order() {
        let totals = MetricMap::<u16, AtomicU64>::default();
        for (code, n) in [(404, 1), (200, 2), (404, 3)] {
            totals.get(code).fetch_add(n, Ordering::Relaxed);
        }
        let list = totals.list().into_iter();
        let total = |(code, total): (u16, Arc<AtomicU64>)| (code, total.load(Ordering::Relaxed));
        let list: Vec<_> = list.map(total).collect();
        assert_eq!(list, [(200, 2), (404, 4)]);
    }
}

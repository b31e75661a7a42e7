//! [`HistoryLimit`]: limits concurrent history responses, in total and per client, and owns the threads that compute
//! them.
//!
//! ## Fair shares
//! A client may hold at most as many permits as are free. The first client can therefore take half of all permits, the
//! second one half of the rest, and so on, which always leaves some for the next client. A client is an IPv4 address or
//! an IPv6 /64 network.
//!
//! ## Permits
//! A permit is held until the response has been handed to the kernel and all work for it has ended, even if the client
//! has disconnected.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::time::Instant;

use super::worker_pool::{JobAborted, WorkerPool};
use crate::hub::ClientNetwork;
use crate::metrics::{BucketBounds, BucketHistogram};

/// The limit on a hub's concurrent history responses. Cheap to clone; clones share the limit.
#[derive(Debug, Clone)]
pub struct HistoryLimit(Arc<HistoryShared>);

#[derive(Debug)]
struct HistoryShared {
    /// Never locked across a wait.
    counts: Mutex<PermitCounts>,
    /// True while fewer than [`SCARCE_BELOW`] permits are free. Updated with `counts`, under its lock.
    is_scarce: Arc<AtomicBool>,
    /// How long each permit was held.
    durations: BucketHistogram,
    workers: WorkerPool,
}

#[derive(Debug, Default)]
struct PermitCounts {
    /// The number of permits held: the sum of `by_client`, at most [`RESPONSES_MAX`].
    total: usize,
    /// The number of permits held by each client; no entry is 0.
    by_client: HashMap<ClientNetwork, usize>,
}

/// The permit for one response. Released when its last clone is dropped.
#[derive(Debug, Clone)]
pub struct HistoryPermit(Arc<PermitGuard>);

/// The reason why a client gets no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryLimitReached {
    /// No permit is free.
    Busy,
    /// The client holds as many permits as are free.
    ShareTaken,
}

/// Returns the permit on drop.
#[derive(Debug)]
struct PermitGuard {
    shared: Arc<HistoryShared>,
    client: ClientNetwork,
    acquired_at: Instant,
}

/// The maximum number of concurrent responses. Far fewer saturate a network link, and viewers take priority over
/// history requests. Also bounds the memory for clients that do not read: a response holds some 100 KiB.
const RESPONSES_MAX: usize = 64;

/// With fewer free permits than this, the routes require clients to read faster.
const SCARCE_BELOW: usize = RESPONSES_MAX / 4;

/// The maximum number of worker threads. Four produce more than most network links carry; the other cores are for the
/// viewers.
const WORKERS_MAX: usize = 4;

impl HistoryLimit {
    /// How many permits there are.
    pub const IN_FLIGHT_MAX: usize = RESPONSES_MAX;

    /// Starts the worker threads: one for every two cores, at most four.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Self(Arc::new(HistoryShared {
            counts: Mutex::default(),
            is_scarce: Arc::default(),
            durations: BucketHistogram::new(BucketBounds::COARSE),
            workers: WorkerPool::start((cores / 2).clamp(1, WORKERS_MAX))?,
        })))
    }

    /// Acquires a permit for a client at `address`.
    ///
    /// # Errors
    /// No permit is free, or the client holds as many as are free.
    pub fn acquire(&self, address: IpAddr) -> Result<HistoryPermit, HistoryLimitReached> {
        let client = ClientNetwork::from(address);
        let mut counts = self.0.counts();
        let free = RESPONSES_MAX - counts.total;
        if free == 0 {
            return Err(HistoryLimitReached::Busy);
        }
        let own = counts.by_client.entry(client).or_insert(0);
        if *own >= free {
            return Err(HistoryLimitReached::ShareTaken);
        }
        *own += 1;
        counts.total += 1;
        self.0.update_scarcity(&counts);
        drop(counts);
        Ok(HistoryPermit(Arc::new(PermitGuard {
            shared: Arc::clone(&self.0),
            client,
            acquired_at: Instant::now(),
        })))
    }

    /// How many permits are held.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.counts().total
    }

    /// How long each permit was held.
    #[must_use]
    pub fn durations(&self) -> &BucketHistogram {
        &self.0.durations
    }

    /// Returns a flag that is true whenever less than a quarter of the permits are free.
    #[must_use]
    pub fn scarcity(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.is_scarce)
    }
}

impl HistoryShared {
    fn counts(&self) -> MutexGuard<'_, PermitCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update_scarcity(&self, counts: &PermitCounts) {
        let is_scarce = RESPONSES_MAX - counts.total < SCARCE_BELOW;
        self.is_scarce.store(is_scarce, Ordering::Relaxed);
    }
}

impl HistoryPermit {
    /// Calls `step` on a worker thread until it returns a value, in turn with the jobs of other clients. A step should
    /// take about a millisecond. Dropping the returned future cancels the job before its next step; the job holds the
    /// permit until then.
    ///
    /// # Errors
    /// The hub is stopping, or `step` panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        step: impl FnMut() -> Option<T> + Send + 'static,
    ) -> Result<T, JobAborted> {
        let (workers, client) = (&self.0.shared.workers, self.0.client);
        workers.run(client, self.clone(), step).await
    }
}

impl Drop for PermitGuard {
    fn drop(&mut self) {
        self.shared.durations.observe(self.acquired_at.elapsed());
        let mut counts = self.shared.counts();
        counts.total -= 1;
        if let Some(own) = counts.by_client.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                counts.by_client.remove(&self.client);
            }
        }
        self.shared.update_scarcity(&counts);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::mpsc;

    use super::*;

    /// Acquires permits for `address` until one is refused; returns them and the reason.
    fn acquire_all(
        limit: &HistoryLimit,
        address: &str,
    ) -> (Vec<HistoryPermit>, HistoryLimitReached) {
        let mut permits = Vec::new();
        loop {
            match limit.acquire(address.parse().unwrap()) {
                Ok(permit) => permits.push(permit),
                Err(reason) => return (permits, reason),
            }
        }
    }

    #[test]
    fn each_address_can_take_half_of_the_free_permits() {
        let limit = HistoryLimit::start().unwrap();
        let (one, reason) = acquire_all(&limit, "192.0.2.1");
        assert_eq!((one.len(), reason), (32, HistoryLimitReached::ShareTaken));
        let (other, reason) = acquire_all(&limit, "192.0.2.2");
        assert_eq!((other.len(), reason), (16, HistoryLimitReached::ShareTaken));
        assert!(!limit.scarcity().load(Ordering::Relaxed));
        let rest: Vec<_> = (3..=7)
            .map(|n| acquire_all(&limit, &format!("192.0.2.{n}")).0)
            .collect();
        assert_eq!(rest.iter().map(Vec::len).sum::<usize>(), 16);
        assert!(limit.scarcity().load(Ordering::Relaxed));
        assert_eq!(
            acquire_all(&limit, "192.0.2.1").1,
            HistoryLimitReached::Busy
        );
        assert_eq!(
            acquire_all(&limit, "192.0.2.9").1,
            HistoryLimitReached::Busy
        );
        drop((one, other, rest));
        assert!(!limit.scarcity().load(Ordering::Relaxed));
        assert_eq!(acquire_all(&limit, "192.0.2.9").0.len(), 32);
    }

    #[test]
    fn all_addresses_in_a_network_share_one_limit() {
        let limit = HistoryLimit::start().unwrap();
        let (_one, _) = acquire_all(&limit, "2001:db8::1");
        let rejected = limit.acquire("2001:db8::ffff:2".parse().unwrap());
        assert_eq!(rejected.unwrap_err(), HistoryLimitReached::ShareTaken);
        assert!(limit.acquire("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }

    #[tokio::test]
    async fn dropping_the_future_cancels_the_job_before_its_next_step() {
        let limit = HistoryLimit::start().unwrap();
        let permit = limit.acquire("192.0.2.1".parse().unwrap()).unwrap();
        let (begin, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (has_begun, may_go_on) = (Arc::clone(&begin), Arc::clone(&go_on));
        let (sender, steps) = mpsc::channel();
        let task = tokio::spawn(async move {
            let step = move || {
                sender.send(()).unwrap();
                begin.wait();
                go_on.wait();
                None::<()>
            };
            _ = permit.run(step).await;
        });
        let blocking = tokio::task::spawn_blocking(move || has_begun.wait());
        blocking.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        may_go_on.wait();
        // Ends when the job is dropped, together with its sender.
        let blocking = tokio::task::spawn_blocking(move || steps.iter().count());
        assert_eq!(blocking.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_panic_aborts_only_its_own_job() {
        let limit = HistoryLimit::start().unwrap();
        let permit = limit.acquire("192.0.2.1".parse().unwrap()).unwrap();
        for _ in 0..8 {
            let failed = permit.run(|| -> Option<()> { panic!("on purpose") }).await;
            assert_eq!(failed, Err(JobAborted));
        }
        assert_eq!(permit.run(|| Some(7)).await, Ok(7));
    }
}

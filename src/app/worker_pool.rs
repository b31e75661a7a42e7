//! [`WorkerPool`]: the threads that compute history responses.
//!
//! ## Bounds
//! Jobs run in steps of about a millisecond. Every job holds a permit of its response, which bounds the queue.
//!
//! ## Fairness
//! Clients take turns, step by step: between two steps of one client's jobs, at most one step of every other client
//! runs.
//!
//! ## Cancellation
//! Dropping a job's future cancels the job before its next step.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use crate::hub::ClientNetwork;

/// A fixed number of worker threads, which stop when the pool is dropped.
#[derive(Debug)]
pub(super) struct WorkerPool(Arc<PoolShared>);

/// The error of a job that did not finish: the hub is stopping, or the job panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobAborted;

#[derive(Debug, Default)]
struct PoolShared {
    queue: Mutex<JobQueue>,
    /// Notified when a job is queued and when the queue is closed.
    changed: Condvar,
}

/// The waiting jobs by client. The next step is taken from the client at the front, which then moves to the back.
#[derive(Debug, Default)]
struct JobQueue {
    /// Every client occurs once at most, and has at least one job.
    clients: VecDeque<(ClientNetwork, VecDeque<Job>)>,
    is_closed: bool,
}

/// Runs the next step of a job.
struct Job(Box<dyn FnMut() -> JobStatus + Send>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JobStatus {
    Pending,
    Done,
}

impl WorkerPool {
    /// Starts `count` threads.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let workers = Self(Arc::default());
        for number in 0..count {
            let shared = Arc::clone(&workers.0);
            thread::Builder::new()
                .name(format!("history-{number}"))
                .spawn(move || shared.run_jobs())?;
        }
        Ok(workers)
    }

    /// Calls `step` until it returns a value or the returned future is dropped, and holds `permit` until then.
    ///
    /// # Errors
    /// [`JobAborted`] if the hub stops first, or `step` panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        client: ClientNetwork,
        permit: impl Send + 'static,
        mut step: impl FnMut() -> Option<T> + Send + 'static,
    ) -> Result<T, JobAborted> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = Some((sender, permit));
        let job = move || {
            if waiting
                .as_ref()
                .is_none_or(|(sender, _)| sender.is_closed())
            {
                return JobStatus::Done;
            }
            let Some(result) = step() else {
                return JobStatus::Pending;
            };
            if let Some((sender, permit)) = waiting.take() {
                // Release the permit first, so that it is free when the result arrives.
                drop(permit);
                // Fails if the client has just disconnected.
                _ = sender.send(result);
            }
            JobStatus::Done
        };
        self.0.push(client, Job(Box::new(job)));
        receiver.await.map_err(|_| JobAborted)
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        self.0.queue().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl PoolShared {
    fn queue(&self) -> MutexGuard<'_, JobQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, client: ClientNetwork, job: Job) {
        self.queue().push(client, job);
        self.changed.notify_one();
    }

    /// Runs jobs until the queue is closed.
    fn run_jobs(&self) {
        while let Some((client, mut job)) = self.next() {
            // The panic hook has logged a panic, which only affects this response.
            let status = panic::catch_unwind(AssertUnwindSafe(&mut job.0));
            if matches!(status, Ok(JobStatus::Pending)) {
                self.push(client, job);
            }
        }
    }

    fn next(&self) -> Option<(ClientNetwork, Job)> {
        let mut queue = self.queue();
        loop {
            if queue.is_closed {
                return None;
            }
            if let Some(next) = queue.pop() {
                return Some(next);
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl JobQueue {
    fn push(&mut self, client: ClientNetwork, job: Job) {
        match self.clients.iter_mut().find(|(other, _)| *other == client) {
            Some((_, jobs)) => jobs.push_back(job),
            None => self.clients.push_back((client, VecDeque::from([job]))),
        }
    }

    fn pop(&mut self) -> Option<(ClientNetwork, Job)> {
        let (client, mut jobs) = self.clients.pop_front()?;
        let job = jobs.pop_front()?;
        if !jobs.is_empty() {
            self.clients.push_back((client, jobs));
        }
        Some((client, job))
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

impl fmt::Display for JobAborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the hub is stopping")
    }
}

impl std::error::Error for JobAborted {}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::mpsc;

    use super::*;

    const ONE: [u8; 4] = [192, 0, 2, 1];
    const OTHER: [u8; 4] = [192, 0, 2, 2];

    #[test]
    fn clients_take_turns_and_so_do_the_jobs_of_one_client() {
        let workers = WorkerPool(Arc::default());
        let (sender, receiver) = mpsc::channel();
        let queue = |client: [u8; 4], name: &'static str| {
            let sender = sender.clone();
            let mut left = 2;
            let step = move || {
                sender.send(name).unwrap();
                left -= 1;
                if left == 0 {
                    JobStatus::Done
                } else {
                    JobStatus::Pending
                }
            };
            workers.0.push(
                ClientNetwork::from(IpAddr::from(client)),
                Job(Box::new(step)),
            );
        };
        for name in ["a", "b", "c"] {
            queue(ONE, name);
        }
        queue(OTHER, "x");
        loop {
            let next = workers.0.queue().pop();
            let Some((client, mut job)) = next else {
                break;
            };
            if (job.0)() == JobStatus::Pending {
                workers.0.push(client, job);
            }
        }
        let order: Vec<_> = receiver.try_iter().collect();
        assert_eq!(order, ["a", "x", "b", "x", "c", "a", "b", "c"]);
    }
}

//! `Workers`: the threads that make answers from the history, and do nothing else.
//!
//! ## Bounds
//! Work comes in parts of about a millisecond. Each piece of work holds a [place](super::answers), which bounds the
//! queue.
//!
//! ## Fairness
//! Clients take turns, part by part: between two parts of one client's work at most one part of each other client's
//! runs.
//!
//! ## Cancelling
//! Work ends before its next part once its future is dropped.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::answers::Answering;
use crate::hub::ClientNetwork;
use crate::routes::problem::{Code, Problem};

/// A fixed number of threads, which end when it is dropped.
#[derive(Debug)]
pub(super) struct Workers(Arc<Shared>);

/// The hub is stopping, or the work panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopped;

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when something is queued and when the queue is closed.
    change: Condvar,
}

/// Work that waits, by client: the next part is that of the first client.
#[derive(Debug, Default)]
struct Queue {
    /// No client is in it twice, and none without work.
    clients: VecDeque<(ClientNetwork, VecDeque<Job>)>,
    is_closed: bool,
}

/// Does one part of some work.
struct Job(Box<dyn FnMut() -> Progress + Send>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Unfinished,
    Ended,
}

impl Workers {
    /// Starts `count` threads.
    ///
    /// # Errors
    /// The system has no thread.
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let workers = Self(Arc::default());
        for number in 0..count {
            let shared = Arc::clone(&workers.0);
            thread::Builder::new()
                .name(format!("history-{number}"))
                .spawn(move || shared.work())?;
        }
        Ok(workers)
    }

    /// Calls `part` until it returns something or the returned future is dropped; `place` is held until then.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub(super) async fn run<T: Send + 'static>(
        &self,
        client: ClientNetwork,
        place: Answering,
        mut part: impl FnMut() -> Option<T> + Send + 'static,
    ) -> Result<T, Stopped> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = Some((sender, place));
        let job = move || {
            if waiting
                .as_ref()
                .is_none_or(|(sender, _)| sender.is_closed())
            {
                return Progress::Ended;
            }
            let Some(result) = part() else {
                return Progress::Unfinished;
            };
            if let Some((sender, place)) = waiting.take() {
                // First the place, so that it is free when the result arrives.
                drop(place);
                // Fails if the client left just now.
                _ = sender.send(result);
            }
            Progress::Ended
        };
        self.0.push(client, Job(Box::new(job)));
        receiver.await.map_err(|_| Stopped)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.queue().is_closed = true;
        self.0.change.notify_all();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, client: ClientNetwork, job: Job) {
        self.queue().push(client, job);
        self.change.notify_one();
    }

    /// Does what is queued until the queue is closed.
    fn work(&self) {
        while let Some((client, mut job)) = self.next() {
            // A panic has been logged by then, and costs this one answer.
            let progress = panic::catch_unwind(AssertUnwindSafe(&mut job.0));
            if matches!(progress, Ok(Progress::Unfinished)) {
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
                .change
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Queue {
    fn push(&mut self, client: ClientNetwork, job: Job) {
        match self.clients.iter_mut().find(|(of, _)| *of == client) {
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

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the hub is stopping")
    }
}

impl std::error::Error for Stopped {}

impl From<Stopped> for Problem {
    fn from(_: Stopped) -> Self {
        Self::retry_later(
            Code::HubStopping,
            "the hub is stopping; come back in a moment",
        )
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Barrier;
    use std::sync::mpsc;

    use super::super::Answers;
    use super::*;

    const ONE: [u8; 4] = [192, 0, 2, 1];
    const OTHER: [u8; 4] = [192, 0, 2, 2];

    #[test]
    fn clients_take_turns_and_one_clients_work_goes_on_in_its_order() {
        let workers = Workers(Arc::default());
        let (sender, receiver) = mpsc::channel();
        let queue = |client: [u8; 4], name: &'static str| {
            let sender = sender.clone();
            let mut left = 2;
            let part = move || {
                sender.send(name).unwrap();
                left -= 1;
                if left == 0 {
                    Progress::Ended
                } else {
                    Progress::Unfinished
                }
            };
            workers.0.push(
                ClientNetwork::from(IpAddr::from(client)),
                Job(Box::new(part)),
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
            if (job.0)() == Progress::Unfinished {
                workers.0.push(client, job);
            }
        }
        let order: Vec<_> = receiver.try_iter().collect();
        assert_eq!(order, ["a", "x", "b", "x", "c", "a", "b", "c"]);
    }

    #[tokio::test]
    async fn abandoned_work_ends_before_its_next_part() {
        let answers = Answers::start().unwrap();
        let place = answers.begin(ONE.into()).unwrap();
        let (begin, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (has_begun, may_go_on) = (Arc::clone(&begin), Arc::clone(&go_on));
        let (sender, parts) = mpsc::channel();
        let asking = tokio::spawn(async move {
            let part = move || {
                sender.send(()).unwrap();
                begin.wait();
                go_on.wait();
                None::<()>
            };
            _ = place.run(part).await;
        });
        let blocking = tokio::task::spawn_blocking(move || has_begun.wait());
        blocking.await.unwrap();
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        may_go_on.wait();
        // Until the work has ended, and with it the sender.
        let blocking = tokio::task::spawn_blocking(move || parts.iter().count());
        assert_eq!(blocking.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn work_that_panics_costs_its_own_answer_only() {
        let answers = Answers::start().unwrap();
        let place = answers.begin(ONE.into()).unwrap();
        for _ in 0..8 {
            let failed = place.run(|| -> Option<()> { panic!("on purpose") }).await;
            assert_eq!(failed, Err(Stopped));
        }
        assert_eq!(place.run(|| Some(7)).await, Ok(7));
    }
}

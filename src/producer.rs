//! `Producers`: one task per topic, which publishes what is due, on a bounded number of threads.
//!
//! Owns the threads and assigns each topic to one for good. `run_queue` decides which task of a thread runs next, and
//! `topic_producer` what it publishes. Knows nothing of viewers.
//!
//! # Lateness
//!
//! The schedule is absolute. A thread sleeps until the exact instant at which its next topic is due. After a stall
//! everything that is due is published at once, each publication with its own scheduled instant. Lateness is measured,
//! and never made up for by skipping publications.
//!
//! # Fairness
//!
//! A topic that is behind runs for a bounded time, and then the topics that are on time get their turn. A new topic
//! goes to the thread with the least load; topics with large or frequent records weigh more.
//!
//! # Failure
//!
//! A panic in one topic does not affect the others of its thread. The topic is retried after a second; while it keeps
//! failing it is overdue, which the watchdog notices.

mod prefetch;
mod run_queue;
mod topic_producer;
mod worker;
mod worker_inbox;

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use prefetch::Prefetch;
use run_queue::TaskId;
use topic_producer::TopicProducer;
use worker_inbox::WorkerInbox;

use crate::clock::Clock;
use crate::hub::{ProducerWaker, Topic};

/// The producers of one hub. Dropping it stops them.
#[derive(Debug)]
pub struct Producers {
    clock: Clock,
    /// Its threads for blocking work read records that are not in memory.
    runtime: Handle,
    /// Tracks each thread until it has ended.
    tasks: TaskTracker,
    threads_max: usize,
    /// The threads started so far: one per topic, up to `threads_max`.
    threads: Vec<WorkerThread>,
    /// All topics that have been added and not removed.
    assignments: Vec<ThreadAssignment>,
}

#[derive(Debug)]
struct WorkerThread {
    inbox: Arc<WorkerInbox<TopicProducer>>,
    /// The sum of the weights of its topics.
    weight: f64,
    /// The id for the next topic; ids are never reused.
    next_task: TaskId,
}

/// The thread that a topic is assigned to.
#[derive(Debug)]
struct ThreadAssignment {
    /// Not kept by this, so that the records of a topic that was replaced are freed.
    topic: Weak<Topic>,
    /// The index of the thread in `threads`.
    thread: usize,
    /// Known to the thread once the topic is started.
    task: TaskId,
    weight: f64,
    is_started: AtomicBool,
}

impl Producers {
    /// The limit of threads on a machine with fewer cores. The kernel preempts threads, so a topic with records of many
    /// megabytes delays only the topics on its own thread.
    const THREADS_MIN: usize = 4;

    /// Creates producers without a topic or a thread. There will be at most one thread for each core that the process
    /// may use, and at least four; `tasks` tracks them. Records that are not in memory are read on `runtime`.
    #[must_use]
    pub fn new(clock: Clock, runtime: Handle, tasks: TaskTracker) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            clock,
            runtime,
            tasks,
            threads_max: cores.max(Self::THREADS_MIN),
            threads: Vec::new(),
            assignments: Vec::new(),
        }
    }

    /// Assigns `topic` to a thread. It is published once it is [started](Self::start).
    ///
    /// # Errors
    /// The operating system cannot start a thread.
    pub fn add(&mut self, topic: &Arc<Topic>) -> io::Result<()> {
        if self.threads.len() < self.threads_max {
            self.start_thread()?;
        }
        let lightest = self
            .threads
            .iter_mut()
            .enumerate()
            .min_by(|(_, a), (_, b)| a.weight.total_cmp(&b.weight));
        let (index, thread) = lightest.expect("there is a thread: `threads_max` is at least 1");
        let assignment = ThreadAssignment {
            topic: Arc::downgrade(topic),
            thread: index,
            task: thread.next_task,
            weight: topic_producer::weight(topic),
            is_started: AtomicBool::new(false),
        };
        thread.next_task = thread.next_task.next();
        thread.weight += assignment.weight;
        self.assignments.push(assignment);
        Ok(())
    }

    fn start_thread(&mut self) -> io::Result<()> {
        let inbox = Arc::new(WorkerInbox::default());
        let (received, clock, token) = (Arc::clone(&inbox), self.clock, self.tasks.token());
        thread::Builder::new()
            .name(format!("producer-{}", self.threads.len()))
            .spawn(move || {
                // Held until the thread ends, so that the tracker waits for it.
                let _token = token;
                worker::run(&received, &clock);
            })?;
        self.threads.push(WorkerThread {
            inbox,
            weight: 0.0,
            next_task: TaskId::default(),
        });
        Ok(())
    }

    /// Undoes [`add`](Self::add) for `topic`, which must not have been started.
    pub fn remove(&mut self, topic: &Arc<Topic>) {
        let is_it = |assignment: &mut ThreadAssignment| assignment.is_of(topic);
        for removed in self.assignments.extract_if(.., is_it) {
            self.threads[removed.thread].weight -= removed.weight;
        }
    }

    /// Starts `topic`, if it has been added and not started. From then on, changes of its timeline wake the producer.
    pub fn start(&self, topic: &Arc<Topic>) {
        let mut assignments = self.assignments.iter();
        let Some(assignment) = assignments.find(|assignment| assignment.is_of(topic)) else {
            return;
        };
        if assignment.is_started.swap(true, Ordering::AcqRel) {
            return;
        }
        let task = assignment.task;
        let inbox = &self.threads[assignment.thread].inbox;
        let notify = || {
            let inbox = Arc::clone(inbox);
            move || inbox.send_changed(task)
        };
        let prefetch = Prefetch::new(Arc::clone(topic), self.runtime.clone(), notify());
        // Before the task: a notification that arrives first is ignored, and the task then reads the newest timeline.
        topic.set_producer(ProducerWaker::new(notify()));
        inbox.send_task(
            task,
            TopicProducer::new(Arc::clone(topic), self.clock, prefetch),
        );
    }

    /// Stops all threads, each after its current turn.
    pub fn stop(&self) {
        for thread in &self.threads {
            thread.inbox.stop();
        }
    }
}

impl ThreadAssignment {
    fn is_of(&self, topic: &Arc<Topic>) -> bool {
        self.topic.as_ptr() == Arc::as_ptr(topic)
    }
}

impl Drop for Producers {
    fn drop(&mut self) {
        self.stop();
    }
}

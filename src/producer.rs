//! The producers: one task per topic that publishes what is due, on a bounded number of threads.
//!
//! Owns the threads and knows which topic is on which; a topic stays on its thread. [`agenda`] decides what a thread
//! does next, and [`ticker`] what a task publishes.
//!
//! # Lateness
//!
//! The schedule is absolute. A thread sleeps until the exact instant at which the next of its topics is due, and after
//! a stall everything due goes out at once, each publication with its own scheduled instant: a timeline has no holes.
//! Being late is measured, never made up for by skipping.
//!
//! # Fairness
//!
//! A topic that is behind gets a turn of bounded length, and then the topics that are on time get theirs. Topics with
//! large or frequent records have more weight when the next topic is assigned to a thread.
//!
//! # Failure
//!
//! A panic in one topic does not affect the others of its thread. The topic is tried again after a second; while it
//! keeps failing it is overdue, and the watchdog sees that.

mod agenda;
mod inbox;
mod ticker;
mod worker;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio_util::task::TaskTracker;

use agenda::TaskId;
use inbox::Inbox;
use ticker::Ticker;

use crate::clock::Clock;
use crate::hub::Topic;
use crate::protocol::TopicName;

/// The producers of one hub. Dropped, they stop.
#[derive(Debug)]
pub struct Producers {
    clock: Clock,
    /// Counts the threads until they have ended.
    tasks: TaskTracker,
    threads_max: usize,
    /// Those started so far: one a topic until there are `threads_max`.
    threads: Vec<Thread>,
    places: BTreeMap<TopicName, Place>,
}

#[derive(Debug)]
struct Thread {
    inbox: Arc<Inbox<Ticker>>,
    /// The sum of its topics' weights.
    weight: f64,
    /// The task that a topic gets next; none is given twice.
    next: TaskId,
}

/// Has the thread of one topic look at its timeline again, from wherever that is changed.
#[derive(Debug)]
pub struct Notifier {
    inbox: Arc<Inbox<Ticker>>,
    task: TaskId,
}

impl Notifier {
    /// The timeline has changed.
    pub fn notify(&self) {
        self.inbox.send_changed(self.task);
    }
}

/// Where a topic is.
#[derive(Debug)]
struct Place {
    topic: Arc<Topic>,
    /// The index of its thread, whose inbox knows it as `task` once it has begun.
    thread: usize,
    task: TaskId,
    weight: f64,
    has_begun: AtomicBool,
}

impl Producers {
    /// Threads at least, where there are fewer cores: the kernel shares the cores out among threads, so that a topic
    /// with records of many megabytes seldom holds up the others.
    const THREADS_MIN: usize = 4;

    /// No topic yet, and no thread: at most one for each core that the process may use, or [`Self::THREADS_MIN`].
    /// `tasks` tracks each until it has ended.
    #[must_use]
    pub fn new(clock: Clock, tasks: TaskTracker) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            clock,
            tasks,
            threads_max: cores.max(Self::THREADS_MIN),
            threads: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// Gives `topic` a thread, which publishes from the first [`notify`](Self::notify) on.
    ///
    /// # Errors
    /// The system has no thread.
    pub fn add(&mut self, topic: &Arc<Topic>) -> io::Result<()> {
        if self.threads.len() < self.threads_max {
            self.start_thread()?;
        }
        let lightest = self
            .threads
            .iter_mut()
            .enumerate()
            .min_by(|(_, a), (_, b)| a.weight.total_cmp(&b.weight));
        let (index, thread) = lightest.expect("one has been started");
        let place = Place {
            topic: Arc::clone(topic),
            thread: index,
            task: thread.next,
            weight: ticker::weight(topic),
            has_begun: AtomicBool::new(false),
        };
        thread.next = thread.next.following();
        thread.weight += place.weight;
        self.places.insert(topic.name().clone(), place);
        Ok(())
    }

    fn start_thread(&mut self) -> io::Result<()> {
        let inbox = Arc::new(Inbox::default());
        let (received, clock, token) = (Arc::clone(&inbox), self.clock, self.tasks.token());
        thread::Builder::new()
            .name(format!("producer-{}", self.threads.len()))
            .spawn(move || {
                // Held until it ends: what is waited for is this thread as well.
                let _token = token;
                worker::run(&received, &clock);
            })?;
        self.threads.push(Thread {
            inbox,
            weight: 0.0,
            next: TaskId::default(),
        });
        Ok(())
    }

    /// Takes back the thread of the topic `name`, which must not have begun.
    pub fn remove(&mut self, name: &TopicName) {
        if let Some(place) = self.places.remove(name) {
            self.threads[place.thread].weight -= place.weight;
        }
    }

    /// Has the topic `name` begin; the next times, has its thread look at its timeline again, which has changed.
    pub fn notify(&self, name: &TopicName) {
        let Some(place) = self.places.get(name) else {
            return;
        };
        let inbox = &self.threads[place.thread].inbox;
        // The callers, which change the timelines, order concurrent calls; the inbox takes either order.
        if place.has_begun.swap(true, Ordering::AcqRel) {
            inbox.send_changed(place.task);
        } else {
            let ticker = Ticker::new(Arc::clone(&place.topic), self.clock);
            inbox.send_task(place.task, ticker);
        }
    }

    /// What has the thread of the topic `name`, which has begun, look at its timeline again.
    #[must_use]
    pub fn notifier(&self, name: &TopicName) -> Option<Notifier> {
        let place = self.places.get(name)?;
        let inbox = Arc::clone(&self.threads[place.thread].inbox);
        let task = place.task;
        Some(Notifier { inbox, task })
    }

    /// Stops all of them, each after the turn that it is at.
    pub fn stop(&self) {
        for thread in &self.threads {
            thread.inbox.stop();
        }
    }
}

impl Drop for Producers {
    fn drop(&mut self) {
        self.stop();
    }
}

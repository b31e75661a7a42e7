//! `Inbox`: where a producer's thread sleeps, and what wakes it early.
//!
//! Messages are stored under the lock that the thread holds when it decides to sleep, so none is missed; a model of
//! every interleaving, below, proves it.
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

use super::agenda::TaskId;
use crate::clock::Clock;
use crate::protocol::Micros;

/// See the head of this file. Tasks come as `T`.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    state: Mutex<State<T>>,
    sent: Condvar,
}

#[derive(Debug)]
struct State<T> {
    is_stopped: bool,
    /// Tasks that are new; each comes once.
    tasks: VecDeque<(TaskId, T)>,
    /// Tasks whose timeline has changed, each at most once.
    changed: VecDeque<TaskId>,
}

/// Why a thread no longer sleeps.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received<T> {
    /// The instant has come.
    Due,
    /// A task is new.
    Task(TaskId, T),
    /// A task's timeline has changed.
    Changed(TaskId),
    /// The thread is to end.
    Stopped,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                is_stopped: false,
                tasks: VecDeque::new(),
                changed: VecDeque::new(),
            }),
            sent: Condvar::new(),
        }
    }
}

impl<T> Inbox<T> {
    /// The longest single sleep. Bounds what a suspended machine, whose monotonic clock stood still, can oversleep.
    const SLEEP_MAX: Duration = Duration::from_secs(60);

    /// Gives the thread a new `task`.
    pub(super) fn send_task(&self, id: TaskId, task: T) {
        self.lock().tasks.push_back((id, task));
        self.sent.notify_one();
    }

    /// Has the thread look at the timeline of `task`.
    pub(super) fn send_changed(&self, task: TaskId) {
        let mut state = self.lock();
        // It will look once, at what is in force by then.
        if !state.changed.contains(&task) {
            state.changed.push_back(task);
        }
        drop(state);
        self.sent.notify_one();
    }

    /// Has the thread end.
    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.sent.notify_one();
    }

    /// Sleeps until `t` on `clock`, or until something has been sent, and takes the first of it. One thread alone calls
    /// this.
    pub(super) fn receive_until(&self, clock: &Clock, t: Micros) -> Received<T> {
        let mut state = self.lock();
        loop {
            let left = clock.until(t);
            if let Some(received) = state.take() {
                return received;
            }
            if left.is_zero() {
                return Received::Due;
            }
            let slept = self.sent.wait_timeout(state, left.min(Self::SLEEP_MAX));
            state = slept.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn take(&mut self) -> Option<Received<T>> {
        if self.is_stopped {
            return Some(Received::Stopped);
        }
        // A task before its changes: a change of a task that the thread does not know yet would be lost.
        if let Some((id, task)) = self.tasks.pop_front() {
            return Some(Received::Task(id, task));
        }
        self.changed.pop_front().map(Received::Changed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const NEVER: Micros = Micros::new(i64::MAX);

    /// In the model a sleep never times out: a thread that misses what was sent hangs, which the model reports.
    #[test]
    fn whatever_was_sent_wakes_the_thread() {
        loom::model(|| {
            let (clock, inbox) = (Clock::start(), Arc::new(Inbox::default()));
            let senders = [TaskId::default(), TaskId::default().following()].map(|id| {
                let inbox = Arc::clone(&inbox);
                loom::thread::spawn(move || inbox.send_task(id, id.index()))
            });
            let mut seen = Vec::new();
            while seen.len() < 2 {
                match inbox.receive_until(&clock, NEVER) {
                    Received::Task(id, task) if id.index() == task => seen.push(task),
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
            let (clock, inbox) = (Clock::start(), Arc::new(Inbox::default()));
            let (id, sent) = (TaskId::default(), Arc::clone(&inbox));
            let sender = loom::thread::spawn(move || {
                sent.send_task(id, ());
                sent.send_changed(id);
            });
            let received = [(); 2].map(|()| inbox.receive_until(&clock, NEVER));
            assert_eq!(received, [Received::Task(id, ()), Received::Changed(id)]);
            sender.join().unwrap();
        });
    }

    #[test]
    fn stopping_ends_a_sleep_that_has_years_to_go_and_every_later_one() {
        loom::model(|| {
            let (clock, inbox) = (Clock::start(), Arc::new(Inbox::<()>::default()));
            let stopper = Arc::clone(&inbox);
            let stopper = loom::thread::spawn(move || stopper.stop());
            assert_eq!(inbox.receive_until(&clock, NEVER), Received::Stopped);
            inbox.send_task(TaskId::default(), ());
            assert_eq!(inbox.receive_until(&clock, NEVER), Received::Stopped);
            stopper.join().unwrap();
        });
    }

    #[test]
    fn changes_that_the_thread_has_not_seen_are_merged() {
        loom::model(|| {
            let (clock, inbox) = (Clock::start(), Inbox::<()>::default());
            let task = TaskId::default();
            inbox.send_changed(task);
            inbox.send_changed(task);
            let past = Micros::new(0);
            assert_eq!(inbox.receive_until(&clock, past), Received::Changed(task));
            assert_eq!(inbox.receive_until(&clock, past), Received::Due);
        });
    }
}

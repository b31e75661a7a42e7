//! `RunQueue`: decides which task of a thread runs next.
//!
//! Pure. Of the tasks that are on time, the most overdue runs first. A task that is still behind after its turn goes to
//! a separate queue; otherwise it would remain the most overdue until it has caught up, and no other task would run.

use std::collections::{BTreeSet, VecDeque};

use crate::protocol::Micros;

/// A task of one thread; ids are assigned in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId(usize);

/// The tasks of one thread that will run again, each at most once.
#[derive(Debug, Default)]
pub(super) struct RunQueue {
    /// Tasks on time, each with the instant at which it is due, earliest first.
    waiting: BTreeSet<(Micros, TaskId)>,
    /// Tasks whose last turn was interrupted, in the order in which they run.
    behind: VecDeque<TaskId>,
    /// Consecutive turns of tasks on time while others are behind; at most `ON_TIME_TURNS_MAX`.
    on_time_turns: u32,
}

impl TaskId {
    /// The id after this one.
    pub(super) const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    pub(super) const fn index(self) -> usize {
        self.0
    }
}

impl RunQueue {
    /// Turns of tasks on time before a task that is behind gets one. A turn on time is mostly one publication, a turn
    /// behind up to 256, so both kinds get a fair share of the thread.
    const ON_TIME_TURNS_MAX: u32 = 32;

    /// Schedules `task` for `t`.
    pub(super) fn push_waiting(&mut self, task: TaskId, t: Micros) {
        self.waiting.insert((t, task));
    }

    /// Removes `task`, which was scheduled for `t`. Returns false if it was not.
    pub(super) fn remove_waiting(&mut self, task: TaskId, t: Micros) -> bool {
        self.waiting.remove(&(t, task))
    }

    /// Queues `task`, which is behind.
    pub(super) fn push_behind(&mut self, task: TaskId) {
        self.behind.push_back(task);
    }

    /// When the next task can run: in the past if one is behind, in the far future without tasks.
    pub(super) fn next_wakeup(&self) -> Micros {
        if !self.behind.is_empty() {
            return Micros::new(0);
        }
        let first = self.waiting.first();
        first.map_or(Micros::new(i64::MAX), |(t, _)| *t)
    }

    /// Removes and returns the task that runs `now`.
    pub(super) fn pop(&mut self, now: Micros) -> Option<TaskId> {
        let is_due = self.waiting.first().is_some_and(|(t, _)| *t <= now);
        if is_due && (self.behind.is_empty() || self.on_time_turns < Self::ON_TIME_TURNS_MAX) {
            self.on_time_turns = if self.behind.is_empty() {
                0
            } else {
                self.on_time_turns + 1
            };
            return self.waiting.pop_first().map(|(_, task)| task);
        }
        self.on_time_turns = 0;
        self.behind.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros::new(1_000);

    fn next(queue: &mut RunQueue) -> Option<usize> {
        queue.pop(NOW).map(TaskId::index)
    }

    #[test]
    fn the_most_overdue_task_runs_first_and_tasks_that_are_not_due_wait() {
        let mut queue = RunQueue::default();
        for (task, t) in [(0, 900), (1, 1_001), (2, 300), (3, 1_000)] {
            queue.push_waiting(TaskId(task), Micros::new(t));
        }
        assert_eq!(queue.next_wakeup(), Micros::new(300));
        let turns = [(); 4].map(|()| next(&mut queue));
        assert_eq!(turns, [Some(2), Some(0), Some(3), None]);
        assert_eq!(queue.next_wakeup(), Micros::new(1_001));
    }

    #[test]
    fn a_removed_task_does_not_run() {
        let mut queue = RunQueue::default();
        queue.push_waiting(TaskId(0), NOW);
        assert!(!queue.remove_waiting(TaskId(0), Micros::new(1)));
        assert!(queue.remove_waiting(TaskId(0), NOW));
        assert_eq!(next(&mut queue), None);
        assert_eq!(queue.next_wakeup(), Micros::new(i64::MAX));
    }

    #[test]
    fn a_task_that_is_behind_runs_when_nothing_else_is_due() {
        let mut queue = RunQueue::default();
        queue.push_behind(TaskId(7));
        queue.push_behind(TaskId(8));
        queue.push_waiting(TaskId(1), Micros::new(2_000));
        assert_eq!(queue.next_wakeup(), Micros::new(0));
        assert_eq!(next(&mut queue), Some(7));
        queue.push_behind(TaskId(7));
        assert_eq!(next(&mut queue), Some(8));
        assert_eq!(next(&mut queue), Some(7));
        assert_eq!(next(&mut queue), None);
    }

    #[test]
    fn a_task_on_time_waits_for_at_most_one_turn_of_a_task_that_is_behind() {
        let mut queue = RunQueue::default();
        for task in 10..20 {
            queue.push_behind(TaskId(task));
        }
        assert_eq!(next(&mut queue), Some(10));
        queue.push_behind(TaskId(10));
        queue.push_waiting(TaskId(0), NOW);
        assert_eq!(next(&mut queue), Some(0));
    }

    #[test]
    fn tasks_that_are_always_due_do_not_starve_one_that_is_behind() {
        let mut queue = RunQueue::default();
        queue.push_behind(TaskId(9));
        let mut turns_before = 0;
        queue.push_waiting(TaskId(0), NOW);
        while next(&mut queue) == Some(0) {
            queue.push_waiting(TaskId(0), NOW);
            turns_before += 1;
        }
        assert_eq!(turns_before, RunQueue::ON_TIME_TURNS_MAX);
        assert_eq!(next(&mut queue), Some(0));
    }
}

//! `Agenda`: which of a thread's tasks has the next turn.
//!
//! Pure. Among the tasks that are on time the most overdue goes first. A task that is still behind after its turn waits
//! in a queue; otherwise it would stay the most overdue until it has caught up, and no other task would get a turn.

use std::collections::{BTreeSet, VecDeque};

use crate::protocol::Micros;

/// A task of one thread, by the order in which the thread was given it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId(usize);

/// See the head of this file. Holds each task at most once.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// Each with the instant at which it is due, earliest first.
    waiting: BTreeSet<(Micros, TaskId)>,
    /// Those whose last turn was cut short, in the order in which they get the next.
    behind: VecDeque<TaskId>,
    /// Consecutive turns of tasks on time, while others are behind.
    turns: u32,
}

impl TaskId {
    /// The one after it.
    pub(super) const fn following(self) -> Self {
        Self(self.0 + 1)
    }

    pub(super) const fn index(self) -> usize {
        self.0
    }
}

impl Agenda {
    /// Turns in a row of tasks on time before one that is behind has its own. A turn on time is mostly one publication,
    /// a turn behind up to 256 of them: so each of both kinds gets about as much.
    const TURNS_MAX: u32 = 32;

    /// `task` is due at `t`.
    pub(super) fn wait(&mut self, task: TaskId, t: Micros) {
        self.waiting.insert((t, task));
    }

    /// Withdraws `task`, which is no longer due at `t`. Returns false if it does not wait for `t`.
    pub(super) fn withdraw(&mut self, task: TaskId, t: Micros) -> bool {
        self.waiting.remove(&(t, task))
    }

    /// `task` goes on as soon as it is its turn.
    pub(super) fn queue(&mut self, task: TaskId) {
        self.behind.push_back(task);
    }

    /// Until when there is nothing to do.
    pub(super) fn idle_until(&self) -> Micros {
        if !self.behind.is_empty() {
            return Micros::new(0);
        }
        let first = self.waiting.first();
        first.map_or(Micros::new(i64::MAX), |(t, _)| *t)
    }

    /// Takes the task whose turn it is `now`.
    pub(super) fn next(&mut self, now: Micros) -> Option<TaskId> {
        let is_due = self.waiting.first().is_some_and(|(t, _)| *t <= now);
        if is_due && (self.behind.is_empty() || self.turns < Self::TURNS_MAX) {
            self.turns = if self.behind.is_empty() {
                0
            } else {
                self.turns + 1
            };
            return self.waiting.pop_first().map(|(_, task)| task);
        }
        self.turns = 0;
        self.behind.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros::new(1_000);

    fn next(agenda: &mut Agenda) -> Option<usize> {
        agenda.next(NOW).map(TaskId::index)
    }

    #[test]
    fn the_most_overdue_goes_first_and_what_is_not_due_waits() {
        let mut agenda = Agenda::default();
        for (task, t) in [(0, 900), (1, 1_001), (2, 300), (3, 1_000)] {
            agenda.wait(TaskId(task), Micros::new(t));
        }
        assert_eq!(agenda.idle_until(), Micros::new(300));
        let turns = [(); 4].map(|()| next(&mut agenda));
        assert_eq!(turns, [Some(2), Some(0), Some(3), None]);
        assert_eq!(agenda.idle_until(), Micros::new(1_001));
    }

    #[test]
    fn a_task_that_is_withdrawn_has_no_turn() {
        let mut agenda = Agenda::default();
        agenda.wait(TaskId(0), NOW);
        assert!(!agenda.withdraw(TaskId(0), Micros::new(1)));
        assert!(agenda.withdraw(TaskId(0), NOW));
        assert_eq!(next(&mut agenda), None);
        assert_eq!(agenda.idle_until(), Micros::new(i64::MAX));
    }

    #[test]
    fn a_task_that_is_behind_has_a_turn_when_nothing_else_is_due() {
        let mut agenda = Agenda::default();
        agenda.queue(TaskId(7));
        agenda.queue(TaskId(8));
        agenda.wait(TaskId(1), Micros::new(2_000));
        assert_eq!(agenda.idle_until(), Micros::new(0));
        assert_eq!(next(&mut agenda), Some(7));
        agenda.queue(TaskId(7));
        assert_eq!(next(&mut agenda), Some(8));
        assert_eq!(next(&mut agenda), Some(7));
        assert_eq!(next(&mut agenda), None);
    }

    #[test]
    fn a_task_on_time_waits_for_one_turn_of_those_behind_however_late_they_are() {
        let mut agenda = Agenda::default();
        for task in 10..20 {
            agenda.queue(TaskId(task));
        }
        assert_eq!(next(&mut agenda), Some(10));
        agenda.queue(TaskId(10));
        agenda.wait(TaskId(0), NOW);
        assert_eq!(next(&mut agenda), Some(0));
    }

    #[test]
    fn tasks_that_are_always_due_do_not_starve_one_that_is_behind() {
        let mut agenda = Agenda::default();
        agenda.queue(TaskId(9));
        let mut turns_before = 0;
        agenda.wait(TaskId(0), NOW);
        while next(&mut agenda) == Some(0) {
            agenda.wait(TaskId(0), NOW);
            turns_before += 1;
        }
        assert_eq!(turns_before, Agenda::TURNS_MAX);
        assert_eq!(next(&mut agenda), Some(0));
    }
}

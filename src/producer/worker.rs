//! `Worker`: what a producer's thread does: turns of its tasks, in the order of its agenda.
//!
//! Between two turns it takes at most one message out of its inbox, so that many new topics or changes of timelines do
//! not hold up topics that are due.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::agenda::{Agenda, TaskId};
use super::inbox::{Inbox, Received};
use crate::clock::{self, Clock};
use crate::protocol::Micros;

/// A task, as its thread sees it.
pub(super) trait Work {
    /// The name of its topic.
    fn name(&self) -> &str;
    /// Does the slow preparations before the first turn, and before the first one after a failure.
    fn prepare(&mut self);
    /// When there is something to publish; `None` when there never will be.
    fn next_due(&self) -> Option<Micros>;
    /// Publishes what is due, for a bounded time.
    fn turn(&mut self) -> Turn;
    /// Logs that there is nothing to publish any more.
    fn end(&self);
}

/// How a turn went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// All that was due is published.
    Done,
    /// The turn was over before that.
    Cut,
}

/// The tasks of one thread.
#[derive(Debug)]
struct Worker<T> {
    /// By their ids, which need not come in order; `None` where none has come, or it is over.
    tasks: Vec<Option<Task<T>>>,
    agenda: Agenda,
}

#[derive(Debug)]
struct Task<T> {
    work: T,
    /// The instant at which it is on the agenda; `None` while it is behind.
    waits_for: Option<Micros>,
    /// Whether its last turn failed, which has been logged.
    is_failing: bool,
}

/// Gives the tasks that come into `inbox` their turns until it is stopped. Blocks its thread.
pub(super) fn run<T: Work>(inbox: &Inbox<T>, clock: &Clock) {
    clock::wake_exactly();
    let mut worker = Worker::default();
    loop {
        match inbox.receive_until(clock, worker.agenda.idle_until()) {
            Received::Stopped => return,
            Received::Task(id, work) => worker.begin(id, work, clock.now()),
            Received::Changed(id) => worker.look_again(id, clock.now()),
            Received::Due => {}
        }
        worker.give_turn(clock.now());
    }
}

impl<T> Default for Worker<T> {
    fn default() -> Self {
        Self {
            tasks: Vec::new(),
            agenda: Agenda::default(),
        }
    }
}

impl<T: Work> Worker<T> {
    /// From a failure to the next try, so that a task does not fail a thousand times a second.
    const RETRY_AFTER: Duration = Duration::from_secs(1);

    fn begin(&mut self, id: TaskId, work: T, now: Micros) {
        if self.tasks.len() <= id.index() {
            self.tasks.resize_with(id.index() + 1, || None);
        }
        let mut task = Task {
            work,
            waits_for: None,
            is_failing: false,
        };
        let outcome = attempt(&mut task.work, |work| {
            work.prepare();
            Turn::Done
        });
        self.tasks[id.index()] = Some(task);
        self.place(id, outcome, now);
    }

    /// Takes note of the timeline of `id` as it is now.
    fn look_again(&mut self, id: TaskId, now: Micros) {
        let Some(Some(task)) = self.tasks.get_mut(id.index()) else {
            return;
        };
        // One that is behind looks when it has its turn.
        if let Some(t) = task.waits_for.take() {
            self.agenda.withdraw(id, t);
            let outcome = attempt(&mut task.work, |_| Turn::Done);
            self.place(id, outcome, now);
        }
    }

    /// Gives the next one its turn, if one is due.
    fn give_turn(&mut self, now: Micros) {
        let Some(id) = self.agenda.next(now) else {
            return;
        };
        if let Some(Some(task)) = self.tasks.get_mut(id.index()) {
            task.waits_for = None;
            let outcome = attempt(&mut task.work, T::turn);
            self.place(id, outcome, now);
        }
    }

    /// Puts `id` back on the agenda, by how it went.
    fn place(&mut self, id: TaskId, outcome: Outcome, now: Micros) {
        let slot = &mut self.tasks[id.index()];
        let Some(task) = slot else {
            return;
        };
        let is_failed = matches!(outcome, Outcome::Failed);
        let was_failing = std::mem::replace(&mut task.is_failing, is_failed);
        let t = match outcome {
            Outcome::Behind => return self.agenda.queue(id),
            Outcome::Ended => {
                task.work.end();
                *slot = None;
                return;
            }
            Outcome::DueAt(t) => t,
            Outcome::Failed => {
                if !was_failing {
                    log_failed(&task.work);
                }
                now.after(Self::RETRY_AFTER)
            }
        };
        task.waits_for = Some(t);
        self.agenda.wait(id, t);
    }
}

/// What a task wants next.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// A turn as soon as it may have one.
    Behind,
    /// A turn then.
    DueAt(Micros),
    /// No turn any more.
    Ended,
    /// Nothing is known: it panicked.
    Failed,
}

/// Has `work` do something that may panic; it is in order again when it has been prepared or had a turn.
fn attempt<T: Work>(work: &mut T, act: impl FnOnce(&mut T) -> Turn) -> Outcome {
    let outcome = catch_unwind(AssertUnwindSafe(|| match act(work) {
        Turn::Cut => Outcome::Behind,
        Turn::Done => work.next_due().map_or(Outcome::Ended, Outcome::DueAt),
    }));
    outcome.unwrap_or(Outcome::Failed)
}

/// Follows on the line of the panic, which knows the thread only. Not again before the topic has gone on.
fn log_failed(work: &impl Work) {
    tracing::error!(
        target: "std::panic",
        topic = work.name(),
        "the producer of this topic panicked and is tried again each second; the others of its thread go on"
    );
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// Publishes every millisecond from 0 on, at most `turn_len` at once, and panics instead of publishing `broken`.
    struct Fake {
        name: &'static str,
        published: i64,
        turn_len: i64,
        last: Option<i64>,
        broken: Option<i64>,
        now: Rc<RefCell<i64>>,
        log: Rc<RefCell<Vec<String>>>,
    }

    impl Work for Fake {
        fn name(&self) -> &str {
            self.name
        }

        fn prepare(&mut self) {
            self.log.borrow_mut().push(format!("{} begins", self.name));
        }

        fn next_due(&self) -> Option<Micros> {
            let is_over = self.last == Some(self.published);
            (!is_over).then(|| Micros::new((self.published + 1) * 1_000))
        }

        fn turn(&mut self) -> Turn {
            let due = (*self.now.borrow() / 1_000).min(self.last.unwrap_or(i64::MAX));
            let from = self.published + 1;
            for _ in 0..self.turn_len {
                if self.published >= due {
                    break;
                }
                assert_ne!(self.broken, Some(self.published + 1), "broken");
                self.published += 1;
            }
            let to = self.published;
            let told = format!("{} {from}-{to}", self.name);
            self.log.borrow_mut().push(told);
            if to < due { Turn::Cut } else { Turn::Done }
        }

        fn end(&self) {
            self.log.borrow_mut().push(format!("{} ends", self.name));
        }
    }

    #[derive(Default)]
    struct Bench {
        worker: Worker<Fake>,
        now: Rc<RefCell<i64>>,
        log: Rc<RefCell<Vec<String>>>,
        next: TaskId,
    }

    impl Bench {
        fn add(&mut self, name: &'static str, change: impl FnOnce(&mut Fake)) -> TaskId {
            let mut fake = Fake {
                name,
                published: 0,
                turn_len: 10,
                last: None,
                broken: None,
                now: Rc::clone(&self.now),
                log: Rc::clone(&self.log),
            };
            change(&mut fake);
            let id = self.next;
            self.next = id.following();
            self.worker.begin(id, fake, self.now());
            id
        }

        fn now(&self) -> Micros {
            Micros::new(*self.now.borrow())
        }

        /// What happens in the next `turns` turns when `millis` have passed since the beginning.
        fn at(&mut self, millis: i64, turns: usize) -> Vec<String> {
            *self.now.borrow_mut() = millis * 1_000;
            self.log.borrow_mut().clear();
            for _ in 0..turns {
                self.worker.give_turn(self.now());
            }
            self.log.borrow().clone()
        }
    }

    #[test]
    fn each_task_publishes_what_is_due_and_then_waits() {
        let mut bench = Bench::default();
        bench.add("a", |_| {});
        bench.add("b", |fake| fake.published = 1);
        assert_eq!(*bench.log.borrow(), ["a begins", "b begins"]);
        assert_eq!(bench.at(1, 3), ["a 1-1"]);
        assert_eq!(bench.at(2, 3), ["a 2-2", "b 2-2"]);
        assert_eq!(bench.worker.agenda.idle_until(), Micros::new(3_000));
    }

    #[test]
    fn a_task_that_makes_up_for_a_stall_lets_those_on_time_go_first() {
        let mut bench = Bench::default();
        bench.add("late", |_| {});
        bench.add("prompt", |fake| fake.published = 30);
        let turns = bench.at(31, 6);
        let expected = [
            "late 1-10",
            "prompt 31-31",
            "late 11-20",
            "late 21-30",
            "late 31-31",
        ];
        assert_eq!(turns, expected);
    }

    #[test]
    fn a_task_that_never_keeps_up_delays_the_others_by_one_turn_each() {
        let mut bench = Bench::default();
        bench.add("slow", |_| {});
        bench.add("prompt", |_| {});
        for millis in (100..1_000).step_by(100) {
            let told = bench.at(millis, 12);
            let prompt = told.iter().filter(|turn| turn.starts_with("prompt"));
            assert!(prompt.count() >= 5, "{told:?}");
        }
    }

    #[test]
    fn a_panic_in_one_task_costs_the_others_nothing_and_is_tried_again_later() {
        let mut bench = Bench::default();
        let id = bench.add("a", |fake| fake.broken = Some(2));
        bench.add("b", |_| {});
        assert_eq!(bench.at(1, 2), ["a 1-1", "b 1-1"]);
        assert_eq!(bench.at(2, 2), ["b 2-2"]);
        assert_eq!(bench.at(3, 2), ["b 3-3"]);
        // It fails once a second while it is broken, and then goes on where it was.
        assert_eq!(bench.at(1_001, 1), ["b 4-13"]);
        let worker = &mut bench.worker;
        worker.tasks[id.index()].as_mut().unwrap().work.broken = None;
        let told = bench.at(1_002, 20);
        assert_eq!(told[0], "a 2-11", "{told:?}");
    }

    #[test]
    fn a_task_that_panics_before_it_begins_is_tried_again() {
        struct Broken(u32);
        impl Work for Broken {
            fn name(&self) -> &'static str {
                "broken"
            }
            fn prepare(&mut self) {
                panic!("broken");
            }
            fn next_due(&self) -> Option<Micros> {
                Some(Micros::new(5))
            }
            fn turn(&mut self) -> Turn {
                self.0 += 1;
                Turn::Done
            }
            fn end(&self) {}
        }
        let mut worker = Worker::default();
        let now = Micros::new(7);
        worker.begin(TaskId::default(), Broken(0), now);
        worker.give_turn(now);
        let turns = |worker: &Worker<Broken>| worker.tasks[0].as_ref().unwrap().work.0;
        assert_eq!(turns(&worker), 0);
        worker.give_turn(now.after(Worker::<Broken>::RETRY_AFTER));
        assert_eq!(turns(&worker), 1);
    }

    #[test]
    fn a_task_that_is_over_says_so_once() {
        let mut bench = Bench::default();
        let id = bench.add("a", |fake| fake.last = Some(1));
        assert_eq!(bench.at(5, 3), ["a 1-1", "a ends"]);
        bench.worker.look_again(id, bench.now());
        assert_eq!(bench.at(6, 3), [""; 0]);
    }

    #[test]
    fn a_task_whose_timeline_has_changed_waits_for_another_instant() {
        let mut bench = Bench::default();
        let id = bench.add("a", |fake| fake.published = 99);
        assert_eq!(bench.worker.agenda.idle_until(), Micros::new(100_000));
        let worker = &mut bench.worker;
        worker.tasks[id.index()].as_mut().unwrap().work.published = 4;
        worker.look_again(id, Micros::new(0));
        assert_eq!(worker.agenda.idle_until(), Micros::new(5_000));
        // A task that the thread was never given is ignored.
        worker.look_again(id.following(), Micros::new(0));
        assert_eq!(bench.at(5, 2), ["a 5-5"]);
    }
}

use std::cell::RefCell;
use std::rc::Rc;

use super::*;

/// Publishes every millisecond from 0 on, at most `turn_len` per turn, and panics instead of publishing `broken`.
struct FakeTask {
    name: &'static str,
    published: i64,
    turn_len: i64,
    last: Option<i64>,
    is_paused: bool,
    is_reading: bool,
    broken: Option<i64>,
    now: Rc<RefCell<i64>>,
    log: Rc<RefCell<Vec<String>>>,
}

impl ProducerTask for FakeTask {
    fn name(&self) -> &str {
        self.name
    }

    fn prepare(&mut self) {
        self.log.borrow_mut().push(format!("{} begins", self.name));
    }

    fn next_due(&self) -> NextDue {
        if self.is_paused {
            NextDue::Paused
        } else if self.last == Some(self.published) {
            NextDue::Ended
        } else {
            NextDue::At(Micros::new((self.published + 1) * 1_000))
        }
    }

    fn is_over(&self) -> bool {
        false
    }

    fn run_turn(&mut self) -> Turn {
        if self.is_reading {
            return Turn::Reading;
        }
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
        let entry = format!("{} {from}-{to}", self.name);
        self.log.borrow_mut().push(entry);
        if to < due {
            Turn::Interrupted
        } else {
            Turn::Done
        }
    }

    fn log_ended(&self) {
        self.log.borrow_mut().push(format!("{} ends", self.name));
    }
}

#[derive(Default)]
struct Harness {
    worker: Worker<FakeTask>,
    now: Rc<RefCell<i64>>,
    log: Rc<RefCell<Vec<String>>>,
    next: TaskId,
}

impl Harness {
    fn add(&mut self, name: &'static str, change: impl FnOnce(&mut FakeTask)) -> TaskId {
        let mut fake = FakeTask {
            name,
            published: 0,
            turn_len: 10,
            last: None,
            is_paused: false,
            is_reading: false,
            broken: None,
            now: Rc::clone(&self.now),
            log: Rc::clone(&self.log),
        };
        change(&mut fake);
        let id = self.next;
        self.next = id.next();
        self.worker.add_task(id, fake, self.now());
        id
    }

    fn now(&self) -> Micros {
        Micros::new(*self.now.borrow())
    }

    /// The log of the next `turns` turns, at `millis` after the beginning.
    fn at(&mut self, millis: i64, turns: usize) -> Vec<String> {
        *self.now.borrow_mut() = millis * 1_000;
        self.log.borrow_mut().clear();
        for _ in 0..turns {
            self.worker.run_next(self.now());
        }
        self.log.borrow().clone()
    }
}

#[test]
fn each_task_publishes_what_is_due_and_then_waits() {
    let mut harness = Harness::default();
    harness.add("a", |_| {});
    harness.add("b", |fake| fake.published = 1);
    assert_eq!(*harness.log.borrow(), ["a begins", "b begins"]);
    assert_eq!(harness.at(1, 3), ["a 1-1"]);
    assert_eq!(harness.at(2, 3), ["a 2-2", "b 2-2"]);
    assert_eq!(harness.worker.run_queue.next_wakeup(), Micros::new(3_000));
}

#[test]
fn a_task_that_catches_up_after_a_stall_lets_tasks_on_time_run_first() {
    let mut harness = Harness::default();
    harness.add("late", |_| {});
    harness.add("prompt", |fake| fake.published = 30);
    let turns = harness.at(31, 6);
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
    let mut harness = Harness::default();
    harness.add("slow", |_| {});
    harness.add("prompt", |_| {});
    for millis in (100..1_000).step_by(100) {
        let log = harness.at(millis, 12);
        let prompt = log.iter().filter(|turn| turn.starts_with("prompt"));
        assert!(prompt.count() >= 5, "{log:?}");
    }
}

#[test]
fn a_task_that_panics_is_retried_later_and_does_not_affect_the_others() {
    let mut harness = Harness::default();
    let id = harness.add("a", |fake| fake.broken = Some(2));
    harness.add("b", |_| {});
    assert_eq!(harness.at(1, 2), ["a 1-1", "b 1-1"]);
    assert_eq!(harness.at(2, 2), ["b 2-2"]);
    assert_eq!(harness.at(3, 2), ["b 3-3"]);
    // It panics once a second while it is broken, and then continues where it was.
    assert_eq!(harness.at(1_001, 1), ["b 4-13"]);
    let worker = &mut harness.worker;
    worker.tasks[id.index()].as_mut().unwrap().task.broken = None;
    let log = harness.at(1_002, 20);
    assert_eq!(log[0], "a 2-11", "{log:?}");
}

#[test]
fn a_task_that_panics_while_it_is_prepared_is_retried() {
    struct Broken(u32);
    impl ProducerTask for Broken {
        fn name(&self) -> &'static str {
            "broken"
        }
        fn prepare(&mut self) {
            panic!("broken");
        }
        fn next_due(&self) -> NextDue {
            NextDue::At(Micros::new(5))
        }
        fn is_over(&self) -> bool {
            false
        }

        fn run_turn(&mut self) -> Turn {
            self.0 += 1;
            Turn::Done
        }
        fn log_ended(&self) {}
    }
    let mut worker = Worker::default();
    let now = Micros::new(7);
    worker.add_task(TaskId::default(), Broken(0), now);
    worker.run_next(now);
    let turns = |worker: &Worker<Broken>| worker.tasks[0].as_ref().unwrap().task.0;
    assert_eq!(turns(&worker), 0);
    worker.run_next(now.after(Worker::<Broken>::RETRY_AFTER));
    assert_eq!(turns(&worker), 1);
}

#[test]
fn a_task_that_has_ended_logs_it_once() {
    let mut harness = Harness::default();
    let id = harness.add("a", |fake| fake.last = Some(1));
    assert_eq!(harness.at(5, 3), ["a 1-1", "a ends"]);
    harness.worker.reschedule(id, harness.now());
    assert_eq!(harness.at(6, 3), [""; 0]);
}

#[test]
fn a_task_that_is_paused_or_waits_for_a_record_does_not_run_until_it_is_notified() {
    let mut harness = Harness::default();
    let paused = harness.add("paused", |fake| fake.is_paused = true);
    let reading = harness.add("reading", |fake| fake.is_reading = true);
    assert_eq!(harness.at(5, 9), [""; 0]);
    assert_eq!(
        harness.worker.run_queue.next_wakeup(),
        Micros::new(i64::MAX)
    );
    for id in [paused, reading] {
        let task = &mut harness.worker.tasks[id.index()].as_mut().unwrap().task;
        (task.is_paused, task.is_reading) = (false, false);
        harness.worker.reschedule(id, harness.now());
    }
    assert_eq!(harness.at(5, 9), ["paused 1-5", "reading 1-5"]);
}

#[test]
fn a_task_that_has_ended_goes_on_when_its_timeline_does() {
    let mut harness = Harness::default();
    let id = harness.add("a", |fake| fake.last = Some(1));
    assert_eq!(harness.at(5, 3), ["a 1-1", "a ends"]);
    let worker = &mut harness.worker;
    worker.tasks[id.index()].as_mut().unwrap().task.last = Some(3);
    worker.reschedule(id, Micros::new(5_000));
    assert_eq!(harness.at(5, 3), ["a 2-3", "a ends"]);
}

#[test]
fn a_task_whose_timeline_has_changed_is_rescheduled() {
    let mut harness = Harness::default();
    let id = harness.add("a", |fake| fake.published = 99);
    assert_eq!(harness.worker.run_queue.next_wakeup(), Micros::new(100_000));
    let worker = &mut harness.worker;
    worker.tasks[id.index()].as_mut().unwrap().task.published = 4;
    worker.reschedule(id, Micros::new(0));
    assert_eq!(worker.run_queue.next_wakeup(), Micros::new(5_000));
    // A task that the thread was never given is ignored.
    worker.reschedule(id.next(), Micros::new(0));
    assert_eq!(harness.at(5, 2), ["a 5-5"]);
}

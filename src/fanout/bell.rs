//! `Bell`: wakes a lane, at the price of one system call however many ring it before it answers.
//!
//! Whoever rings has put something down before; the lane answers before it looks. So nothing that was put down
//! stays unseen: a model of every interleaving holds it, below.

use std::sync::Arc;
use std::task::Wake;

use super::sync::{AtomicBool, Ordering};

/// What a bell pulls.
pub(super) trait Rope: Send + Sync + 'static {
    /// Wakes whoever waits, or has its next wait end at once.
    fn pull(&self);
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Bell<R> {
    is_rung: AtomicBool,
    rope: R,
}

/// A bell for one of the things a lane waits for, which tells that it was this one.
#[derive(Debug)]
pub(super) struct DoorBell<R> {
    is_rung: AtomicBool,
    lane: Arc<Bell<R>>,
}

impl<R: Rope> Bell<R> {
    pub(super) fn new(rope: R) -> Self {
        Self {
            is_rung: AtomicBool::new(false),
            rope,
        }
    }

    /// Has the lane look, after something was put down.
    pub(super) fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::AcqRel) {
            self.rope.pull();
        }
    }

    /// From here on the bell can be rung anew. Whether it was.
    pub(super) fn answer(&self) -> bool {
        self.is_rung.swap(false, Ordering::AcqRel)
    }
}

impl<R: Rope> DoorBell<R> {
    /// Rung from the beginning, so that the lane looks once.
    pub(super) fn new(lane: Arc<Bell<R>>) -> Self {
        Self {
            is_rung: AtomicBool::new(true),
            lane,
        }
    }

    /// From here on the bell can be rung anew. Whether it was.
    pub(super) fn answer(&self) -> bool {
        self.is_rung.swap(false, Ordering::AcqRel)
    }
}

impl<R: Rope> Wake for DoorBell<R> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_rung.store(true, Ordering::Release);
        self.lane.ring();
    }
}

#[cfg(test)]
mod tests {
    use loom::sync::{Condvar, Mutex};

    use super::super::mailbox::Mailbox;
    use super::*;

    /// What the kernel's event counter is to the lane.
    #[derive(Default)]
    struct Counter {
        pulls: Mutex<u32>,
        pulled: Condvar,
    }

    impl Rope for Counter {
        fn pull(&self) {
            *self.pulls.lock().unwrap() += 1;
            self.pulled.notify_one();
        }
    }

    impl Counter {
        fn wait(&self) {
            let mut pulls = self.pulls.lock().unwrap();
            while *pulls == 0 {
                pulls = self.pulled.wait(pulls).unwrap();
            }
            *pulls = 0;
        }
    }

    #[test]
    fn whatever_was_put_down_before_a_ring_is_seen() {
        loom::model(|| {
            let mailbox = Arc::new(Mailbox::new(Arc::new(Bell::new(Counter::default()))));
            let writers: Vec<_> = (1..=2)
                .map(|letter| {
                    let mailbox = Arc::clone(&mailbox);
                    loom::thread::spawn(move || mailbox.post(letter))
                })
                .collect();
            let mut seen = Vec::new();
            while seen.len() < 2 {
                mailbox.bell().rope.wait();
                mailbox.bell().answer();
                seen.extend(mailbox.take(usize::MAX));
            }
            seen.sort_unstable();
            assert_eq!(seen, [1, 2]);
            writers
                .into_iter()
                .for_each(|writer| writer.join().unwrap());
        });
    }

    #[test]
    fn a_door_bell_is_known_when_the_lane_wakes() {
        loom::model(|| {
            let lane = Arc::new(Bell::new(Counter::default()));
            let door = Arc::new(DoorBell::new(Arc::clone(&lane)));
            door.answer();
            let letters = Arc::new(Mutex::new(Vec::new()));
            let writers: Vec<_> = (1..=2)
                .map(|letter| {
                    let (door, letters) = (Arc::clone(&door), Arc::clone(&letters));
                    loom::thread::spawn(move || {
                        letters.lock().unwrap().push(letter);
                        door.wake();
                    })
                })
                .collect();
            let mut seen = 0;
            while seen < 2 {
                lane.rope.wait();
                lane.answer();
                if door.answer() {
                    seen += letters.lock().unwrap().drain(..).count();
                }
            }
            writers
                .into_iter()
                .for_each(|writer| writer.join().unwrap());
        });
    }
}

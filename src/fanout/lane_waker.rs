//! How other threads reach a lane: `LaneInbox` holds messages to it, `LaneWaker` wakes it with one system call, however
//! many threads notify it before it runs.
//!
//! A sender stores its data before it notifies; the lane clears the flag before it looks for data. So the lane never
//! misses anything: the loom tests below check every interleaving. For them, unit tests replace the atomics and locks
//! with loom's.

#[cfg(not(test))]
use std::sync::Mutex;
#[cfg(not(test))]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::Wake;

#[cfg(test)]
use loom::sync::Mutex;
#[cfg(test)]
use loom::sync::atomic::{AtomicBool, Ordering};

/// A handle that unblocks the lane's thread.
pub(super) trait WakeHandle: Send + Sync + 'static {
    /// Ends the lane's wait for events, or makes its next wait return at once.
    fn wake_lane(&self);
}

/// Wakes a lane. Notifications coalesce until the lane takes them.
#[derive(Debug)]
pub(super) struct LaneWaker<R> {
    is_notified: AtomicBool,
    handle: R,
}

/// Wakes a lane for one topic, so that the lane knows whose channel to read.
#[derive(Debug)]
pub(super) struct TopicWaker<R> {
    is_notified: AtomicBool,
    lane: Arc<LaneWaker<R>>,
}

/// Messages to a lane, which is woken for each.
#[derive(Debug)]
pub(super) struct LaneInbox<T, R> {
    messages: Mutex<Vec<T>>,
    waker: Arc<LaneWaker<R>>,
}

impl<R: WakeHandle> LaneWaker<R> {
    pub(super) fn new(handle: R) -> Self {
        Self {
            is_notified: AtomicBool::new(false),
            handle,
        }
    }

    /// Wakes the lane. Call it after storing what the lane is to find.
    pub(super) fn notify(&self) {
        if !self.is_notified.swap(true, Ordering::AcqRel) {
            self.handle.wake_lane();
        }
    }

    /// Clears the notification and returns whether there was one. Call it before looking for data.
    pub(super) fn take_notified(&self) -> bool {
        self.is_notified.swap(false, Ordering::AcqRel)
    }
}

impl<R: WakeHandle> TopicWaker<R> {
    /// Starts out notified, so that the lane polls the channel once and registers with it.
    pub(super) fn new(lane: Arc<LaneWaker<R>>) -> Self {
        Self {
            is_notified: AtomicBool::new(true),
            lane,
        }
    }

    /// Clears the notification and returns whether there was one. Call it before polling the channel.
    pub(super) fn take_notified(&self) -> bool {
        self.is_notified.swap(false, Ordering::AcqRel)
    }
}

impl<R: WakeHandle> Wake for TopicWaker<R> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_notified.store(true, Ordering::Release);
        self.lane.notify();
    }
}

impl<T, R: WakeHandle> LaneInbox<T, R> {
    pub(super) fn new(waker: Arc<LaneWaker<R>>) -> Self {
        Self {
            messages: Mutex::new(Vec::new()),
            waker,
        }
    }

    /// The waker that is notified of each message.
    pub(super) const fn waker(&self) -> &Arc<LaneWaker<R>> {
        &self.waker
    }

    /// Queues `message` and wakes the lane.
    pub(super) fn send(&self, message: T) {
        self.messages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
        self.waker.notify();
    }

    /// Takes at most `most` messages, the oldest first.
    pub(super) fn take(&self, most: usize) -> Vec<T> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = messages.len().min(most);
        messages.drain(..taken).collect()
    }
}

#[cfg(test)]
mod tests {
    use loom::sync::Condvar;

    use super::*;

    /// Stands in for the kernel's eventfd.
    #[derive(Default)]
    struct EventCounter {
        wakes: Mutex<u32>,
        woken: Condvar,
    }

    impl WakeHandle for EventCounter {
        fn wake_lane(&self) {
            *self.wakes.lock().unwrap() += 1;
            self.woken.notify_one();
        }
    }

    impl EventCounter {
        fn wait(&self) {
            let mut wakes = self.wakes.lock().unwrap();
            while *wakes == 0 {
                wakes = self.woken.wait(wakes).unwrap();
            }
            *wakes = 0;
        }
    }

    #[test]
    fn every_message_sent_before_a_notification_is_received() {
        loom::model(|| {
            let inbox = Arc::new(LaneInbox::new(Arc::new(LaneWaker::new(
                EventCounter::default(),
            ))));
            let writers: Vec<_> = (1..=2)
                .map(|message| {
                    let inbox = Arc::clone(&inbox);
                    loom::thread::spawn(move || inbox.send(message))
                })
                .collect();
            let mut seen = Vec::new();
            while seen.len() < 2 {
                inbox.waker().handle.wait();
                inbox.waker().take_notified();
                seen.extend(inbox.take(usize::MAX));
            }
            seen.sort_unstable();
            assert_eq!(seen, [1, 2]);
            writers
                .into_iter()
                .for_each(|writer| writer.join().unwrap());
        });
    }

    #[test]
    fn a_topic_waker_is_notified_before_the_lane_wakes() {
        loom::model(|| {
            let lane = Arc::new(LaneWaker::new(EventCounter::default()));
            let topic_waker = Arc::new(TopicWaker::new(Arc::clone(&lane)));
            topic_waker.take_notified();
            let messages = Arc::new(Mutex::new(Vec::new()));
            let writers: Vec<_> = (1..=2)
                .map(|message| {
                    let (topic_waker, messages) = (Arc::clone(&topic_waker), Arc::clone(&messages));
                    loom::thread::spawn(move || {
                        messages.lock().unwrap().push(message);
                        topic_waker.wake();
                    })
                })
                .collect();
            let mut seen = 0;
            while seen < 2 {
                lane.handle.wait();
                lane.take_notified();
                if topic_waker.take_notified() {
                    seen += messages.lock().unwrap().drain(..).count();
                }
            }
            writers
                .into_iter()
                .for_each(|writer| writer.join().unwrap());
        });
    }
}

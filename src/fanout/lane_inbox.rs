//! `LaneInbox`: messages from other threads to a lane.

use std::sync::{Arc, PoisonError};

use super::lane_waker::{LaneWaker, WakeHandle};
use super::sync::Mutex;

/// A queue of messages that wakes the lane for each.
#[derive(Debug)]
pub(super) struct LaneInbox<T, R> {
    messages: Mutex<Vec<T>>,
    waker: Arc<LaneWaker<R>>,
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

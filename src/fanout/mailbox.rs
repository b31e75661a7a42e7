//! `Mailbox`: what others hand over to a lane.

use std::sync::{Arc, PoisonError};

use super::bell::{Bell, Rope};
use super::sync::Mutex;

/// Letters for a lane, and the bell that tells it of them.
#[derive(Debug)]
pub(super) struct Mailbox<T, R> {
    letters: Mutex<Vec<T>>,
    bell: Arc<Bell<R>>,
}

impl<T, R: Rope> Mailbox<T, R> {
    pub(super) fn new(bell: Arc<Bell<R>>) -> Self {
        Self {
            letters: Mutex::new(Vec::new()),
            bell,
        }
    }

    /// The bell that is rung for each letter.
    pub(super) const fn bell(&self) -> &Arc<Bell<R>> {
        &self.bell
    }

    /// Hands `letter` over.
    pub(super) fn post(&self, letter: T) {
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(letter);
        self.bell.ring();
    }

    /// Takes at most `most` letters.
    pub(super) fn take(&self, most: usize) -> Vec<T> {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = letters.len().min(most);
        letters.drain(..taken).collect()
    }
}

//! How many answers may be under way at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::routes::problem::{Code, Problem};

/// Places for the answers of one hub.
#[derive(Debug)]
pub struct Answers(Arc<Semaphore>);

/// A place, free again when its last clone is gone.
#[derive(Debug, Clone)]
pub(super) struct Answering {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Viewers come first: a reader of the history takes what is left of the cores, and far fewer than these use up a
/// line. It also bounds what stands in memory for those who ask and do not read, some 200 KiB each with the kernel's.
const ANSWERS_MAX: usize = 64;

impl Answers {
    /// Takes a place.
    ///
    /// # Errors
    /// All are taken.
    pub(super) fn begin(&self) -> Result<Answering, Problem> {
        let permit = Arc::clone(&self.0).try_acquire_owned().map_err(|_| {
            Problem::retry_later(
                Code::HistoryBusy,
                "the hub is busy with other answers from the history; come back in a moment",
            )
        })?;
        Ok(Answering {
            _permit: Arc::new(permit),
        })
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ANSWERS_MAX)))
    }
}

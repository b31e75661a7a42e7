//! `ProducerLink`: what a topic and its producer tell each other, apart from the records.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::protocol::TopicName;
use crate::source::SourceError;
use crate::telemetry::error_reason;

/// The state between a topic and its producer.
#[derive(Debug, Default)]
pub(super) struct ProducerLink {
    /// Wakes the producer; set once it has been started.
    waker: OnceLock<ProducerWaker>,
    /// Whether the producer waits for records that are not in memory.
    is_reading: AtomicBool,
    /// Whether the last attempt to read records failed; that has been logged.
    is_unreadable: AtomicBool,
}

/// Wakes the producer of a topic, so that it reads the timeline again.
pub struct ProducerWaker(Box<dyn Fn() + Send + Sync>);

impl ProducerLink {
    pub(super) fn set_waker(&self, waker: ProducerWaker) {
        _ = self.waker.set(waker);
    }

    pub(super) fn wake(&self) {
        if let Some(ProducerWaker(wake)) = self.waker.get() {
            wake();
        }
    }

    pub(super) fn set_reading(&self, is_reading: bool) {
        self.is_reading.store(is_reading, Ordering::Relaxed);
    }

    pub(super) fn is_reading(&self) -> bool {
        self.is_reading.load(Ordering::Relaxed)
    }

    pub(super) fn report_read(&self, topic: &TopicName, error: Option<&SourceError>) {
        let was_unreadable = self.is_unreadable.swap(error.is_some(), Ordering::Relaxed);
        let topic = topic.as_str();
        match error {
            Some(error) if !was_unreadable => tracing::error!(
                event = "topic.unreadable",
                topic,
                error = error.to_string(),
                reason = error.as_io().map_or("other", error_reason),
                "records of this topic cannot be read; reading is retried"
            ),
            None if was_unreadable => tracing::info!(
                event = "topic.readable",
                topic,
                "records of this topic can be read again"
            ),
            _ => {}
        }
    }
}

impl ProducerWaker {
    /// Calls `wake` for each change of the timeline, from any thread.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Box::new(wake))
    }
}

impl fmt::Debug for ProducerWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProducerWaker")
    }
}

//! `Prefetch`: the next records of a topic, so that they are at hand when they are due.
//!
//! Records in memory are taken from there when they are due ([`Prefetch::refill`]). Others are read ahead, on the runtime's threads for blocking work, so that a
//! slow disk delays neither the topics on the same producer thread nor, as long as it keeps up, this one.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::hub::{Records, Topic};
use crate::protocol::{DueRecord, Seq};
use crate::source::SourceError;

/// The records of one topic that will be published next.
#[derive(Debug)]
pub(super) struct Prefetch {
    topic: Arc<Topic>,
    runtime: Handle,
    /// Called when records have been read.
    notify: Arc<Notify>,
    /// Dense in `seq`, with the instants of the timeline's `version`.
    ready: VecDeque<DueRecord>,
    version: u64,
    /// Whether `ready` came from memory, so that reading ahead is pointless.
    is_resident: bool,
    /// The read in progress. There is at most one.
    reading: Option<oneshot::Receiver<Result<Records, SourceError>>>,
}

/// A record, or why it is not at hand.
#[derive(Debug)]
pub(super) enum Fetched {
    /// The record.
    Record(DueRecord),
    /// It is being read; the notifier is called when it has been.
    Reading,
    /// It cannot be read, which has been logged. The next attempt reads again.
    Failed,
}

/// Has the producer take its next turn.
struct Notify(Box<dyn Fn() + Send + Sync>);

/// Notifies the producer when it is dropped, even if reading panics.
struct NotifyOnDrop(Arc<Notify>);

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notify")
    }
}

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        (self.0.0)();
    }
}

impl Prefetch {
    /// Records in one read: some turns of a producer that is catching up.
    const READ_RECORDS_MAX: u64 = 512;
    /// Bytes after which a read ends: what a topic may hold in memory ahead of time, apart from one record.
    const READ_LEN_MAX: usize = 256 * 1024;
    /// With fewer records at hand, the next ones are read.
    const READ_AHEAD_BELOW: usize = 128;

    /// Calls `notify`, from any thread, when records that [`Self::take`] had to wait for have been read.
    pub(super) fn new(
        topic: Arc<Topic>,
        runtime: Handle,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            version: topic.feed().version(),
            topic,
            runtime,
            notify: Arc::new(Notify(Box::new(notify))),
            ready: VecDeque::new(),
            is_resident: false,
            reading: None,
        }
    }

    /// Returns the record at `seq`, which must be due at some time. Call it under the topic's publish lock, so that the
    /// instant of the record is the one of the timeline in force.
    pub(super) fn take(&mut self, seq: Seq) -> Fetched {
        let received = self.receive();
        if let Err(error) = &received {
            self.topic.report_read(Some(error));
        }
        if self.version != self.topic.feed().version() {
            self.ready.clear();
        }
        while self.ready.front().is_some_and(|due| due.seq < seq) {
            self.ready.pop_front();
        }
        if self.ready.front().is_none_or(|due| due.seq != seq) {
            if received.is_err() {
                return Fetched::Failed;
            }
            if !self.refill(seq) {
                return Fetched::Reading;
            }
        }
        let Some(due) = self.ready.pop_front() else {
            return Fetched::Reading;
        };
        if !self.is_resident && self.ready.len() < Self::READ_AHEAD_BELOW {
            let next = self.ready.back().map_or(seq, |due| due.seq).next();
            self.start_reading(next);
        }
        Fetched::Record(due)
    }

    /// Appends the records that have been read, unless they are out of date.
    fn receive(&mut self) -> Result<(), SourceError> {
        let Some(result) = self.reading.as_mut().map(oneshot::Receiver::try_recv) else {
            return Ok(());
        };
        let records = match result {
            Err(TryRecvError::Empty) => return Ok(()),
            Err(TryRecvError::Closed) => Err(io::Error::other("reading panicked").into()),
            Ok(records) => records,
        };
        self.reading = None;
        let records = records?;
        self.topic.report_read(None);
        let first = records.due.first().map(|due| due.seq);
        let follows = |last: &DueRecord| Some(last.seq.next()) == first;
        if records.version != self.version || !self.ready.back().is_none_or(follows) {
            self.ready.clear();
        }
        self.version = records.version;
        self.ready.extend(records.due);
        Ok(())
    }

    /// Fills `ready` from `seq` on, if the records are in memory; otherwise starts to read them and returns false.
    fn refill(&mut self, seq: Seq) -> bool {
        self.ready.clear();
        let last = self.last_of_read(seq);
        let resident = self.topic.feed().resident(seq, last);
        self.is_resident = resident.is_some();
        let Some(records) = resident else {
            self.start_reading(seq);
            return false;
        };
        self.version = records.version;
        self.ready.extend(records.due);
        true
    }

    /// Reads the records from `seq` on, unless a read is in progress.
    fn start_reading(&mut self, seq: Seq) {
        if self.reading.is_some() {
            return;
        }
        let (done, result) = oneshot::channel();
        let (topic, last) = (Arc::clone(&self.topic), self.last_of_read(seq));
        let notify = NotifyOnDrop(Arc::clone(&self.notify));
        self.runtime.spawn_blocking(move || {
            // Fails if the topic has stopped.
            _ = done.send(topic.read(seq, last));
            drop(notify);
        });
        self.reading = Some(result);
    }

    fn last_of_read(&self, first: Seq) -> Seq {
        let (mut last, mut len) = (first, 0);
        for seq in (first.get()..first.get() + Self::READ_RECORDS_MAX).map(Seq::saturating) {
            last = seq;
            len += self.topic.feed().record_len(seq);
            if len >= Self::READ_LEN_MAX {
                break;
            }
        }
        last
    }
}

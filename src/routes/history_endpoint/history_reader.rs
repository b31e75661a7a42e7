//! [`HistoryReader`]: the records of a response, read from the topic's feed a few at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::hub::Topic;
use crate::protocol::{DueRecord, Seq};
use crate::source::SourceError;

/// Reads records in ascending order. May block, so it is used on the threads for history only.
#[derive(Debug)]
pub(super) struct HistoryReader {
    topic: Arc<Topic>,
    /// Records that have been read ahead; dense in `seq`.
    ahead: VecDeque<DueRecord>,
    /// The last record that was returned.
    last: Seq,
}

impl HistoryReader {
    /// Records that are read together if they are wanted one after the other.
    const READ_RECORDS_MAX: u64 = 64;
    /// Bytes after which a read ends.
    const READ_LEN_MAX: usize = 32 * 1024;

    pub(super) const fn new(topic: Arc<Topic>) -> Self {
        Self {
            topic,
            ahead: VecDeque::new(),
            last: Seq::ZERO,
        }
    }

    pub(super) const fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// Returns the record at `seq`; `None` if it has not been published, or is no longer in the history.
    ///
    /// # Errors
    /// The records cannot be read.
    pub(super) fn get(&mut self, seq: Seq) -> Result<Option<DueRecord>, SourceError> {
        while self.ahead.front().is_some_and(|due| due.seq < seq) {
            self.ahead.pop_front();
        }
        if self.ahead.front().is_none_or(|due| due.seq != seq) {
            let last = self.last_of_read(seq).min(self.topic.published());
            self.ahead = self.topic.read(seq, last)?.due.into();
        }
        self.last = seq;
        Ok(self.ahead.pop_front().filter(|due| due.seq == seq))
    }

    /// Reads ahead only if the records before were wanted too: a decimated response needs few of many.
    fn last_of_read(&self, first: Seq) -> Seq {
        let count = if first == self.last.next() {
            Self::READ_RECORDS_MAX
        } else {
            1
        };
        let (mut last, mut len) = (first, 0);
        for seq in (first.get()..first.get() + count).map(Seq::saturating) {
            last = seq;
            len += self.topic.feed().record_len(seq);
            if len >= Self::READ_LEN_MAX {
                break;
            }
        }
        last
    }
}

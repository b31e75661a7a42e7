//! [`RecordBuilder`]: collects the records of a file as JSON text in one block of memory.

use super::read_options::ReadOptions;
use super::record_sink::{RecordSink, SinkError};
use crate::protocol::Micros;
use crate::source::record_block::RecordBlock;
use crate::source::stamps::{StampDecreases, Stamps, StampsBuilder};

/// The records so far.
#[derive(Debug)]
pub(super) struct RecordBuilder {
    /// The length that a record may have, in bytes.
    len_max: usize,
    /// The concatenated records.
    text: Vec<u8>,
    /// The offset in `text` of the end of each record.
    ends: Vec<usize>,
    stamps: StampsBuilder,
    /// The length of the longest record, in bytes.
    longest: usize,
}

/// The records of a file.
#[derive(Debug)]
pub(super) struct BuiltRecords {
    pub(super) records: RecordBlock,
    /// If the records have any.
    pub(super) stamps: Option<Stamps>,
    /// The length of the longest record, in bytes.
    pub(super) longest: usize,
}

impl RecordBuilder {
    /// A builder with room for `capacity` bytes of records.
    pub(super) fn new(capacity: usize, options: &ReadOptions) -> Self {
        let max_gap = options.time.as_ref().and_then(|time| time.max_gap);
        Self {
            len_max: options.record_max,
            text: Vec::with_capacity(capacity),
            ends: Vec::new(),
            stamps: StampsBuilder::new(max_gap),
            longest: 0,
        }
    }

    /// The records; `None` without any.
    pub(super) fn finish(mut self) -> Option<BuiltRecords> {
        if self.ends.is_empty() {
            return None;
        }
        self.text.shrink_to_fit();
        Some(BuiltRecords {
            records: RecordBlock::new(self.text.into(), self.ends),
            stamps: self.stamps.finish(),
            longest: self.longest,
        })
    }
}

impl RecordSink for RecordBuilder {
    fn push(
        &mut self,
        stamp: Option<Micros>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), SinkError> {
        let start = self.text.len();
        write(&mut self.text);
        let (len, max) = (self.text.len() - start, self.len_max);
        if len > max {
            return Err(SinkError::TooLong { len, max });
        }
        if let Some(stamp) = stamp {
            let pushed = self.stamps.push(stamp);
            pushed.map_err(|StampDecreases { previous }| SinkError::StampDecreases { previous })?;
        }
        self.ends.push(self.text.len());
        self.longest = self.longest.max(len);
        Ok(())
    }

    fn divide_stamps(&mut self, by: i64) {
        self.stamps.divide(by);
    }

    fn count(&self) -> u64 {
        self.ends.len() as u64
    }
}

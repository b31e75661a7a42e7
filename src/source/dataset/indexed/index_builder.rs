//! [`IndexBuilder`]: the sink that keeps only the places of records, and their stamps.

use super::super::read_options::ReadOptions;
use super::super::record_sink::{RecordSink, SinkError};
use crate::protocol::Micros;
use crate::source::record_index::RecordIndex;
use crate::source::stamps::{StampDecreases, Stamps, StampsBuilder};

/// The places so far.
#[derive(Debug)]
pub(super) struct IndexBuilder {
    index: RecordIndex,
    stamps: StampsBuilder,
    /// The length that a record may have, in bytes.
    len_max: usize,
    /// Where the text begins in the file.
    base: u64,
    /// Where the next record begins in the file.
    offset: u64,
    /// The next record.
    scratch: Vec<u8>,
}

impl IndexBuilder {
    /// A builder for the records of a text that begins at `base` of the file.
    pub(super) fn new(base: u64, options: &ReadOptions) -> Self {
        let max_gap = options.time.as_ref().and_then(|time| time.max_gap);
        Self {
            index: RecordIndex::default(),
            stamps: StampsBuilder::new(max_gap),
            len_max: options.record_max.min(RecordIndex::RECORD_LEN_MAX),
            base,
            offset: base,
            scratch: Vec::new(),
        }
    }

    /// The places and stamps; `None` without records.
    pub(super) fn finish(mut self) -> Option<(RecordIndex, Option<Stamps>)> {
        self.index.shrink_to_fit();
        (self.index.count() > 0).then(|| (self.index, self.stamps.finish()))
    }
}

impl RecordSink for IndexBuilder {
    fn begin(&mut self, offset: u64) {
        self.offset = self.base + offset;
    }

    fn push(
        &mut self,
        stamp: Option<Micros>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), SinkError> {
        self.scratch.clear();
        write(&mut self.scratch);
        let (len, max) = (self.scratch.len(), self.len_max);
        if len > max {
            return Err(SinkError::TooLong { len, max });
        }
        if let Some(stamp) = stamp {
            let pushed = self.stamps.push(stamp);
            pushed.map_err(|StampDecreases { previous }| SinkError::StampDecreases { previous })?;
        }
        let pushed = self.index.push(self.offset, len);
        // Only what lies between two records, which is not part of either, can be too long by now.
        pushed.map_err(|_| SinkError::TooLong { len, max })
    }

    fn divide_stamps(&mut self, by: i64) {
        self.stamps.divide(by);
    }

    fn count(&self) -> u64 {
        self.index.count()
    }
}

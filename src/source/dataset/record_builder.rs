//! [`RecordBuilder`]: collects the records of a file as JSON text in one block of memory.

use super::column_picker::ColumnPicker;
use super::dataset_error::DatasetError;
use super::text_file::TextFile;
use crate::source::compact::push_compact;
use crate::source::record_block::RecordBlock;

/// The records so far.
#[derive(Debug)]
pub(super) struct RecordBuilder<'a> {
    file: &'a TextFile<'a>,
    /// The length that a record may have, in bytes.
    len_max: usize,
    /// The concatenated records.
    text: Vec<u8>,
    /// The offset in `text` of the end of each record.
    ends: Vec<usize>,
    /// The length of the longest record, in bytes.
    longest: usize,
    /// A record before some of its keys are picked.
    scratch: Vec<u8>,
}

/// The records of a file.
#[derive(Debug)]
pub(super) struct BuiltRecords {
    pub(super) records: RecordBlock,
    /// The length of the longest record, in bytes.
    pub(super) longest: usize,
}

impl<'a> RecordBuilder<'a> {
    pub(super) fn new(file: &'a TextFile<'a>, len_max: usize) -> Self {
        Self {
            file,
            len_max,
            text: Vec::with_capacity(file.text.len()),
            ends: Vec::new(),
            longest: 0,
            scratch: Vec::new(),
        }
    }

    /// Adds the record that is the JSON value `json`, a part of the file's text; of an object, only what `picker` picks.
    pub(super) fn push_json(
        &mut self,
        json: &str,
        picker: Option<&mut ColumnPicker<'_>>,
    ) -> Result<(), DatasetError> {
        // `json` is borrowed from the text, so the difference of the pointers is the offset.
        let offset = json.as_ptr() as usize - self.file.text.as_ptr() as usize;
        let Some(picker) = picker else {
            return self.push(offset, |text| push_compact(json, text));
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        push_compact(json, &mut scratch);
        if !picker.fits(&scratch) {
            let (line, column) = self.file.place(offset);
            let number = self.ends.len() + 1;
            return Err(DatasetError::Malformed {
                path: self.file.path.to_owned(),
                line,
                column,
                problem: format!("record {number} is not an object, so it has no columns"),
                remedy: "remove `columns`, or the record".to_owned(),
            });
        }
        let pushed = self.push(offset, |text| picker.pick(&scratch, text));
        self.scratch = scratch;
        pushed
    }

    /// Adds the record that `write` appends, which begins at `offset` of the file's text.
    pub(super) fn push(
        &mut self,
        offset: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), DatasetError> {
        let start = self.text.len();
        write(&mut self.text);
        let len = self.text.len() - start;
        if len > self.len_max {
            let (line, column) = self.file.place(offset);
            return Err(DatasetError::TooLong {
                path: self.file.path.to_owned(),
                line,
                column,
                number: self.ends.len() + 1,
                len,
                max: self.len_max,
            });
        }
        self.ends.push(self.text.len());
        self.longest = self.longest.max(len);
        Ok(())
    }

    /// The records; `None` without any.
    pub(super) fn finish(mut self) -> Option<BuiltRecords> {
        if self.ends.is_empty() {
            return None;
        }
        self.text.shrink_to_fit();
        Some(BuiltRecords {
            records: RecordBlock::new(self.text.into(), self.ends),
            longest: self.longest,
        })
    }
}

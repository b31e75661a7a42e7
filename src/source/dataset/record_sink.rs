//! [`RecordSink`]: takes the records of a file, one after the other, from the reader of its format.

use crate::protocol::Micros;

/// Where the reader of a format puts the records.
pub(super) trait RecordSink {
    /// Announces that the next record begins at `offset` of the text, or after line breaks there.
    fn begin(&mut self, _offset: u64) {}

    /// Adds the record that `write` appends, as JSON without insignificant white space, and its time stamp, which all
    /// records have or none.
    fn push(
        &mut self,
        stamp: Option<Micros>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), SinkError>;

    /// Divides the stamps so far by `by`, rounding down: a later stamp has shown that they are in a finer unit.
    fn divide_stamps(&mut self, by: i64);

    /// The number of records so far.
    fn count(&self) -> u64;
}

/// Why a record is not taken. The reader knows its place in the file.
#[derive(Debug)]
pub(super) enum SinkError {
    /// It is longer than its topic allows, in bytes.
    TooLong { len: usize, max: usize },
    /// Its stamp is before that of the record before it.
    StampDecreases { previous: Micros },
}

//! [`RecordSource`]: the interface to the records that a topic replays.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::source_error::SourceError;
use super::{Extremes, ExtremesLookup, FieldIndex, Stamps};

/// A fixed list of records, known by index. Equal sources have equal digests, on every hub.
///
/// ## Blocking
///
/// The records may lie on a disk. [`read`](Self::read), [`poll_fields`](Self::poll_fields) and
/// [`poll_extremes`](Self::poll_extremes) may then block and fail, so they are called neither on a lane nor on a thread
/// of the async runtime. The other methods answer from memory.
///
/// ## A file that changes
///
/// A source that reads from a disk never returns records that are not those of the file as it was opened: it verifies
/// what it reads, and returns [`SourceError::changed`] if the file was replaced, truncated, deleted or written to.
pub trait RecordSource: fmt::Debug + Send + Sync + 'static {
    /// The number of records.
    fn count(&self) -> NonZeroU64;

    /// SHA-256 of the bytes that the records come from.
    fn digest(&self) -> &[u8; 32];

    /// The time stamps of the records; `None` if they are played at a fixed rate.
    fn stamps(&self) -> Option<&Stamps>;

    /// The length of the longest record, in bytes.
    fn record_max(&self) -> usize;

    /// The length of the record at `index`, in bytes. Never blocks.
    ///
    /// # Panics
    /// May panic if `index` is not less than [`count`](Self::count).
    fn record_len(&self, index: u64) -> usize;

    /// The records of `range`, if all of them are in memory. Never blocks.
    ///
    /// # Panics
    /// May panic if `range` ends beyond [`count`](Self::count).
    fn resident(&self, range: Range<u64>) -> Option<Vec<Bytes>>;

    /// Reads the records of `range`, as JSON text without insignificant white space.
    ///
    /// # Errors
    /// The records cannot be read.
    ///
    /// # Panics
    /// May panic if `range` ends beyond [`count`](Self::count).
    fn read(&self, range: Range<u64>) -> Result<Vec<Bytes>, SourceError>;

    /// Returns the fields of the records, or does one step of the pass that finds them and returns `None` if more steps
    /// are needed. A step takes about a millisecond, or longer for one long record.
    ///
    /// # Errors
    /// The records cannot be read.
    fn poll_fields(&self) -> Result<Option<&FieldIndex>, SourceError>;

    /// Returns the extremes of the field `key`, or does one step towards them, as long as one of
    /// [`poll_fields`](Self::poll_fields).
    ///
    /// # Errors
    /// The records cannot be read.
    fn poll_extremes(&self, key: &str) -> Result<ExtremesLookup, SourceError>;
}

/// A source that topics, responses and readers share.
pub type SharedSource = Arc<dyn RecordSource>;

/// Returns the fields of the records of `source`. Blocks until all records have been read.
///
/// # Errors
/// The records cannot be read.
pub fn fields(source: &dyn RecordSource) -> Result<&FieldIndex, SourceError> {
    loop {
        if let Some(fields) = source.poll_fields()? {
            return Ok(fields);
        }
    }
}

/// Returns the extremes of the field `key`; `None` if no record has a value there. Blocks until all records have been
/// read.
///
/// # Errors
/// The records cannot be read.
pub fn extremes(
    source: &dyn RecordSource,
    key: &str,
) -> Result<Option<Arc<Extremes>>, SourceError> {
    loop {
        if let ExtremesLookup::Done(extremes) = source.poll_extremes(key)? {
            return Ok(extremes);
        }
    }
}

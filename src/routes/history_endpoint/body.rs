//! [`HistoryBody`]: the body of a history response, computed while the client reads it.
//!
//! ## Memory
//! A response that the client does not read holds one chunk and the state of its iterator, about 100 KiB, regardless of
//! the length of the records. A long record is never copied; its slices are sent directly from the dataset.

use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::csv_row::{CsvBudget, CsvLine, CsvRow};
use super::format::HistoryFormat;
use super::history_reader::HistoryReader;
use crate::app::{HistoryPermit, JobAborted};
use crate::hub::Topic;
use crate::protocol::{HistoryHead, ITEM_END, write_item, write_item_start};
use crate::source::SourceError;
use crate::timeline::decimation::Seqs;

/// The unwritten rest of a response. Contains sequence numbers, not records; those are looked up when they are written.
pub(super) struct HistoryBody {
    records: HistoryReader,
    /// The publications that are still to be written, in ascending order.
    seqs: Seqs,
    format: HistoryFormat,
    /// The start of the next chunk: the head of the response, or the end of a long item. Always short.
    prefix: Vec<u8>,
    /// True until the first item is written.
    is_first: bool,
    /// The rest of a long record, which is being sent in slices.
    long_item: Option<Bytes>,
    /// The CSV line that is only partly written; `row` has its state.
    pending_line: Option<CsvLine>,
    row: CsvRow,
}

/// Why a body ends early. The connection is then closed, so that the client notices.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The hub is stopping.
    Aborted(JobAborted),
    /// The records cannot be read.
    Unreadable(SourceError),
}

/// The target length of a chunk in bytes. Longer records are sent in slices.
const CHUNK_LEN: usize = 32 * 1024;

/// The initial capacity of a chunk, with room for a short record or cell that starts just below [`CHUNK_LEN`].
const CHUNK_CAPACITY: usize = CHUNK_LEN + 1024;

/// The maximum number of steps of `seqs` per chunk. A step may yield no publication.
const STEPS_MAX: usize = 1_024;

/// The maximum number of bytes of records that are parsed for one chunk of CSV: about a millisecond of work.
const READ_LEN_MAX: usize = 256 * 1024;

/// A chunk that the connection has not finished writing.
struct InFlightChunk {
    chunk: Bytes,
    /// Lets the next chunk be computed when this one is dropped.
    _turn: OwnedSemaphorePermit,
    /// Keeps the response counted, even if the rest of the body is dropped first.
    _permit: HistoryPermit,
}

impl AsRef<[u8]> for InFlightChunk {
    fn as_ref(&self) -> &[u8] {
        &self.chunk
    }
}

impl HistoryBody {
    /// Creates the body that consists of `head` and the publications `seqs` of `topic` in `format`.
    pub(super) fn new(
        topic: &Arc<Topic>,
        seqs: Seqs,
        format: HistoryFormat,
        head: Vec<u8>,
    ) -> Self {
        Self {
            records: HistoryReader::new(Arc::clone(topic)),
            seqs,
            format,
            prefix: head,
            is_first: true,
            long_item: None,
            pending_line: (format == HistoryFormat::Csv).then_some(CsvLine::Header),
            row: CsvRow::default(),
        }
    }

    /// Streams the body in chunks, which are computed on the worker threads of `permit`. A chunk is computed only after
    /// the previous one has gone to the kernel, because the connection would otherwise buffer several chunks for a
    /// client that may read none of them.
    pub(super) fn into_stream(
        self,
        permit: HistoryPermit,
    ) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + Sync + 'static {
        let turns = Arc::new(Semaphore::new(1));
        stream::unfold(Some((self, permit)), move |rest| {
            let turn = Arc::clone(&turns).acquire_owned();
            async move {
                let (body, permit) = rest?;
                let turn = turn.await.expect("this semaphore is never closed");
                let mut body = Some(body);
                let step = move || {
                    let mut body = body.take()?;
                    let next = body.next_chunk();
                    Some(next.map(|(chunk, is_last)| (chunk, (!is_last).then_some(body))))
                };
                let next = permit.run(step).await.map_err(BodyError::Aborted);
                Some(
                    match next.and_then(|next| next.map_err(BodyError::Unreadable)) {
                        Ok((chunk, body)) => {
                            let chunk = InFlightChunk {
                                chunk,
                                _turn: turn,
                                _permit: permit.clone(),
                            };
                            (
                                Ok(Bytes::from_owner(chunk)),
                                body.map(|body| (body, permit)),
                            )
                        }
                        Err(error) => (Err(error), None),
                    },
                )
            }
        })
    }

    /// Returns the next chunk, and whether it is the last one.
    fn next_chunk(&mut self) -> Result<(Bytes, bool), SourceError> {
        if let Some(rest) = self.long_item.take() {
            return Ok((self.next_slice(rest), false));
        }
        let mut chunk = mem::take(&mut self.prefix);
        chunk.reserve(CHUNK_CAPACITY);
        let is_last = match self.format {
            HistoryFormat::Json | HistoryFormat::Ndjson => self.write_items(&mut chunk)?,
            HistoryFormat::Csv => self.write_rows(&mut chunk)?,
        };
        Ok((chunk.into(), is_last))
    }

    /// Returns the first slice of `rest`, the rest of a long record.
    fn next_slice(&mut self, mut rest: Bytes) -> Bytes {
        let slice = rest.split_to(rest.len().min(CHUNK_LEN));
        if rest.is_empty() {
            self.close_item();
        } else {
            self.long_item = Some(rest);
        }
        slice
    }

    /// Makes the next chunk start with the end of a long item.
    fn close_item(&mut self) {
        self.prefix.extend_from_slice(ITEM_END);
        if self.format == HistoryFormat::Ndjson {
            self.prefix.push(b'\n');
        }
    }

    /// Fills `chunk` with items; returns whether all are written.
    fn write_items(&mut self, chunk: &mut Vec<u8>) -> Result<bool, SourceError> {
        for _ in 0..STEPS_MAX {
            if chunk.len() >= CHUNK_LEN {
                break;
            }
            let Some(step) = self.seqs.next() else {
                if self.format == HistoryFormat::Json {
                    chunk.extend_from_slice(HistoryHead::END);
                }
                return Ok(true);
            };
            let Some(seq) = step else {
                continue;
            };
            let Some(publication) = self.records.get(seq)? else {
                continue;
            };
            if self.format == HistoryFormat::Json && !mem::take(&mut self.is_first) {
                chunk.push(b',');
            }
            if publication.record.len() > CHUNK_LEN {
                write_item_start(&publication, chunk);
                self.long_item = Some(publication.record);
                break;
            }
            write_item(&publication, chunk);
            if self.format == HistoryFormat::Ndjson {
                chunk.push(b'\n');
            }
        }
        Ok(false)
    }

    /// Fills `chunk` with CSV lines; returns whether all are written.
    fn write_rows(&mut self, chunk: &mut Vec<u8>) -> Result<bool, SourceError> {
        let mut budget = CsvBudget {
            output_len: CHUNK_LEN,
            read_len: READ_LEN_MAX,
        };
        let topic = Arc::clone(self.records.topic());
        // Found before the response began.
        let Some(fields) = topic.poll_fields()? else {
            return Ok(false);
        };
        for _ in 0..STEPS_MAX {
            if chunk.len() >= CHUNK_LEN || budget.read_len == 0 {
                break;
            }
            let line = match self.pending_line.take() {
                Some(line) => line,
                None => match self.seqs.next() {
                    Some(Some(seq)) => match self.records.get(seq)? {
                        Some(record) => CsvLine::Record(record),
                        None => continue,
                    },
                    Some(None) => continue,
                    None => return Ok(true),
                },
            };
            let is_complete = self.row.write(&line, fields, chunk, &mut budget);
            self.pending_line = (!is_complete).then_some(line);
        }
        Ok(false)
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted(error) => error.fmt(f),
            Self::Unreadable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BodyError {}

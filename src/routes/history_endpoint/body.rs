//! [`HistoryBody`]: the body of a history response, computed while the client reads it.
//!
//! ## Memory
//! A response that the client does not read holds one chunk and the state of its iterator, about 100 KiB, regardless of
//! the length of the records. A long record is never copied; its slices are sent directly from the dataset.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::csv_row::{CsvBudget, CsvLine, CsvRow};
use super::format::HistoryFormat;
use crate::app::{HistoryPermit, JobAborted};
use crate::hub::Topic;
use crate::hub::decimation::Seqs;
use crate::protocol::{HistoryHead, ITEM_END, Seq, write_item, write_item_start};

/// The unwritten rest of a response. Contains sequence numbers, not records; those are looked up when they are written.
pub(super) struct HistoryBody {
    topic: Arc<Topic>,
    /// The publications that are still to be written, in ascending order.
    seqs: Seqs,
    format: HistoryFormat,
    /// The start of the next chunk: the head of the response, or the end of a long item. Always short.
    prefix: Vec<u8>,
    /// True until the first item is written.
    is_first: bool,
    /// The item whose record is being sent in slices, and the offset of the next slice.
    long_item: Option<(Seq, usize)>,
    /// The CSV line that is only partly written; `row` has its state.
    pending_line: Option<PendingLine>,
    row: CsvRow,
}

/// The CSV header, or the row of a record.
#[derive(Debug, Clone, Copy)]
enum PendingLine {
    Header,
    Record(Seq),
}

/// The target length of a chunk in bytes. Longer records are sent in slices.
const CHUNK_LEN: usize = 32 * 1024;

/// The initial capacity of a chunk, with room for a short record or cell that starts just below [`CHUNK_LEN`].
const CHUNK_CAPACITY: usize = CHUNK_LEN + 1024;

/// The maximum number of steps of `seqs` per chunk. A step may yield no publication.
const STEPS_MAX: usize = 1_024;

/// The maximum number of bytes of records that are parsed for one chunk of CSV: about a millisecond of work.
const READ_LEN_MAX: usize = 256 * 1024;

/// A part of the body.
enum BodyChunk {
    Buffer(Vec<u8>),
    /// A slice of a record, which is given by its index in the topic's dataset.
    Slice {
        topic: Arc<Topic>,
        index: u64,
        range: Range<usize>,
    },
}

/// A chunk that the connection has not finished writing.
struct InFlightChunk {
    chunk: BodyChunk,
    /// Lets the next chunk be computed when this one is dropped.
    _turn: OwnedSemaphorePermit,
    /// Keeps the response counted, even if the rest of the body is dropped first.
    _permit: HistoryPermit,
}

impl AsRef<[u8]> for InFlightChunk {
    fn as_ref(&self) -> &[u8] {
        match &self.chunk {
            BodyChunk::Buffer(chunk) => chunk,
            BodyChunk::Slice {
                topic,
                index,
                range,
            } => &topic.dataset().record(*index)[range.clone()],
        }
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
            topic: Arc::clone(topic),
            seqs,
            format,
            prefix: head,
            is_first: true,
            long_item: None,
            pending_line: (format == HistoryFormat::Csv).then_some(PendingLine::Header),
            row: CsvRow::default(),
        }
    }

    /// Streams the body in chunks, which are computed on the worker threads of `permit`. A chunk is computed only after
    /// the previous one has gone to the kernel, because the connection would otherwise buffer several chunks for a
    /// client that may read none of them.
    pub(super) fn into_stream(
        self,
        permit: HistoryPermit,
    ) -> impl Stream<Item = Result<Bytes, JobAborted>> + Send + Sync + 'static {
        let turns = Arc::new(Semaphore::new(1));
        stream::unfold(Some((self, permit)), move |rest| {
            let turn = Arc::clone(&turns).acquire_owned();
            async move {
                let (body, permit) = rest?;
                let turn = turn.await.expect("this semaphore is never closed");
                let mut body = Some(body);
                let step = move || {
                    let mut body = body.take()?;
                    let (chunk, is_last) = body.next_chunk();
                    Some((chunk, (!is_last).then_some(body)))
                };
                Some(match permit.run(step).await {
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
                    Err(aborted) => (Err(aborted), None),
                })
            }
        })
    }

    /// Returns the next chunk, and whether it is the last one.
    fn next_chunk(&mut self) -> (BodyChunk, bool) {
        if let Some((seq, at)) = self.long_item.take() {
            return (self.next_slice(seq, at), false);
        }
        let mut chunk = mem::take(&mut self.prefix);
        chunk.reserve(CHUNK_CAPACITY);
        let is_last = match self.format {
            HistoryFormat::Json | HistoryFormat::Ndjson => self.write_items(&mut chunk),
            HistoryFormat::Csv => self.write_rows(&mut chunk),
        };
        (BodyChunk::Buffer(chunk), is_last)
    }

    /// Returns the slice of a long record that starts at `at`.
    fn next_slice(&mut self, seq: Seq, at: usize) -> BodyChunk {
        let index = self.topic.timeline().index(seq);
        let len = self.topic.dataset().record(index).len();
        let end = len.min(at + CHUNK_LEN);
        if end < len {
            self.long_item = Some((seq, end));
        } else {
            self.close_item();
        }
        BodyChunk::Slice {
            topic: Arc::clone(&self.topic),
            index,
            range: at..end,
        }
    }

    /// Makes the next chunk start with the end of a long item.
    fn close_item(&mut self) {
        self.prefix.extend_from_slice(ITEM_END);
        if self.format == HistoryFormat::Ndjson {
            self.prefix.push(b'\n');
        }
    }

    /// Fills `chunk` with items; returns whether all are written.
    fn write_items(&mut self, chunk: &mut Vec<u8>) -> bool {
        for _ in 0..STEPS_MAX {
            if chunk.len() >= CHUNK_LEN {
                break;
            }
            let Some(step) = self.seqs.next() else {
                if self.format == HistoryFormat::Json {
                    chunk.extend_from_slice(HistoryHead::END);
                }
                return true;
            };
            let Some(publication) = step.and_then(|seq| self.topic.published_record(seq)) else {
                continue;
            };
            if self.format == HistoryFormat::Json && !mem::take(&mut self.is_first) {
                chunk.push(b',');
            }
            if publication.record.len() > CHUNK_LEN {
                write_item_start(&publication, chunk);
                self.long_item = Some((publication.seq, 0));
                break;
            }
            write_item(&publication, chunk);
            if self.format == HistoryFormat::Ndjson {
                chunk.push(b'\n');
            }
        }
        false
    }

    /// Fills `chunk` with CSV lines; returns whether all are written.
    fn write_rows(&mut self, chunk: &mut Vec<u8>) -> bool {
        let mut budget = CsvBudget {
            output_len: CHUNK_LEN,
            read_len: READ_LEN_MAX,
        };
        for _ in 0..STEPS_MAX {
            if chunk.len() >= CHUNK_LEN || budget.read_len == 0 {
                break;
            }
            let line = match self.pending_line.take() {
                Some(line) => line,
                None => match self.seqs.next() {
                    Some(Some(seq)) => PendingLine::Record(seq),
                    Some(None) => continue,
                    None => return true,
                },
            };
            let content = match line {
                PendingLine::Header => Some(CsvLine::Header),
                PendingLine::Record(seq) => self.topic.published_record(seq).map(CsvLine::Record),
            };
            let fields = self.topic.dataset().fields();
            let is_complete =
                content.is_none_or(|content| self.row.write(&content, fields, chunk, &mut budget));
            self.pending_line = (!is_complete).then_some(line);
        }
        false
    }
}

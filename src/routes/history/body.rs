//! The body of an answer, made as the client reads it.
//!
//! ## Memory
//! An answer that is not read holds one chunk and what its iterator needs, some 100 KiB, whatever the length of the
//! records: a long one is never copied, but sent from where the dataset has it, a slice at a time.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answers::Answering;
use super::format::Format;
use super::table::{Budget, Line, Row};
use super::workers::Stopped;
use crate::hub::Topic;
use crate::hub::thinning::Seqs;
use crate::protocol::{HistoryHead, ITEM_CLOSE, Seq, open_item, put_item};

/// What is left of an answer. Holds places, not records: those are computed when they are written.
pub(super) struct Body {
    topic: Arc<Topic>,
    seqs: Seqs,
    format: Format,
    /// What the next chunk begins with: the head of the answer, or the end of an item. Short.
    before: Vec<u8>,
    /// No item has been begun.
    is_first: bool,
    /// An item whose record is sent in slices, and where the next one begins.
    long: Option<(Seq, usize)>,
    /// A line of the table that has been begun.
    line: Option<TableLine>,
    row: Row,
}

/// The header, or the row of a record.
#[derive(Debug, Clone, Copy)]
enum TableLine {
    Header,
    Record(Seq),
}

/// How much is made at a time, in bytes; a record longer than this is sent in slices.
const CHUNK_LEN: usize = 32 * 1024;

/// A record, or a piece of a row, may begin just below the end of a chunk.
const CHUNK_ROOM: usize = CHUNK_LEN + 1024;

/// Parts of a range that are looked at for one chunk: there may be nothing in any of them.
const STEPS_MAX: usize = 1_024;

/// Bytes of records that are read for one chunk of a table: about a millisecond's work.
const READ_MAX: usize = 256 * 1024;

/// A part of an answer.
enum Chunk {
    Made(Vec<u8>),
    /// From the text of a record, by its index in the topic's dataset.
    Slice {
        topic: Arc<Topic>,
        index: u64,
        range: Range<usize>,
    },
}

/// A chunk until the connection has written it, or is gone.
struct UnderWay {
    chunk: Chunk,
    _turn: OwnedSemaphorePermit,
    _place: Answering,
}

impl AsRef<[u8]> for UnderWay {
    fn as_ref(&self) -> &[u8] {
        match &self.chunk {
            Chunk::Made(chunk) => chunk,
            Chunk::Slice {
                topic,
                index,
                range,
            } => &topic.dataset().record(*index)[range.clone()],
        }
    }
}

impl Body {
    /// The publications `seqs` of `topic` in `format`, after `head`.
    pub(super) fn new(topic: &Arc<Topic>, seqs: Seqs, format: Format, head: Vec<u8>) -> Self {
        Self {
            topic: Arc::clone(topic),
            seqs,
            format,
            before: head,
            is_first: true,
            long: None,
            line: (format == Format::Csv).then_some(TableLine::Header),
            row: Row::default(),
        }
    }

    /// The whole answer, chunk by chunk, made on the workers of `place`. A chunk is made when the one before has gone to
    /// the kernel: the connection would take several into its own buffers, for a client that may read none of them.
    pub(super) fn into_stream(
        self,
        place: Answering,
    ) -> impl Stream<Item = Result<Bytes, Stopped>> + Send + Sync + 'static {
        let turns = Arc::new(Semaphore::new(1));
        stream::unfold(Some((self, place)), move |rest| {
            let turn = Arc::clone(&turns).acquire_owned();
            async move {
                let (body, place) = rest?;
                let turn = turn.await.expect("this semaphore is never closed");
                let mut body = Some(body);
                let make = move || {
                    let mut body = body.take()?;
                    let (chunk, is_over) = body.fill();
                    Some((chunk, (!is_over).then_some(body)))
                };
                Some(match place.run(make).await {
                    Ok((chunk, body)) => {
                        let chunk = UnderWay {
                            chunk,
                            _turn: turn,
                            _place: place.clone(),
                        };
                        (Ok(Bytes::from_owner(chunk)), body.map(|body| (body, place)))
                    }
                    Err(stopped) => (Err(stopped), None),
                })
            }
        })
    }

    /// The next chunk, and whether it is the last.
    fn fill(&mut self) -> (Chunk, bool) {
        if let Some((seq, at)) = self.long.take() {
            return (self.slice(seq, at), false);
        }
        let mut chunk = mem::take(&mut self.before);
        chunk.reserve(CHUNK_ROOM);
        let is_over = match self.format {
            Format::Json | Format::Ndjson => self.put_items(&mut chunk),
            Format::Csv => self.put_rows(&mut chunk),
        };
        (Chunk::Made(chunk), is_over)
    }

    /// A part of a long record, from `at`.
    fn slice(&mut self, seq: Seq, at: usize) -> Chunk {
        let index = self.topic.timeline().index(seq);
        let len = self.topic.dataset().record(index).len();
        let end = len.min(at + CHUNK_LEN);
        if end < len {
            self.long = Some((seq, end));
        } else {
            self.close_item();
        }
        Chunk::Slice {
            topic: Arc::clone(&self.topic),
            index,
            range: at..end,
        }
    }

    /// The end of a long item, for the next chunk.
    fn close_item(&mut self) {
        self.before.extend_from_slice(ITEM_CLOSE);
        if self.format == Format::Ndjson {
            self.before.push(b'\n');
        }
    }

    /// Fills `chunk` with items; whether that was all.
    fn put_items(&mut self, chunk: &mut Vec<u8>) -> bool {
        for _ in 0..STEPS_MAX {
            if chunk.len() >= CHUNK_LEN {
                break;
            }
            let Some(step) = self.seqs.next() else {
                if self.format == Format::Json {
                    chunk.extend_from_slice(HistoryHead::CLOSE);
                }
                return true;
            };
            let Some(due) = step.and_then(|seq| self.topic.past(seq)) else {
                continue;
            };
            if self.format == Format::Json && !mem::take(&mut self.is_first) {
                chunk.push(b',');
            }
            if due.record.len() > CHUNK_LEN {
                open_item(&due, chunk);
                self.long = Some((due.seq, 0));
                break;
            }
            put_item(&due, chunk);
            if self.format == Format::Ndjson {
                chunk.push(b'\n');
            }
        }
        false
    }

    /// Fills `chunk` with rows; whether that was all.
    fn put_rows(&mut self, chunk: &mut Vec<u8>) -> bool {
        let mut budget = Budget {
            out_len: CHUNK_LEN,
            to_read: READ_MAX,
        };
        for _ in 0..STEPS_MAX {
            if chunk.len() >= CHUNK_LEN || budget.to_read == 0 {
                break;
            }
            let line = match self.line.take() {
                Some(line) => line,
                None => match self.seqs.next() {
                    Some(Some(seq)) => TableLine::Record(seq),
                    Some(None) => continue,
                    None => return true,
                },
            };
            let content = match line {
                TableLine::Header => Some(Line::Header),
                TableLine::Record(seq) => self.topic.past(seq).map(Line::Record),
            };
            let fields = self.topic.dataset().fields();
            let is_whole =
                content.is_none_or(|content| self.row.put(&content, fields, chunk, &mut budget));
            self.line = (!is_whole).then_some(line);
        }
        false
    }
}

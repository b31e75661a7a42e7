//! The body of an answer, made as the client reads it.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answers::Answering;
use super::format::Format;
use super::table;
use crate::hub::Topic;
use crate::hub::thinning::Seqs;
use crate::protocol::{Due, HistoryHead, put_item};

/// What is left of an answer. Holds places, not records: those are computed when they are written.
pub(super) struct Body {
    pub(super) topic: Arc<Topic>,
    pub(super) seqs: Seqs,
    pub(super) format: Format,
    pub(super) place: Answering,
}

/// How much is made at a time.
const CHUNK_LEN: usize = 32 * 1024;

/// A record may begin just below the end of a chunk.
const CHUNK_ROOM: usize = CHUNK_LEN + 1024;

/// Parts of a range that are looked at for one chunk: there may be nothing in any of them.
const STEPS_MAX: usize = 1_024;

/// A chunk until the connection has written it, or is gone.
struct UnderWay {
    chunk: Vec<u8>,
    _turn: OwnedSemaphorePermit,
    _place: Answering,
}

impl AsRef<[u8]> for UnderWay {
    fn as_ref(&self) -> &[u8] {
        &self.chunk
    }
}

impl Body {
    /// The whole answer, chunk by chunk, after `head`. A chunk is made when the one before has gone to the kernel:
    /// the connection would take several into its own buffers, for a client that may read none of them.
    pub(super) fn into_stream(
        self,
        head: Vec<u8>,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + Sync + 'static {
        let (turns, is_first) = (Arc::new(Semaphore::new(1)), true);
        stream::unfold(Some((self, head, is_first)), move |rest| {
            let turn = Arc::clone(&turns).acquire_owned();
            async move {
                let (mut body, mut chunk, mut is_first) = rest?;
                let turn = turn.await.expect("this semaphore is never closed");
                // A client that reads as fast as records can be made must not keep the thread from others.
                tokio::task::yield_now().await;
                chunk.reserve(CHUNK_ROOM);
                let place = body.place.clone();
                let is_over = body.fill(&mut chunk, &mut is_first);
                let rest = (!is_over).then(|| (body, Vec::new(), is_first));
                let chunk = UnderWay {
                    chunk,
                    _turn: turn,
                    _place: place,
                };
                Some((Ok(Bytes::from_owner(chunk)), rest))
            }
        })
    }

    /// Fills `chunk`; whether that was all.
    fn fill(&mut self, chunk: &mut Vec<u8>, is_first: &mut bool) -> bool {
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
            if let Some(due) = step.and_then(|seq| self.topic.past(seq)) {
                self.put(&due, *is_first, chunk);
                *is_first = false;
            }
        }
        false
    }

    fn put(&self, due: &Due<'_>, is_first: bool, chunk: &mut Vec<u8>) {
        match self.format {
            Format::Json => {
                if !is_first {
                    chunk.push(b',');
                }
                put_item(due, chunk);
            }
            Format::Ndjson => {
                put_item(due, chunk);
                chunk.push(b'\n');
            }
            Format::Csv => table::put_record(due, self.topic.dataset().fields(), chunk),
        }
    }
}

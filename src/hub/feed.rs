//! [`Feed`]: the one interface to what a topic carries.
//!
//! A replay topic computes everything from a schedule and a dataset, so nothing that was published is stored. Which
//! kind a topic is, only this module knows.
//!
//! ## Blocking
//!
//! [`Feed::read`] and the `poll_` methods may block and fail; they are called neither on a lane nor on a thread of the
//! async runtime. Everything else answers from memory.

use std::sync::Arc;

use super::blocks::Blocks;
use super::records::{FeedDescription, Records};
use super::replay::Replay;
use super::startup::{Checkpoint, StartMode};
use crate::protocol::message::{Retained, StateView};
use crate::protocol::topic_description::TopicKind;
use crate::protocol::{Epoch, Jump, Micros, Seq};
use crate::source::{Extremes, ExtremesLookup, FieldIndex, SourceError};
use crate::timeline::decimation::Seqs;
use crate::timeline::{Coalescer, NextDue, RangePage, RangeQuery, Schedule, ScheduleChange};

/// What a topic carries.
#[derive(Debug)]
pub enum Feed {
    /// A dataset, played by a schedule.
    Replay(Replay),
}

impl Feed {
    /// The most publications in a block of the history; blocks end at multiples of it.
    pub const BLOCK_LEN: u64 = Blocks::LEN_MAX;

    fn replay(&self) -> &Replay {
        match self {
            Self::Replay(replay) => replay,
        }
    }

    /// The kind of the topic.
    #[must_use]
    pub const fn kind(&self) -> TopicKind {
        match self {
            Self::Replay(_) => TopicKind::Replay,
        }
    }

    /// Returns the epoch of the timeline. It is fixed for the life of the process.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        self.replay().epoch()
    }

    /// How the timeline started in this run.
    #[must_use]
    pub fn start_mode(&self) -> &StartMode {
        self.replay().start_mode()
    }

    /// The newest publication; 0 before the first.
    #[must_use]
    pub fn newest(&self) -> Seq {
        self.replay().newest()
    }

    /// Records that `seq` is published.
    pub(super) fn advance(&self, seq: Seq) {
        self.replay().advance(seq);
    }

    /// When the publication after [`newest`](Self::newest) is due. A change that is being journalled counts as a pause for
    /// what it may affect.
    #[must_use]
    pub fn next_due(&self) -> NextDue {
        self.replay().next_due()
    }

    /// The last publication that is due at `now` and may be published.
    #[must_use]
    pub fn due(&self, now: Micros) -> Seq {
        self.replay().due(now)
    }

    /// When `seq` is due; `None` if it never is, or is no longer in the history.
    #[must_use]
    pub fn t(&self, seq: Seq) -> Option<Micros> {
        self.replay().schedule().timeline().t(seq)
    }

    /// The discontinuity of the dataset just before `seq`, if there is one.
    #[must_use]
    pub fn jump_before(&self, seq: Seq) -> Option<Jump> {
        self.replay().schedule().timeline().jump_before(seq)
    }

    /// Whether [`newest`](Self::newest) is the last publication of the timeline.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.replay().schedule().timeline().last() == Some(self.newest())
    }

    /// The version of the timeline: 1 when its epoch begins, and one more with each change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.replay().schedule().version()
    }

    /// The range that the history covers when `to` is the last publication; `None` before the first.
    #[must_use]
    pub fn retained(&self, to: Seq) -> Option<Retained> {
        let from = self.replay().schedule().timeline().first();
        (from <= to).then_some(Retained { from, to })
    }

    /// The number of publications up to `seq` that are due after `begin`.
    #[must_use]
    pub fn count_since(&self, begin: Micros, seq: Seq) -> u64 {
        let due = self.replay().schedule().timeline().due(begin);
        seq.get().saturating_sub(due.get())
    }

    /// The length of the record at `seq`, in bytes.
    #[must_use]
    pub fn record_len(&self, seq: Seq) -> usize {
        self.replay().record_len(seq)
    }

    /// The mean length of the records, in bytes, estimated from a sample.
    #[must_use]
    pub fn mean_record_len(&self) -> usize {
        self.replay().mean_record_len()
    }

    /// The records at `first` to `last`, if they are in memory. Leaves out what is never due.
    #[must_use]
    pub fn resident(&self, first: Seq, last: Seq) -> Option<Records> {
        self.replay().resident(first, last)
    }

    /// Reads the records at `first` to `last`. Leaves out what is never due. May block.
    ///
    /// # Errors
    /// The records cannot be read.
    pub(super) fn read(&self, first: Seq, last: Seq) -> Result<Records, SourceError> {
        self.replay().read(first, last)
    }

    /// Returns the last publication of the block that begins with `first`, at most `last`. Blocks end before jumps and
    /// changes of the timeline, at multiples of [`BLOCK_LEN`](Self::BLOCK_LEN), and earlier where records are long. If
    /// `first` is not a block start, the partial block is short.
    #[must_use]
    pub fn block_end(&self, first: Seq, last: Seq) -> Seq {
        self.replay().block_end(first, last)
    }

    /// Whether `first` is the start of a block.
    #[must_use]
    pub fn is_block_start(&self, first: Seq) -> bool {
        self.replay().is_block_start(first)
    }

    /// The first `limit` publications of `query`, of those published so far.
    #[must_use]
    pub fn range_page(&self, query: RangeQuery, limit: u64) -> RangePage {
        query.page(self.replay().schedule().timeline(), self.newest(), limit)
    }

    /// Decimates publications `first` to `last` to at most `points`.
    #[must_use]
    pub fn decimate(&self, extremes: Arc<Extremes>, range: (Seq, Seq), points: u64) -> Seqs {
        self.replay().decimate(extremes, range, points)
    }

    /// Returns the fields of the records, or does one step towards them. May block.
    ///
    /// # Errors
    /// The records cannot be read.
    pub(super) fn poll_fields(&self) -> Result<Option<&FieldIndex>, SourceError> {
        self.replay().source().poll_fields()
    }

    /// Returns the extremes of the field `key`, or does one step towards them. May block.
    ///
    /// # Errors
    /// The records cannot be read.
    pub(super) fn poll_extremes(&self, key: &str) -> Result<ExtremesLookup, SourceError> {
        self.replay().source().poll_extremes(key)
    }

    /// Returns a coalescer that has seen all publications up to [`newest`](Self::newest). Its windows lie where they would
    /// if it had run since the beginning of the timeline, so its first flush may begin with publications that were sent
    /// before.
    #[must_use]
    pub fn coalescer(&self) -> Coalescer {
        self.replay().coalescer()
    }

    /// Pushes `seq`, of `len` bytes, to `coalescer`; if that completes a flush, returns its first publication.
    pub fn coalesce(&self, coalescer: &mut Coalescer, seq: Seq, len: usize) -> Option<Seq> {
        self.replay().coalesce(coalescer, seq, len)
    }

    /// Describes the records.
    #[must_use]
    pub fn describe(&self) -> FeedDescription<'_> {
        self.replay().describe()
    }

    /// Whether the records are those with this digest.
    #[must_use]
    pub fn has_digest(&self, sha256: &[u8; 32]) -> bool {
        self.replay().source().digest() == sha256
    }

    /// The states that a viewer has to know that draws what is due from `t` on, of the first `version`s of the
    /// timeline: the one in force at `t`, and every later one.
    #[must_use]
    pub fn states_from(&self, t: Micros, version: u64) -> Vec<StateView> {
        self.replay().schedule().states_from(t, version)
    }

    /// The checkpoint for the next run; `None` if the configuration determines the timeline.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.replay().checkpoint()
    }

    /// The checkpoint as it would be with `schedule`, which may not be in force yet.
    #[must_use]
    pub fn checkpoint_with(&self, schedule: &Schedule) -> Option<Checkpoint> {
        self.replay().checkpoint_with(schedule)
    }

    /// Has the timeline end at `at`: nothing that is due then or later is published.
    pub(super) fn set_end(&self, at: Micros) {
        self.replay().set_end(at);
    }

    /// Computes the schedule with `change`, and holds back everything that is due at its instant or later.
    pub(super) fn prepare(&self, change: &ScheduleChange) -> Option<Schedule> {
        self.replay().prepare(change)
    }

    /// Ends the hold; with `schedule`, switches to it.
    pub(super) fn release(&self, schedule: Option<Schedule>) {
        self.replay().release(schedule);
    }
}

//! `Replay`: a dataset, and the schedule by which its records are published.
//!
//! Every publication can be computed at any time, so the schedule is the whole state, together with the number of the
//! newest publication. The contracts of its methods are those of [`Feed`](super::Feed), which forwards to them.

use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use data_encoding::HEXLOWER;

use super::blocks::Blocks;
use super::records::{FeedDescription, Records};
use super::startup::{Checkpoint, StartMode, Startup};
use crate::protocol::message::DatasetView;
use crate::protocol::{DueRecord, Epoch, Micros, Seq};
use crate::source::{Extremes, RecordSource, SharedSource, SourceError};
use crate::timeline::decimation::{Seqs, decimate};
use crate::timeline::{Coalescer, NextDue, PlayoutSettings, Schedule, ScheduleChange, Timeline};

/// The feed of a topic that plays a dataset.
#[derive(Debug)]
pub struct Replay {
    /// Fixed for the life of the process; a change of the timeline keeps it.
    epoch: Epoch,
    /// Replaced only under the topic's publish lock, by a schedule that agrees with it up to `newest`.
    schedule: ArcSwap<Schedule>,
    start_mode: StartMode,
    source: SharedSource,
    /// What identifies the records and their dataset time, in the checkpoint.
    identity: [u8; 32],
    /// The digest of `source` in lower-case hexadecimal.
    digest_hex: String,
    /// The newest publication. Grows only.
    newest: AtomicU64,
    /// While a new schedule is being journalled, nothing that is due at this instant or later is published;
    /// [`Replay::NO_HOLD`] otherwise. Set under the topic's publish lock.
    hold_from: AtomicI64,
    /// Nothing that is due at this instant or later is published, because another topic takes over. Stored under the
    /// topic's publish lock.
    ends_at: AtomicI64,
}

impl Replay {
    /// Later than any instant.
    const NO_HOLD: i64 = i64::MAX;

    pub(super) fn new(startup: Startup, source: SharedSource, playout: PlayoutSettings) -> Self {
        Self {
            epoch: startup.epoch,
            schedule: ArcSwap::from_pointee(Schedule::new(
                startup.timeline,
                playout,
                startup.version,
            )),
            start_mode: startup.start_mode,
            identity: startup.dataset_sha256,
            digest_hex: HEXLOWER.encode(source.digest()),
            source,
            newest: AtomicU64::new(startup.published.get()),
            hold_from: AtomicI64::new(Self::NO_HOLD),
            ends_at: AtomicI64::new(Self::NO_HOLD),
        }
    }

    pub(super) const fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    pub(super) const fn start_mode(&self) -> &StartMode {
        &self.start_mode
    }

    /// The schedule in force. Do not keep it: it does not see later changes.
    pub(super) fn schedule(&self) -> Guard<Arc<Schedule>> {
        self.schedule.load()
    }

    pub(super) fn source(&self) -> &dyn RecordSource {
        &*self.source
    }

    pub(super) fn newest(&self) -> Seq {
        Seq::saturating(self.newest.load(Ordering::Acquire))
    }

    pub(super) fn advance(&self, seq: Seq) {
        self.newest.store(seq.get(), Ordering::Release);
    }

    /// Nothing that is due at this instant or later may be published.
    fn held_from(&self) -> i64 {
        let ends_at = self.ends_at.load(Ordering::Relaxed);
        self.hold_from.load(Ordering::Relaxed).min(ends_at)
    }

    /// Has the timeline end at this instant.
    pub(super) fn set_end(&self, at: Micros) {
        self.ends_at.store(at.get(), Ordering::Relaxed);
    }

    pub(super) fn next_due(&self) -> NextDue {
        match self.schedule().timeline().next_due(self.newest()) {
            NextDue::At(t) if t.get() >= self.held_from() => NextDue::Paused,
            next => next,
        }
    }

    pub(super) fn due(&self, now: Micros) -> Seq {
        let last = self.held_from().saturating_sub(1);
        self.schedule().timeline().due(now.min(Micros::new(last)))
    }

    pub(super) fn record_len(&self, seq: Seq) -> usize {
        self.record_len_in(self.schedule().timeline(), seq)
    }

    fn record_len_in(&self, timeline: &Timeline, seq: Seq) -> usize {
        self.source.record_len(timeline.index(seq))
    }

    pub(super) fn mean_record_len(&self) -> usize {
        const SAMPLES: u64 = 64;
        let len = self.source.count().get();
        let count = SAMPLES.min(len);
        let lens = (0..count).map(|n| self.source.record_len(n * (len / count)));
        lens.sum::<usize>() / usize::try_from(count).unwrap_or(usize::MAX)
    }

    pub(super) fn block_end(&self, first: Seq, last: Seq) -> Seq {
        let schedule = self.schedule();
        self.blocks(schedule.timeline()).end(first, last)
    }

    pub(super) fn is_block_start(&self, first: Seq) -> bool {
        let schedule = self.schedule();
        self.blocks(schedule.timeline()).is_start(first)
    }

    fn blocks<'a>(&'a self, timeline: &'a Timeline) -> Blocks<'a> {
        Blocks {
            timeline,
            source: &*self.source,
        }
    }

    pub(super) fn resident(&self, first: Seq, last: Seq) -> Option<Records> {
        let read = |range| self.source.resident(range).ok_or(());
        self.collect(first, last, read).ok()
    }

    pub(super) fn read(&self, first: Seq, last: Seq) -> Result<Records, SourceError> {
        self.collect(first, last, |range| self.source.read(range))
    }

    /// Reads the records at `first` to `last` with `read`, which gets ranges of the dataset.
    fn collect<E>(
        &self,
        first: Seq,
        last: Seq,
        read: impl Fn(Range<u64>) -> Result<Vec<Bytes>, E>,
    ) -> Result<Records, E> {
        let schedule = self.schedule();
        let timeline = schedule.timeline();
        let first = first.max(timeline.first());
        let last = timeline.last().map_or(last, |end| last.min(end));
        let mut due = Vec::new();
        let mut next = first;
        while next <= last {
            let run = run_len(timeline, next, last, self.source.count());
            let index = timeline.index(next);
            for record in read(index..index + run)? {
                let seq = next;
                next = next.next();
                due.extend(timeline.t(seq).map(|t| DueRecord { seq, t, record }));
            }
        }
        Ok(Records {
            jump: timeline.jump_before(first),
            due,
            version: schedule.version(),
        })
    }

    pub(super) fn decimate(&self, extremes: Arc<Extremes>, range: (Seq, Seq), points: u64) -> Seqs {
        decimate(self.schedule().timeline(), extremes, range, points)
    }

    pub(super) fn coalescer(&self) -> Coalescer {
        // Each publication sets its own window.
        let mut coalescer = Coalescer::new(Duration::ZERO);
        let last = self.newest();
        let start = Coalescer::window_start(self.schedule().timeline(), last.next());
        for seq in (start.get()..=last.get()).map(Seq::saturating) {
            self.coalesce(&mut coalescer, seq, self.record_len(seq));
        }
        coalescer
    }

    pub(super) fn coalesce(&self, coalescer: &mut Coalescer, seq: Seq, len: usize) -> Option<Seq> {
        let schedule = self.schedule();
        let timeline = schedule.timeline();
        let due = (seq, timeline.t(seq)?);
        coalescer.set_window(schedule.playout_for(seq).coalesce);
        // What is due from there on may be due much later after the change.
        coalescer.set_end(Micros::new(self.held_from()));
        coalescer.push(timeline, due, len)
    }

    pub(super) fn describe(&self) -> FeedDescription<'_> {
        let schedule = self.schedule();
        let timeline = schedule.timeline();
        FeedDescription {
            dataset: DatasetView {
                len: self.source.count().get(),
                looping: timeline.is_looping(),
                sha256: &self.digest_hex,
            },
            newest_state: schedule.newest_state(),
            pace: timeline.current().pace(),
            per_second: timeline.mean_rate(),
            record_max: self.source.record_max(),
        }
    }

    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        self.checkpoint_with(&self.schedule())
    }

    pub(super) fn checkpoint_with(&self, schedule: &Schedule) -> Option<Checkpoint> {
        (self.start_mode != StartMode::Configured).then(|| Checkpoint {
            dataset_sha256: self.identity,
            epoch: self.epoch.clone(),
            timeline: schedule.timeline().clone(),
            version: schedule.version(),
            seq: self.newest(),
        })
    }

    pub(super) fn prepare(&self, change: &ScheduleChange) -> Option<Schedule> {
        let schedule = self.schedule().with(change, self.newest())?;
        self.hold_from.store(change.t.get(), Ordering::Relaxed);
        Some(schedule)
    }

    pub(super) fn release(&self, schedule: Option<Schedule>) {
        if let Some(schedule) = schedule {
            debug_assert!(self.newest() < schedule.timeline().current().seq0);
            self.schedule.store(Arc::new(schedule));
        }
        self.hold_from.store(Self::NO_HOLD, Ordering::Relaxed);
    }
}

/// The number of publications from `first` on, up to `last`, whose records follow each other in a dataset of `len`
/// records.
fn run_len(timeline: &Timeline, first: Seq, last: Seq, len: NonZeroU64) -> u64 {
    let in_dataset = len.get() - timeline.index(first);
    let in_segment = timeline
        .segment_end(first)
        .map_or(u64::MAX, |end| end.get() - first.get() + 1);
    (last.get() - first.get() + 1)
        .min(in_dataset)
        .min(in_segment)
}

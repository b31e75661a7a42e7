//! `Topic`: a timeline over a dataset, and the channel its publications go through.
//!
//! Whatever is due can be computed, at any time and by anybody; the channel carries only the news.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::broadcast;

use super::beginning::{Beginning, How, Past, Plan};
use super::channel::{Subscription, Wave};
use super::counters::{Attendance, Counters};
use super::gather::Gather;
use super::timeline::Timeline;
use crate::protocol::message::FieldsView;
use crate::protocol::{Due, Epoch, Flush, Micros, Publication, Seq, TopicName, frame};
use crate::settings::{self, Backfill, SlowPolicy};
use crate::source::Dataset;

mod history;
mod memory;
mod pieces;
mod standing;
mod view;

/// What a topic is made from.
#[derive(Debug)]
pub struct TopicSpec<'a> {
    /// Its settings.
    pub settings: &'a settings::Topic,
    /// What it replays.
    pub dataset: Dataset,
    /// What an earlier run has left of it.
    pub past: Option<Past>,
    /// The instant now; the anchor of a timeline that begins now.
    pub now: Micros,
    /// The most publications that go over a stream before it is live.
    pub recover_max: u64,
}

/// A named stream of records.
#[derive(Debug)]
pub struct Topic {
    name: TopicName,
    epoch: Epoch,
    timeline: Timeline,
    how: How,
    dataset: Dataset,
    delay: Duration,
    coalesce: Duration,
    slow: SlowPolicy,
    max_lag: Duration,
    backfill: Backfill,
    recover_max: u64,
    fields: FieldsView,
    /// The last publication sent.
    published: AtomicU64,
    waves: broadcast::Sender<Wave>,
    viewers: AtomicUsize,
    /// What monitoring wants to know.
    pub counters: Counters,
}

impl Topic {
    /// Publications that the channel keeps for a reader that is busy; one that needs older ones computes them.
    const CHANNEL_LEN: usize = 1_024;

    /// The topic that `spec` describes, at its place now.
    #[must_use]
    pub fn new(spec: TopicSpec<'_>) -> Self {
        let TopicSpec {
            settings,
            dataset,
            past,
            now,
            recover_max,
        } = spec;
        let Beginning {
            epoch,
            timeline,
            published,
            how,
        } = Beginning::decide(&Plan::of(settings, &dataset), past, now);
        Self {
            name: settings.name.clone(),
            epoch,
            delay: settings.delay,
            coalesce: settings.coalesce,
            slow: settings.slow,
            max_lag: settings.max_lag,
            backfill: settings.backfill,
            recover_max,
            fields: view::fields_view(&settings.fields),
            published: AtomicU64::new(published.get()),
            waves: broadcast::channel(Self::CHANNEL_LEN).0,
            viewers: AtomicUsize::new(0),
            counters: Counters::default(),
            timeline,
            how,
            dataset,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &TopicName {
        &self.name
    }

    /// The incarnation of its timeline.
    #[must_use]
    pub const fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Its timeline.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// What becomes of a viewer that is too far behind.
    #[must_use]
    pub const fn slow(&self) -> SlowPolicy {
        self.slow
    }

    /// How far behind a viewer may be and still be sent everything.
    #[must_use]
    pub const fn max_lag(&self) -> Duration {
        self.max_lag
    }

    /// The last publication sent.
    #[must_use]
    pub fn published(&self) -> Seq {
        Seq::saturating(self.published.load(Ordering::Acquire))
    }

    /// Whether nothing follows the last publication sent.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.timeline.last() == Some(self.published())
    }

    /// Viewers now.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// The publication at `seq`, computed; `None` for what is never due.
    #[must_use]
    pub fn publication(&self, seq: Seq) -> Option<Publication> {
        let due = self.due(seq)?;
        Some(Publication::encode(due.seq, due.t, due.record))
    }

    /// Publications `first` to `last` as bare viewers are sent them, each in a frame. What is never due is left out.
    #[must_use]
    pub fn frames(&self, first: Seq, last: Seq) -> Bytes {
        let seqs = || (first.get()..=last.get()).map(Seq::saturating);
        let records = || seqs().filter_map(|seq| self.due(seq)).map(|due| due.record);
        let len = records().map(|record| frame::text_len_max(record.len()));
        let mut buffer = BytesMut::with_capacity(len.sum());
        records().for_each(|record| frame::put_text(&mut buffer, record));
        buffer.freeze()
    }

    /// Publications `first` to `last` as flushes, computed; each ends where [`Topic::cut`] says. What is never due is
    /// left out.
    pub fn flushes(&self, first: Seq, last: Seq) -> impl Iterator<Item = Flush> {
        let mut next = first;
        std::iter::from_fn(move || {
            let begin = next;
            if begin > last {
                return None;
            }
            let end = self.cut(begin, last);
            next = end.next();
            self.flush(begin, end)
        })
    }

    /// Publications `first` to `last`, between which there is no jump, as one flush; `None` when one of them is
    /// never due.
    #[must_use]
    pub fn flush(&self, first: Seq, last: Seq) -> Option<Flush> {
        let following = (first.next().get()..=last.get()).map(Seq::saturating);
        let rest: Option<Vec<_>> = following.map(|seq| self.due(seq)).collect();
        Some(Flush::encode(
            self.due(first)?,
            &rest?,
            self.timeline.jump_before(first),
            self.timeline.last() == Some(last),
        ))
    }

    /// For the topic's producer: what gathers its flushes. It stands where it would if it had been there from the
    /// beginning, so its first flush may begin with what was published before.
    #[must_use]
    pub fn gather(&self) -> Gather {
        let mut gather = Gather::new(self.coalesce);
        let last = self.published();
        let origin = Gather::origin(&self.timeline, last.next());
        for seq in (origin.get()..=last.get()).map(Seq::saturating) {
            self.gather_next(&mut gather, seq);
        }
        gather
    }

    /// Has `gather` take `seq`: see [`Gather::take`].
    pub fn gather_next(&self, gather: &mut Gather, seq: Seq) -> Option<Seq> {
        let place = (seq, self.timeline.t(seq)?);
        gather.take(&self.timeline, place, self.record(seq).len())
    }

    /// Publishes what follows the last publication. The topic's producer alone calls this.
    pub fn publish(&self, wave: Wave) {
        // The place first: see the head of `channel`.
        self.published
            .store(wave.publication.seq().get(), Ordering::Release);
        // Without a subscriber the channel refuses, and that is no fault.
        _ = self.waves.send(wave);
        self.counters.published.add(1);
    }

    /// Opens the channel at the topic's place now, for somebody who may become a viewer.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>) -> Subscription {
        Subscription::open(self, self.waves.subscribe())
    }

    /// Counts one more viewer until the attendance is dropped.
    pub fn attend(self: &Arc<Self>) -> Attendance {
        let others = self.viewers.fetch_add(1, Ordering::Relaxed);
        Attendance::begin(Arc::clone(self), others + 1)
    }

    pub(super) fn leave(&self) {
        self.viewers.fetch_sub(1, Ordering::Relaxed);
    }

    fn due(&self, seq: Seq) -> Option<Due<'_>> {
        let t = self.timeline.t(seq)?;
        let record = self.record(seq);
        Some(Due { seq, t, record })
    }

    fn record(&self, seq: Seq) -> &[u8] {
        self.dataset.record(self.timeline.index(seq))
    }
}

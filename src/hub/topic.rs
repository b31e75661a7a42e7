//! `Topic`: a timeline over a dataset, and the channel its publications go through.
//!
//! Whatever is due can be computed, at any time and by anybody; the channel carries only the news.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::broadcast;

use super::beginning::{Beginning, How, Past, Plan};
use super::counters::Counters;
use super::course::{Course, Current, Pace};
use super::gather::Gather;
use super::manner::Manner;
use super::timeline::Timeline;
use super::wave::Wave;
use crate::protocol::message::Message;
use crate::protocol::shared_bytes::Builder;
use crate::protocol::{Due, Epoch, Flush, Micros, Publication, Seq, SharedBytes, TopicName, frame};
use crate::settings::{self, SlowPolicy};
use crate::source::Dataset;

mod change;
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
    course: ArcSwap<Course>,
    how: How,
    dataset: Dataset,
    manner: ArcSwap<Manner>,
    /// Held while something is published, and while the course is changed.
    turn: Mutex<()>,
    /// While a change of the course is being written down, nothing is published that is due at this instant or later;
    /// [`Topic::NOT_HELD`] otherwise. Set under `turn`.
    held: AtomicI64,
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
    /// Later than any instant.
    const NOT_HELD: i64 = i64::MAX;

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
            course: ArcSwap::from_pointee(Course::begin(timeline, Pace::of(settings))),
            manner: ArcSwap::from_pointee(Manner::of(settings, recover_max)),
            turn: Mutex::new(()),
            held: AtomicI64::new(Self::NOT_HELD),
            published: AtomicU64::new(published.get()),
            waves: broadcast::channel(Self::CHANNEL_LEN).0,
            viewers: AtomicUsize::new(0),
            counters: Counters::default(),
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
    pub fn timeline(&self) -> Current {
        Current(self.course.load())
    }

    /// How it treats its viewers.
    #[must_use]
    pub fn manner(&self) -> Arc<Manner> {
        self.manner.load_full()
    }

    /// What becomes of a viewer that is too far behind.
    #[must_use]
    pub fn slow(&self) -> SlowPolicy {
        self.manner.load().slow
    }

    /// How far behind a viewer may be and still be sent everything.
    #[must_use]
    pub fn max_lag(&self) -> Duration {
        self.manner.load().max_lag
    }

    /// The last publication sent.
    #[must_use]
    pub fn published(&self) -> Seq {
        Seq::saturating(self.published.load(Ordering::Acquire))
    }

    /// Whether nothing follows the last publication sent.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.timeline().last() == Some(self.published())
    }

    /// Viewers now.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// The publication at `seq`, computed; `None` for what is never due.
    #[must_use]
    pub fn publication(&self, seq: Seq) -> Option<Publication> {
        let timeline = self.timeline();
        let due = self.due(&timeline, seq)?;
        let text = self.dataset.text();
        Some(Publication::encode(due.seq, due.t, due.record, text))
    }

    /// Publications `first` to `last` as bare viewers are sent them, each in a frame. What is never due is left out.
    #[must_use]
    pub fn frames(&self, first: Seq, last: Seq) -> SharedBytes {
        let timeline = self.timeline();
        let seqs = || (first.get()..=last.get()).map(Seq::saturating);
        let due = |seq| self.due(&timeline, seq);
        let records = || seqs().filter_map(due).map(|due| due.record);
        let headers = records().map(|_| frame::text_len_max(0)).sum();
        let mut bytes = Builder::new(self.dataset.text(), records(), headers);
        for record in records() {
            frame::put_text_header(bytes.buffer(), record.len());
            bytes.put(record);
        }
        bytes.finish()
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

    /// Publications `first` to `last`, between which there is no jump, as one flush for those who are behind; `None` when
    /// one of them is never due.
    #[must_use]
    pub fn flush(&self, first: Seq, last: Seq) -> Option<Flush> {
        let state = self.state_within(first, last);
        self.flush_with(first, last, state.as_slice())
    }

    /// The same for those who are live, who are told every change of the timeline.
    #[must_use]
    pub fn live_flush(&self, first: Seq, last: Seq) -> Option<Flush> {
        let states: Vec<_> = self.course.load().states(first, last).collect();
        self.flush_with(first, last, &states)
    }

    fn flush_with(&self, first: Seq, last: Seq, states: &[Message<'_>]) -> Option<Flush> {
        let timeline = self.timeline();
        let following = (first.next().get()..=last.get()).map(Seq::saturating);
        let rest: Option<Vec<_>> = following.map(|seq| self.due(&timeline, seq)).collect();
        Some(Flush::encode_with(
            self.due(&timeline, first)?,
            &rest?,
            (timeline.jump_before(first), states),
            timeline.last() == Some(last),
            self.dataset.text(),
        ))
    }

    /// For the topic's producer: what gathers its flushes. It stands where it would if it had been there from the
    /// beginning, so its first flush may begin with what was published before.
    #[must_use]
    pub fn gather(&self) -> Gather {
        let mut gather = Gather::new(Duration::ZERO);
        let last = self.published();
        let origin = Gather::origin(&self.timeline(), last.next());
        for seq in (origin.get()..=last.get()).map(Seq::saturating) {
            self.gather_next(&mut gather, seq);
        }
        gather
    }

    /// Has `gather` take `seq`: see [`Gather::take`].
    pub fn gather_next(&self, gather: &mut Gather, seq: Seq) -> Option<Seq> {
        let course = self.course.load();
        let timeline = course.timeline();
        let place = (seq, timeline.t(seq)?);
        gather.set_window(course.pace_at(seq).coalesce);
        gather.take(timeline, place, self.record(timeline, seq).len())
    }

    /// The right to publish, until it is dropped: the course stays as it is meanwhile.
    pub fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// The channel from now on: see [`super::Subscription`].
    pub(super) fn waves(&self) -> broadcast::Receiver<Wave> {
        self.waves.subscribe()
    }

    /// One viewer more; how many there are with it.
    pub(super) fn enter(&self) -> usize {
        self.viewers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// One viewer less.
    pub(super) fn leave(&self) {
        self.viewers.fetch_sub(1, Ordering::Relaxed);
    }

    fn due(&self, timeline: &Timeline, seq: Seq) -> Option<Due<'_>> {
        let t = timeline.t(seq)?;
        let record = self.record(timeline, seq);
        Some(Due { seq, t, record })
    }

    fn record(&self, timeline: &Timeline, seq: Seq) -> &[u8] {
        self.dataset.record(timeline.index(seq))
    }
}

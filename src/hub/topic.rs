//! `Topic`: a dataset, the schedule by which it is published, and the channel to its readers.
//!
//! Every publication can be computed from the schedule and the dataset at any time, so nothing that was published is
//! stored. The channel only spares readers that keep up the computation.
//!
//! ## Locks
//!
//! The producer and a change of the schedule exclude each other by [`Topic::lock_publish`]. Readers take no lock.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::broadcast;

use super::coalescer::Coalescer;
use super::delivery_policy::DeliveryPolicy;
use super::schedule::{PlayoutSettings, Schedule, TimelineRef};
use super::startup::{Checkpoint, StartMode, Startup, TimelineSpec};
use super::timeline::Timeline;
use super::topic_metrics::TopicMetrics;
use super::update::Update;
use crate::protocol::message::Message;
use crate::protocol::shared_bytes::SharedBytesBuilder;
use crate::protocol::{
    DueRecord, Epoch, Flush, Micros, Publication, Seq, SharedBytes, TopicName, websocket,
};
use crate::settings::{self, SlowPolicy};
use crate::source::Dataset;

mod block_alignment;
mod checkpoint;
mod lookup;
mod reconfigure;
mod stream_head;
mod view;

/// What a topic is made from.
#[derive(Debug)]
pub struct TopicSpec<'a> {
    /// Its settings.
    pub settings: &'a settings::TopicSettings,
    /// The records that it replays.
    pub dataset: Dataset,
    /// The state that an earlier run saved.
    pub checkpoint: Option<Checkpoint>,
    /// The current time; the anchor of a new epoch.
    pub now: Micros,
    /// The most publications of backfill or recovery on one connection.
    pub recover_max: u64,
}

/// A named stream of records.
#[derive(Debug)]
pub struct Topic {
    name: TopicName,
    /// Fixed for the life of the process; a changed rate keeps it.
    epoch: Epoch,
    /// Replaced only under `publish_lock`, by a schedule that agrees with it up to `published`.
    schedule: ArcSwap<Schedule>,
    start_mode: StartMode,
    dataset: Dataset,
    policy: ArcSwap<DeliveryPolicy>,
    /// Held while publishing and while the schedule is replaced.
    publish_lock: Mutex<()>,
    /// While a new schedule is being journalled, nothing that is due at this instant or later is published;
    /// [`Topic::NO_HOLD`] otherwise. Set under `publish_lock`.
    hold_from: AtomicI64,
    /// The last publication sent; stored before it is sent to `updates`. Grows only.
    published: AtomicU64,
    /// Carries each publication once, in order of `seq`.
    updates: broadcast::Sender<Update>,
    /// The number of [`PresenceGuard`](super::PresenceGuard)s of this topic.
    viewers: AtomicUsize,
    /// Counters, gauges and histograms for monitoring.
    pub metrics: TopicMetrics,
}

impl Topic {
    /// Publications that the channel keeps for a slow reader, which computes older ones.
    const CHANNEL_LEN: usize = 1_024;
    /// Later than any instant.
    const NO_HOLD: i64 = i64::MAX;

    /// Creates the topic that `spec` describes, where it continues at `spec.now`.
    #[must_use]
    pub fn new(spec: TopicSpec<'_>) -> Self {
        let TopicSpec {
            settings,
            dataset,
            checkpoint,
            now,
            recover_max,
        } = spec;
        let Startup {
            epoch,
            timeline,
            published,
            start_mode,
        } = Startup::decide(
            &TimelineSpec::from_settings(settings, &dataset),
            checkpoint,
            now,
        );
        Self {
            name: settings.name.clone(),
            epoch,
            schedule: ArcSwap::from_pointee(Schedule::new(
                timeline,
                PlayoutSettings::from_settings(settings),
            )),
            policy: ArcSwap::from_pointee(DeliveryPolicy::from_settings(settings, recover_max)),
            publish_lock: Mutex::new(()),
            hold_from: AtomicI64::new(Self::NO_HOLD),
            published: AtomicU64::new(published.get()),
            updates: broadcast::channel(Self::CHANNEL_LEN).0,
            viewers: AtomicUsize::new(0),
            metrics: TopicMetrics::default(),
            start_mode,
            dataset,
        }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &TopicName {
        &self.name
    }

    /// Returns the epoch of the timeline.
    #[must_use]
    pub const fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Returns the current timeline.
    #[must_use]
    pub fn timeline(&self) -> TimelineRef {
        TimelineRef(self.schedule.load())
    }

    /// Returns the current delivery policy.
    #[must_use]
    pub fn policy(&self) -> Arc<DeliveryPolicy> {
        self.policy.load_full()
    }

    /// What happens to a viewer that is further behind than [`max_lag`](Self::max_lag).
    #[must_use]
    pub fn slow_policy(&self) -> SlowPolicy {
        self.policy.load().slow
    }

    /// How far behind a viewer may be and still be sent everything.
    #[must_use]
    pub fn max_lag(&self) -> Duration {
        self.policy.load().max_lag
    }

    /// The last publication sent; 0 before the first.
    #[must_use]
    pub fn published(&self) -> Seq {
        Seq::saturating(self.published.load(Ordering::Acquire))
    }

    /// Whether the last publication of the timeline has been sent.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.timeline().last() == Some(self.published())
    }

    /// The number of connected viewers.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// Computes the publication at `seq`; `None` if it is never due.
    #[must_use]
    pub fn publication(&self, seq: Seq) -> Option<Publication> {
        let timeline = self.timeline();
        let due = self.due(&timeline, seq)?;
        let text = self.dataset.text();
        Some(Publication::encode(due.seq, due.t, due.record, text))
    }

    /// Publications `first` to `last` in the form for viewers without a subprotocol, each record in a frame. Skips what
    /// is never due.
    #[must_use]
    pub fn frames(&self, first: Seq, last: Seq) -> SharedBytes {
        let timeline = self.timeline();
        let seqs = || (first.get()..=last.get()).map(Seq::saturating);
        let due = |seq| self.due(&timeline, seq);
        let records = || seqs().filter_map(due).map(|due| due.record);
        let headers = records().map(|_| websocket::text_frame_len_max(0)).sum();
        let mut bytes = SharedBytesBuilder::new(self.dataset.text(), records(), headers);
        for record in records() {
            websocket::put_text_frame_header(bytes.buffer(), record.len());
            bytes.put_record(record);
        }
        bytes.finish()
    }

    /// Computes the flushes of publications `first` to `last`, each up to its [`block_end`](Self::block_end). Skips
    /// what is never due.
    pub fn flushes(&self, first: Seq, last: Seq) -> impl Iterator<Item = Flush> {
        let mut next = first;
        std::iter::from_fn(move || {
            let begin = next;
            if begin > last {
                return None;
            }
            let end = self.block_end(begin, last);
            next = end.next();
            self.flush(begin, end)
        })
    }

    /// Publications `first` to `last`, which must not span a jump, as one flush for viewers that are behind; `None` if
    /// one of them is never due. Contains at most the newest `state`.
    #[must_use]
    pub fn flush(&self, first: Seq, last: Seq) -> Option<Flush> {
        let state = self.newest_state_within(first, last);
        self.flush_with(first, last, state.as_slice())
    }

    /// Like [`flush`](Self::flush) for live viewers, which get every `state`.
    #[must_use]
    pub fn live_flush(&self, first: Seq, last: Seq) -> Option<Flush> {
        let states: Vec<_> = self.schedule.load().states(first, last).collect();
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

    /// Returns the coalescer for the topic's producer. Its windows lie where they would if it had run since the
    /// beginning of the timeline, so its first flush may begin with publications that were sent before.
    #[must_use]
    pub fn coalescer(&self) -> Coalescer {
        let mut coalescer = Coalescer::new(Duration::ZERO);
        let last = self.published();
        let start = Coalescer::window_start(&self.timeline(), last.next());
        for seq in (start.get()..=last.get()).map(Seq::saturating) {
            self.coalesce_next(&mut coalescer, seq);
        }
        coalescer
    }

    /// Pushes `seq` to `coalescer`; if that completes a flush, returns its first publication.
    pub fn coalesce_next(&self, coalescer: &mut Coalescer, seq: Seq) -> Option<Seq> {
        let schedule = self.schedule.load();
        let timeline = schedule.timeline();
        let due = (seq, timeline.t(seq)?);
        coalescer.set_window(schedule.playout_at(seq).coalesce);
        coalescer.push(timeline, due, self.record(timeline, seq).len())
    }

    /// Locks publishing. The schedule does not change while the guard is held.
    pub fn lock_publish(&self) -> MutexGuard<'_, ()> {
        self.publish_lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the publication after the last one sent. Only for the topic's producer, under
    /// [`lock_publish`](Self::lock_publish).
    pub fn publish(&self, update: Update) {
        // Before it is sent: a subscriber opens the channel first and then reads this, so it cannot miss anything.
        self.published
            .store(update.publication.seq().get(), Ordering::Release);
        // Fails without subscribers, which is fine.
        _ = self.updates.send(update);
        self.metrics.published.add(1);
    }

    /// Opens a receiver, for [`super::Subscription`].
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Update> {
        self.updates.subscribe()
    }

    /// Counts a viewer; returns the new number of viewers.
    pub(super) fn add_viewer(&self) -> usize {
        self.viewers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts a viewer as gone.
    pub(super) fn remove_viewer(&self) {
        self.viewers.fetch_sub(1, Ordering::Relaxed);
    }

    fn due(&self, timeline: &Timeline, seq: Seq) -> Option<DueRecord<'_>> {
        let t = timeline.t(seq)?;
        let record = self.record(timeline, seq);
        Some(DueRecord { seq, t, record })
    }

    fn record(&self, timeline: &Timeline, seq: Seq) -> &[u8] {
        self.dataset.record(timeline.index(seq))
    }
}

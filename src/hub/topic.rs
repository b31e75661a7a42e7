//! `Topic`: a named feed of records with the channel to its readers, and everything that is counted about it.
//!
//! What the records are and when they are due is up to the [`Feed`]. The topic publishes them: it stores the newest number,
//! sends to the channel, and numbers the announcements that go between the records.
//!
//! ## Locks
//!
//! Publishing and changing the timeline exclude each other by [`Topic::lock_publish`]. Readers of the channel take no
//! lock; the announcements that a reader has missed are behind a lock of their own, which is held for a lookup.
//!
//! ## A dataset that changes
//!
//! A read that finds the dataset changed [closes](TopicClosure) the topic: nothing more is published, whether the producer, a lane or a
//! request has read.

mod reading;
mod succession;
mod view;

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::broadcast;

use super::delivery_policy::DeliveryPolicy;
use super::feed::Feed;
use super::producer_link::{ProducerLink, ProducerWaker};
use super::replay::Replay;
use super::resume::{JoinPoint, JoinState, StreamHead};
use super::startup::TopicSpec;
use super::topic_closure::TopicClosure;
use super::topic_metrics::TopicMetrics;
use super::update::{Announcement, AnnouncementLog, AnnouncementNumber, Update};
use crate::protocol::message::Message;
use crate::protocol::{Epoch, Flush, Micros, Publication, Seq, TopicName};
use crate::settings::{self, Backfill};
use crate::source::SourceError;
use crate::timeline::{NextDue, Schedule, ScheduleChange};

/// A named stream of records.
#[derive(Debug)]
pub struct Topic {
    name: TopicName,
    /// The name of its player.
    player: TopicName,
    /// The records and when they are due. Changed only under `publish_lock`.
    feed: Feed,
    /// The name of the dataset's file.
    dataset_name: String,
    policy: ArcSwap<DeliveryPolicy>,
    /// Held while publishing and while the timeline is changed.
    publish_lock: Mutex<()>,
    /// Carries each publication and each announcement once, in order.
    updates: broadcast::Sender<Update>,
    /// The announcements that readers may have missed. Appended to under `publish_lock`.
    announcements: RwLock<AnnouncementLog>,
    /// The number of the last announcement; stored before it is sent to `updates`. Grows only.
    last_announcement: AtomicU32,
    /// What the topic and its producer tell each other.
    producer: ProducerLink,
    /// Set at most once, under `publish_lock`; nothing is published after that.
    closure: OnceLock<TopicClosure>,
    /// The topic that takes the place of this one at an instant. Changed under `publish_lock`.
    successor: ArcSwapOption<succession::Successor>,
    /// The number of [`PresenceGuard`](super::PresenceGuard)s of this topic.
    viewers: AtomicUsize,
    /// Counters, gauges and histograms for monitoring. A topic that takes the place of another one goes on with its, so that
    /// counters only grow.
    pub metrics: Arc<TopicMetrics>,
}

impl Topic {
    /// Publications that the channel keeps for a slow reader, which reads older ones from the feed.
    const CHANNEL_LEN: usize = 1_024;
    /// A viewer may always be this many publications behind, however old they are.
    const LAG_RECORDS_ALLOWED: u64 = 1_000;

    /// Creates the topic that `spec` describes, where it continues at `spec.now`.
    #[must_use]
    pub fn new(spec: TopicSpec<'_>) -> Self {
        let settings = spec.settings;
        let startup = spec.startup();
        let feed = Feed::Replay(Replay::new(startup, spec.source, spec.clock.playout));
        let topic = Self {
            name: settings.name.clone(),
            player: settings.player.clone(),
            dataset_name: view::file_name(&settings.dataset),
            policy: ArcSwap::from_pointee(DeliveryPolicy::from_settings(
                settings,
                spec.recover_max,
            )),
            publish_lock: Mutex::new(()),
            updates: broadcast::channel(Self::CHANNEL_LEN).0,
            announcements: RwLock::new(AnnouncementLog::new(feed.version())),
            last_announcement: AtomicU32::new(AnnouncementNumber::NONE.to_bits()),
            producer: ProducerLink::default(),
            closure: OnceLock::new(),
            successor: ArcSwapOption::empty(),
            viewers: AtomicUsize::new(0),
            metrics: Arc::default(),
            feed,
        };
        topic.announce_end_if_over();
        topic
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &TopicName {
        &self.name
    }

    /// What the topic carries.
    #[must_use]
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Returns the epoch of the timeline.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        self.feed.epoch()
    }

    /// The last publication sent; 0 before the first.
    #[must_use]
    pub fn published(&self) -> Seq {
        self.feed.newest()
    }

    /// Returns the current delivery policy.
    #[must_use]
    pub fn policy(&self) -> Arc<DeliveryPolicy> {
        self.policy.load_full()
    }

    /// Replaces the delivery policy. Connected viewers keep the labels and units of their `hello`.
    pub fn set_policy(&self, settings: &settings::TopicSettings, recover_max: u64) {
        self.policy.store(Arc::new(DeliveryPolicy::from_settings(
            settings,
            recover_max,
        )));
    }

    /// How far behind a viewer may be and still be sent everything.
    #[must_use]
    pub fn max_lag(&self) -> Duration {
        self.policy.load().max_lag
    }

    /// Whether a viewer that is further behind is closed instead of skipping publications.
    #[must_use]
    pub fn slow_policy(&self) -> settings::SlowPolicy {
        self.policy.load().slow
    }

    /// The lag of a viewer that has everything up to `last`: the time from when its next publication was due until
    /// `newest` was due.
    #[must_use]
    pub fn lag(&self, last: Seq, newest: Seq) -> Duration {
        let next = self.feed.t(last.next().min(newest));
        next.zip(self.feed.t(newest))
            .map_or(Duration::ZERO, |(next, newest)| newest.since(next))
    }

    /// Whether a viewer that has everything up to `last` is further behind `newest` than [`Topic::max_lag`] plus
    /// `allowance`, which a viewer gets that joined far back.
    #[must_use]
    pub fn exceeds_max_lag(&self, last: Seq, newest: Seq, allowance: Duration) -> bool {
        newest.get().saturating_sub(last.get()) > Self::LAG_RECORDS_ALLOWED
            && self.lag(last, newest) > self.max_lag() + allowance
    }

    /// The stream head for a viewer that joins when `seq` is the last publication.
    #[must_use]
    pub fn stream_head(&self, seq: Seq) -> StreamHead<'_> {
        let policy = self.policy.load();
        let backfill = match policy.backfill {
            Backfill::Records(count) => count,
            Backfill::Duration(span) => self.count_within(span, seq),
        };
        StreamHead {
            epoch: self.epoch(),
            seq,
            oldest: self
                .feed
                .retained(seq)
                .map_or(seq.next(), |range| range.from),
            backfill,
            recover_max: policy.recover_max,
        }
    }

    /// The number of publications up to `seq` that are due less than `span` before it.
    fn count_within(&self, span: Duration, seq: Seq) -> u64 {
        let begin = self.feed.t(seq).map(|t| t.before(span));
        begin.map_or(0, |begin| self.feed.count_since(begin, seq))
    }

    /// The state for a viewer that joins at `point` at the instant `now`, and gets everything after `after`.
    #[must_use]
    pub fn join_state(&self, point: JoinPoint, after: Seq, now: Micros) -> JoinState {
        let (known, version) = {
            let announcements = self.announcements();
            let known = announcements.known_at_join(point.announcement);
            (known, announcements.version_at(known))
        };
        let current = self.feed.states_from(now, version).swap_remove(0);
        let drawn = now.before(Duration::from_micros(current.delay));
        let first_drawn = match self.feed.t(after.next()) {
            Some(t) if after < point.newest => t.min(drawn),
            _ => drawn,
        };
        JoinState {
            states: self.feed.states_from(first_drawn, version),
            current,
            known,
        }
    }

    /// The first announcement after number `known`.
    #[must_use]
    pub fn announcement_after(&self, known: AnnouncementNumber) -> Option<Announcement> {
        self.announcements().after(known).cloned()
    }

    /// The number of the last announcement.
    #[must_use]
    pub fn last_announcement(&self) -> AnnouncementNumber {
        AnnouncementNumber::from_bits(self.last_announcement.load(Ordering::Acquire))
    }

    fn announcements(&self) -> std::sync::RwLockReadGuard<'_, AnnouncementLog> {
        self.announcements
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks publishing. The timeline does not change while the guard is held.
    pub fn lock_publish(&self) -> MutexGuard<'_, ()> {
        self.publish_lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the publication after the last one sent, with the flush that it completes. Only for the topic's
    /// producer, under [`lock_publish`](Self::lock_publish).
    pub fn publish(&self, publication: Publication, flush: Option<Flush>) {
        // Before it is sent: a subscriber opens the channel first and then reads this, so it cannot miss anything.
        self.feed.advance(publication.seq());
        let flush = flush.map(Arc::new);
        // Fails without subscribers, which is fine.
        _ = self.updates.send(Update::Records { publication, flush });
        self.metrics.published.add(1);
        self.announce_end_if_over();
    }

    fn announce_end_if_over(&self) {
        if self.feed.is_ended() {
            let seq = self.feed.newest();
            if let Some(t) = self.feed.t(seq) {
                let announcement = self.announce(Message::End { seq, t });
                _ = self.updates.send(announcement.into());
            }
        }
    }

    /// Records an announcement, which is then sent to the channel.
    fn announce(&self, message: Message<'static>) -> Announcement {
        let (after, version) = (self.feed.newest(), self.feed.version());
        let mut log = self
            .announcements
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let announcement = log.push(after, version, message);
        // Before it is sent, for the same reason as a publication's number.
        let number = announcement.number.to_bits();
        self.last_announcement.store(number, Ordering::Release);
        announcement
    }

    /// Prepares the schedule that makes `change`; `None` if nothing changes.
    ///
    /// Until the schedule is [applied](Self::apply_schedule) or [discarded](Self::discard_schedule), nothing that is
    /// due at the instant of the change or later is published. The old and the new schedule agree on everything before.
    #[must_use]
    pub fn prepare_schedule(&self, change: &ScheduleChange) -> Option<Schedule> {
        let _guard = self.lock_publish();
        self.feed.prepare(change)
    }

    /// Switches to `schedule`, which [`prepare_schedule`](Self::prepare_schedule) has made, and announces it.
    pub fn apply_schedule(&self, schedule: Schedule) {
        {
            let _guard = self.lock_publish();
            let state = schedule.newest_state();
            self.feed.release(Some(schedule));
            let announcement = self.announce(Message::State(state));
            _ = self.updates.send(announcement.into());
        }
        self.producer.wake();
    }

    /// Resumes with the old schedule after [`prepare_schedule`](Self::prepare_schedule).
    pub fn discard_schedule(&self) {
        {
            let _guard = self.lock_publish();
            self.feed.release(None);
        }
        self.producer.wake();
    }

    /// Has changes of the timeline call `waker`. A topic has one producer.
    pub fn set_producer(&self, waker: ProducerWaker) {
        self.producer.set_waker(waker);
    }

    /// Records whether the producer waits for records that are not in memory.
    pub fn set_reading(&self, is_reading: bool) {
        self.producer.set_reading(is_reading);
    }

    /// Records that reading records has succeeded, or failed with `error`. Logs a failure, once until a success.
    pub fn report_read(&self, error: Option<&SourceError>) {
        // A changed dataset is not read again, and has been logged.
        if self.closure().is_none() {
            self.producer.report_read(&self.name, error);
        }
    }

    /// When the next publication is due; a closed topic has none.
    #[must_use]
    pub fn next_due(&self) -> NextDue {
        match self.closure() {
            Some(_) => NextDue::Paused,
            None => self.feed.next_due(),
        }
    }

    /// When the next publication is due that the producer is able to publish; `None` while it has to wait for the
    /// journal, for the records, or for a change of the timeline.
    #[must_use]
    pub fn next_expected(&self) -> Option<Micros> {
        match self.next_due() {
            NextDue::At(t) if !self.producer.is_reading() => Some(t),
            NextDue::At(_) | NextDue::Paused | NextDue::Ended => None,
        }
    }

    /// Opens a receiver, for [`super::Subscription`].
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Update> {
        self.updates.subscribe()
    }

    /// The number of connected viewers.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// Counts a viewer.
    pub(super) fn add_viewer(&self) {
        self.viewers.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a viewer as gone.
    pub(super) fn remove_viewer(&self) {
        self.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

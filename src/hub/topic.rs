//! `Topic`: a timeline over a dataset, and the channel its publications go through.
//!
//! Publishing stores the place before it sends; subscribing opens the channel before it reads the place.
//! So a subscriber misses nothing after the place it was told, and drops what it was told already.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast;

use super::timeline::Timeline;
use crate::metrics::{Counter, Distribution};
use crate::protocol::message::{DatasetView, FieldView, FieldsView, Message, TopicView};
use crate::protocol::{Epoch, Micros, Publication, Seq, TopicName, frame};
use crate::settings::{self, SlowPolicy, Start};
use crate::source::Dataset;

/// What goes through a topic's channel.
#[derive(Debug, Clone)]
pub enum Wave {
    /// A publication.
    Publication(Arc<Publication>),
    /// The dataset is over; the `end` message as a frame.
    End(Bytes),
}

/// What a topic is made from.
#[derive(Debug)]
pub struct TopicSpec<'a> {
    /// Its settings.
    pub settings: &'a settings::Topic,
    /// What it replays.
    pub dataset: Dataset,
    /// The instant now; the anchor of a timeline that begins now.
    pub now: Micros,
}

/// A named stream of records.
#[derive(Debug)]
pub struct Topic {
    name: TopicName,
    epoch: Epoch,
    timeline: Timeline,
    dataset: Dataset,
    delay: Duration,
    slow: SlowPolicy,
    max_lag: Duration,
    fields: FieldsView,
    /// The last publication sent.
    published: AtomicU64,
    is_ended: AtomicBool,
    waves: broadcast::Sender<Wave>,
    viewers: AtomicUsize,
    /// What monitoring wants to know.
    pub counters: Counters,
}

/// A topic's numbers for monitoring.
#[derive(Debug, Default)]
pub struct Counters {
    /// Publications.
    pub published: Counter,
    /// Publications given to a viewer's socket.
    pub delivered: Counter,
    /// Bytes given to viewers' sockets.
    pub bytes: Counter,
    /// Viewers that joined.
    pub joined: Counter,
    /// Viewers that left.
    pub left: Counter,
    /// Gaps told to viewers that read too slowly.
    pub gaps: Counter,
    /// How long after the instant of the first publication due the producer woke.
    pub lateness: Distribution,
}

/// A viewer's end of a topic, given back when it is dropped.
#[derive(Debug)]
#[must_use = "dropping a subscription leaves the topic"]
pub struct Subscription {
    topic: Arc<Topic>,
    waves: broadcast::Receiver<Wave>,
    last: Seq,
    is_ended: bool,
    is_counted: bool,
}

impl Topic {
    /// The channel keeps what a viewer may lag behind, and at least this many publications.
    const LAG_MIN: u64 = 1_000;
    /// And at most this many, whatever the settings say: each holds its record in two forms.
    const LAG_MAX: u64 = 1 << 18;

    /// The topic that `spec` describes, at its place now.
    #[must_use]
    pub fn new(spec: TopicSpec<'_>) -> Self {
        let TopicSpec {
            settings,
            dataset,
            now,
        } = spec;
        let t0 = match settings.start {
            Start::FirstRun => now,
            Start::At(instant) => instant,
        };
        let timeline = Timeline::begin(t0, settings.rate, dataset.len(), settings.looping);
        // What was due before now is past: it is history, not news.
        let published = timeline.due(Micros::new(now.get() - 1));
        Self {
            name: settings.name.clone(),
            epoch: Epoch::of(dataset.digest(), settings.looping, t0, settings.rate),
            delay: settings.delay,
            slow: settings.slow,
            max_lag: settings.max_lag,
            fields: fields_view(&settings.fields),
            published: AtomicU64::new(published.get()),
            is_ended: AtomicBool::new(timeline.last() == Some(published)),
            waves: broadcast::channel(lag_len(settings)).0,
            viewers: AtomicUsize::new(0),
            counters: Counters::default(),
            timeline,
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

    /// The group's playout delay.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
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

    /// Labels and units of its records' fields.
    #[must_use]
    pub const fn fields(&self) -> &FieldsView {
        &self.fields
    }

    /// The last publication sent.
    #[must_use]
    pub fn published(&self) -> Seq {
        Seq::saturating(self.published.load(Ordering::Acquire))
    }

    /// Viewers now.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// What it replays, as viewers see it.
    #[must_use]
    pub fn dataset_view(&self) -> DatasetView<'_> {
        let (len, sha256) = (self.dataset.len().get(), self.dataset.digest_hex());
        DatasetView {
            len,
            looping: self.timeline.is_looping(),
            sha256,
        }
    }

    /// The topic as the topics list shows it.
    #[must_use]
    pub fn view(&self) -> TopicView<'_> {
        let segment = self.timeline.current();
        TopicView {
            name: &self.name,
            epoch: &self.epoch,
            seq: self.published(),
            retained: None,
            rate: Some(segment.rate),
            playing: segment.playing,
            ended: self.is_ended.load(Ordering::Acquire),
            viewers: self.viewers(),
            fields: &self.fields,
            source: "dataset",
        }
    }

    /// The publication at `seq`, computed; `None` for what is never due.
    #[must_use]
    pub fn publication(&self, seq: Seq) -> Option<Publication> {
        let t = self.timeline.t(seq)?;
        let record = self.dataset.record(self.timeline.index(seq));
        Some(Publication::encode(
            seq,
            t,
            record,
            self.timeline.jump_before(seq),
        ))
    }

    /// Publishes what follows the last publication. The topic's producer alone calls this.
    pub fn publish(&self, publication: Publication) {
        self.published
            .store(publication.seq().get(), Ordering::Release);
        // Without a subscriber the channel refuses, and that is no fault.
        _ = self.waves.send(Wave::Publication(Arc::new(publication)));
        self.counters.published.add(1);
    }

    /// Tells everybody that the dataset is over. The topic's producer alone calls this.
    pub fn end(&self) {
        self.is_ended.store(true, Ordering::Release);
        if let Some(end) = self.end_frame() {
            _ = self.waves.send(Wave::End(end));
        }
    }

    /// The `end` message as a frame, for a timeline that has an end.
    #[must_use]
    pub fn end_frame(&self) -> Option<Bytes> {
        let seq = self.timeline.last()?;
        let t = self.timeline.t(seq)?;
        Some(frame::text(&Message::End { seq, t }.to_json()))
    }

    /// Opens the channel at the topic's place now, for somebody who may become a viewer.
    pub fn subscribe(self: &Arc<Self>) -> Subscription {
        // The channel first, the place after: see the head of this file.
        let waves = self.waves.subscribe();
        let is_ended = self.is_ended.load(Ordering::Acquire);
        Subscription {
            topic: Arc::clone(self),
            waves,
            last: self.published(),
            is_ended,
            is_counted: false,
        }
    }
}

impl Subscription {
    /// The topic subscribed to.
    #[must_use]
    pub const fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// The last publication before the first that will be received.
    #[must_use]
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// Counts the subscriber among the viewers until it is dropped.
    pub fn enter(&mut self) {
        if !std::mem::replace(&mut self.is_counted, true) {
            self.topic.viewers.fetch_add(1, Ordering::Relaxed);
            self.topic.counters.joined.add(1);
        }
    }

    /// Whether the dataset was over when the viewer joined.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The next wave after the viewer's place; cancel safe.
    ///
    /// # Errors
    /// [`broadcast::error::RecvError`]: the viewer lags beyond what the channel keeps, or the topic is gone.
    pub async fn recv(&mut self) -> Result<Wave, broadcast::error::RecvError> {
        loop {
            let wave = self.waves.recv().await?;
            if self.is_news(&wave) {
                return Ok(wave);
            }
        }
    }

    /// The next wave if it is there already.
    ///
    /// # Errors
    /// [`broadcast::error::TryRecvError`]: there is none, or as for [`Subscription::recv`].
    pub fn try_recv(&mut self) -> Result<Wave, broadcast::error::TryRecvError> {
        loop {
            let wave = self.waves.try_recv()?;
            if self.is_news(&wave) {
                return Ok(wave);
            }
        }
    }

    /// Leaves out everything that waits: the next wave is one that is yet to come. Returns whether the end of
    /// the dataset, which never comes again, is among what was left out.
    pub fn skip_to_live(&mut self) -> bool {
        self.waves = self.waves.resubscribe();
        let topic_is_ended = self.topic.is_ended.load(Ordering::Acquire);
        !std::mem::replace(&mut self.is_ended, topic_is_ended) && topic_is_ended
    }

    /// What was on its way while the viewer joined is older than its place, and is no news.
    fn is_news(&mut self, wave: &Wave) -> bool {
        match wave {
            Wave::Publication(publication) if publication.seq() <= self.last => false,
            Wave::Publication(publication) => {
                self.last = publication.seq();
                true
            }
            Wave::End(_) => !std::mem::replace(&mut self.is_ended, true),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.is_counted {
            self.topic.viewers.fetch_sub(1, Ordering::Relaxed);
            self.topic.counters.left.add(1);
        }
    }
}

/// How many publications the channel keeps: what falls due in `max_lag`, within bounds.
fn lag_len(settings: &settings::Topic) -> usize {
    let due =
        settings.max_lag.as_micros() * u128::from(settings.rate.millionths()) / 1_000_000_000_000;
    let len = u64::try_from(due)
        .unwrap_or(Topic::LAG_MAX)
        .clamp(Topic::LAG_MIN, Topic::LAG_MAX);
    usize::try_from(len).expect("the bounds fit the smallest address space")
}

fn fields_view(fields: &[settings::Field]) -> FieldsView {
    let view = |field: &settings::Field| {
        (
            field.name.clone(),
            FieldView {
                label: field.label.clone(),
                unit: field.unit.clone(),
            },
        )
    };
    FieldsView(fields.iter().map(view).collect())
}

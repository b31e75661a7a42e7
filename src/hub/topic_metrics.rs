//! `TopicMetrics`: what is measured of one topic, and the reasons by which viewers are counted.

use std::sync::Arc;
use std::time::Duration;

use super::audience::Audience;
use crate::metrics::{
    BucketBounds, BucketHistogram, Counter, CounterFamily, DurationHistogram, MaxGauge, MetricMap,
};
use crate::protocol::CloseReason;

/// The metrics of one topic, for the log and the metrics page.
#[derive(Debug)]
pub struct TopicMetrics {
    /// Publications sent to the channel.
    pub published: Counter,
    /// Publications written to viewers' sockets, counted once per viewer.
    pub delivered: Counter,
    /// Bytes written to viewers' sockets.
    pub bytes: Counter,
    /// Viewers that joined.
    pub joined: Counter,
    /// Viewers that joined with a position and were sent everything after it.
    pub recovered: Counter,
    /// Viewers that left, by reason.
    pub left: CounterFamily<DisconnectReason>,
    /// Gaps sent to viewers that read too slowly.
    pub gaps: Counter,
    /// Publications that these gaps leave out.
    pub gap_records: Counter,
    /// Rejected viewers, by reason.
    pub rejected: CounterFamily<RejectReason>,
    /// The lag of the slowest viewer; each lane reports the maximum over its own viewers.
    pub lag: MaxGauge,
    /// The lags of all viewers, each observed about once a second.
    pub lag_histogram: BucketHistogram,
    /// How late the producer woke up: the time from when the first publication was due. Since the last `hub.stats`.
    pub lateness: DurationHistogram,
    /// The same, since the start.
    pub lateness_histogram: BucketHistogram,
    /// How fast publications reach the viewers' sockets, by the name of the encoding.
    pub delivery: MetricMap<&'static str, DeliveryMetrics>,
    /// How well the viewers' pages draw, as they report it.
    pub audience: Arc<Audience>,
}

/// How fast the publications of one topic reach the sockets of the viewers of one encoding, on a sample of the writes.
#[derive(Debug)]
pub struct DeliveryMetrics {
    /// From when a publication was due until a viewer's socket had accepted it.
    pub delay: BucketHistogram,
    /// From the first to the last viewer of a lane to which the same publications were sent.
    pub spread: BucketHistogram,
}

/// Why a viewer left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The connection ended, and the hub did not close it.
    Lost,
    /// The hub closed the connection.
    Closed(CloseReason),
}

/// Why a client was not admitted as a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectReason {
    /// The hub has reached `server.max_viewers`.
    Full,
    /// The client's address has reached `server.max_viewers_per_ip`.
    TooManyFromAddress,
    /// The hub is draining.
    Draining,
    /// The request's origin is not allowed.
    Forbidden,
    /// The position is no longer recoverable, and a viewer without a subprotocol cannot be sent a gap.
    Gone,
    /// The request is malformed.
    BadRequest,
    /// The request does not ask for an upgrade to WebSocket.
    UpgradeRequired,
    /// The topic has stopped, because its dataset was changed.
    Stopped,
    /// The topic does not exist.
    NotFound,
}

impl Default for TopicMetrics {
    fn default() -> Self {
        Self {
            published: Counter::default(),
            delivered: Counter::default(),
            bytes: Counter::default(),
            joined: Counter::default(),
            recovered: Counter::default(),
            left: CounterFamily::new(&DisconnectReason::ALL),
            gaps: Counter::default(),
            gap_records: Counter::default(),
            rejected: CounterFamily::new(&RejectReason::PER_TOPIC),
            lag: MaxGauge::default(),
            lag_histogram: BucketHistogram::new(BucketBounds::COARSE),
            lateness: DurationHistogram::default(),
            lateness_histogram: BucketHistogram::new(BucketBounds::COARSE),
            delivery: MetricMap::default(),
            audience: Arc::default(),
        }
    }
}

impl TopicMetrics {
    /// Records how late the producer woke up.
    pub fn record_lateness(&self, late: Duration) {
        self.lateness.record(late);
        self.lateness_histogram.observe(late);
    }
}

impl Default for DeliveryMetrics {
    fn default() -> Self {
        Self {
            delay: BucketHistogram::new(BucketBounds::FINE),
            spread: BucketHistogram::new(BucketBounds::COARSE),
        }
    }
}

impl DisconnectReason {
    /// All reasons.
    pub const ALL: [Self; CloseReason::ALL.len() + 1] = {
        let mut all = [Self::Lost; CloseReason::ALL.len() + 1];
        let mut n = 0;
        while n < CloseReason::ALL.len() {
            all[n + 1] = Self::Closed(CloseReason::ALL[n]);
            n += 1;
        }
        all
    };

    /// The value of the label `reason`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Closed(reason) => reason.label(),
        }
    }
}

impl RejectReason {
    /// The reasons that are counted per topic: all but [`NotFound`](Self::NotFound).
    pub const PER_TOPIC: [Self; 8] = [
        Self::Full,
        Self::TooManyFromAddress,
        Self::Draining,
        Self::Forbidden,
        Self::Gone,
        Self::BadRequest,
        Self::UpgradeRequired,
        Self::Stopped,
    ];

    /// The value of the label `reason`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::TooManyFromAddress => "too_many",
            Self::Draining => "draining",
            Self::Forbidden => "forbidden",
            Self::Gone => "gone",
            Self::BadRequest => "bad_request",
            Self::UpgradeRequired => "upgrade_required",
            Self::Stopped => "stopped",
            Self::NotFound => "not_found",
        }
    }
}

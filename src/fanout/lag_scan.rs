//! How far behind its viewers a lane finds them, for monitoring: `LagScan` decides when it looks at which viewers, and
//! `LagTracker` keeps what it finds for one topic.
//!
//! The lane visits a few viewers per turn, all of them about once a second, so viewers need neither locks nor counters
//! for it. An idle lane scans once more and then sleeps.

use std::ops::Range;
use std::time::Duration;

use crate::hub::Topic;
use crate::metrics::MaxGaugeShard;
use crate::protocol::{Micros, Seq};

/// The progress and the schedule of a lane's scans.
#[derive(Debug)]
pub(super) struct LagScan {
    /// The key at which the running scan continues; `None` between scans.
    position: Option<usize>,
    /// The earliest start of the next scan.
    next_at: Micros,
    /// Whether anything may have changed since the last scan started.
    is_requested: bool,
}

/// The greatest lag among the viewers of one topic observed so far in the current scan.
#[derive(Debug)]
pub(super) struct LagTracker {
    /// The viewer that is furthest behind; `None` if none is behind.
    furthest_behind: Option<LagObservation>,
    /// Viewers observed that have everything. Counted here first, because nearly all have.
    up_to_date: u64,
    /// This lane's part of the topic's lag metric.
    gauge: MaxGaugeShard,
}

/// How far a viewer had got when it was observed.
#[derive(Debug, Clone, Copy)]
struct LagObservation {
    /// The last publication that the viewer had been sent.
    last: Seq,
    /// The newest publication at that time.
    newest: Seq,
}

impl LagScan {
    /// Often enough to observe a lagging viewer before `max_lag` applies; negligible next to the cost of sending.
    const INTERVAL: Duration = Duration::from_secs(1);
    /// Viewers visited in one turn, which takes some microseconds.
    const VIEWERS_PER_TURN: usize = 256;

    pub(super) const fn new(now: Micros) -> Self {
        Self {
            position: None,
            next_at: now,
            is_requested: false,
        }
    }

    /// Requests another scan, because something has happened on the lane.
    pub(super) const fn request(&mut self) {
        self.is_requested = true;
    }

    /// Returns whether a scan is in progress.
    pub(super) const fn is_running(&self) -> bool {
        self.position.is_some()
    }

    /// When the next scan starts; `None` if none is requested.
    pub(super) fn next_start(&self) -> Option<Micros> {
        self.is_requested.then_some(self.next_at)
    }

    /// Returns the keys to visit next at `now`, of viewers whose keys are less than `end`; `None` if no scan is due.
    pub(super) fn next_keys(&mut self, now: Micros, end: usize) -> Option<Range<usize>> {
        if self.position.is_none() && self.is_requested && self.next_at <= now {
            (self.position, self.next_at) = (Some(0), now.after(Self::INTERVAL));
            self.is_requested = false;
        }
        let start = self.position?;
        let stop = end.min(start + Self::VIEWERS_PER_TURN);
        self.position = (stop < end).then_some(stop);
        Some(start.min(stop)..stop)
    }
}

impl LagTracker {
    pub(super) const fn new(gauge: MaxGaugeShard) -> Self {
        Self {
            furthest_behind: None,
            up_to_date: 0,
            gauge,
        }
    }

    /// Takes into account a viewer of `topic` whose last publication is `last`, at a time when the newest one is
    /// `newest`.
    pub(super) fn observe(&mut self, topic: &Topic, last: Seq, newest: Seq) {
        let observation = LagObservation { last, newest };
        if observation.publications() == 0 {
            self.up_to_date += 1;
            return;
        }
        let lag = topic.lag(last, newest);
        topic.metrics.lag_histogram.observe(lag);
        let furthest = self.furthest_behind.map_or(0, LagObservation::publications);
        if observation.publications() > furthest {
            self.furthest_behind = Some(observation);
        }
    }

    /// Ends a scan: reports what was observed, and returns whether any viewer is behind.
    pub(super) fn report(&mut self, topic: &Topic) -> bool {
        let up_to_date = std::mem::take(&mut self.up_to_date);
        topic
            .metrics
            .lag_histogram
            .observe_millionths(0, up_to_date);
        let furthest = self.furthest_behind.take();
        let lag = |LagObservation { last, newest }| topic.lag(last, newest);
        self.gauge.set(furthest.map_or(Duration::ZERO, lag));
        furthest.is_some()
    }
}

impl LagObservation {
    /// How many publications the viewer was behind.
    const fn publications(self) -> u64 {
        self.newest.get().saturating_sub(self.last.get())
    }
}

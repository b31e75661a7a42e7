//! `LagScan`: when a lane measures how far behind its viewers are, for monitoring, and which of them are next.
//!
//! The lane visits a few viewers per turn, all of them about once a second, so viewers need neither locks nor counters
//! for it. An idle lane scans once more and then sleeps. This type knows only the keys of the viewers.

use std::ops::Range;
use std::time::Duration;

use crate::protocol::Micros;

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

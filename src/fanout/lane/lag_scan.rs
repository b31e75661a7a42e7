//! `LagScan`: measures how far behind the viewers of a lane are, for monitoring.
//!
//! The lane visits a few viewers per turn, all of them about once a second, so viewers need neither locks nor counters
//! for it. An idle lane scans once more and then sleeps.

use std::time::Duration;

use super::Lane;
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

    /// Returns the key at which to continue or start a scan at `now`; `None` if no scan is due.
    fn start_or_resume(&mut self, now: Micros) -> Option<usize> {
        if self.position.is_none() && self.is_requested && self.next_at <= now {
            (self.position, self.next_at) = (Some(0), now.after(Self::INTERVAL));
            self.is_requested = false;
        }
        self.position
    }
}

impl Lane<'_> {
    /// Visits the next viewers if a scan is due; after the last, reports the lags to the topics.
    pub(super) fn scan_lag(&mut self) {
        let Some(start) = self.lag_scan.start_or_resume(self.shared.clock.now()) else {
            return;
        };
        let end = start + LagScan::VIEWERS_PER_TURN;
        for key in start..end.min(self.viewers.capacity()) {
            if let Some(viewer) = self.viewers.get(key)
                && let Some(last) = viewer.last()
            {
                self.topics[viewer.lane_topic as usize].observe(viewer.encoding(), last);
            }
        }
        if end < self.viewers.capacity() {
            self.lag_scan.position = Some(end);
            return;
        }
        self.lag_scan.position = None;
        let mut is_any_behind = false;
        for (_, lane_topic) in &mut self.topics {
            is_any_behind |= lane_topic.report_lag();
        }
        if is_any_behind {
            // It may catch up without any other event on the lane.
            self.lag_scan.request();
        }
    }
}

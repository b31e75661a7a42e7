//! `ViewerRecord`: what only the log and monitoring need to know of a viewer, apart from what serving it touches.

use std::time::Duration;

use super::ids::ViewerId;
use super::lane_shared::LoadGuard;
use crate::hub::AudienceVote;
use crate::protocol::{Micros, ViewerReport};

/// What only the log and monitoring need to know of a viewer.
#[derive(Debug)]
pub(super) struct ViewerRecord {
    pub(super) id: ViewerId,
    pub(super) joined_at: Micros,
    /// Publications that gaps have left out since it joined.
    pub(super) missed: u64,
    /// What the viewer reports. Allocated with the first report, because only pages report.
    reports: Option<Box<ViewerReports>>,
    _load: LoadGuard,
}

/// What a viewer reports about its page.
#[derive(Debug)]
struct ViewerReports {
    /// When the next report is accepted; earlier ones are ignored.
    next_at: Micros,
    /// The report that has not been counted yet.
    pending: Option<ViewerReport>,
    /// The report that counts among those of the topic.
    vote: Option<AudienceVote>,
    /// When that was received.
    received_at: Micros,
}

impl ViewerRecord {
    /// The least time between two reports of one viewer.
    const REPORT_PERIOD: Duration = Duration::from_secs(10);
    /// How long a report counts. A page that is visible sends the next one much sooner.
    const REPORT_AGE_MAX: Duration = Duration::from_secs(60);

    pub(super) const fn new(id: ViewerId, load: LoadGuard, now: Micros) -> Self {
        Self {
            id,
            joined_at: now,
            missed: 0,
            reports: None,
            _load: load,
        }
    }

    /// Keeps a report, unless the viewer has sent another one within [`Self::REPORT_PERIOD`].
    pub(super) fn on_report(&mut self, report: ViewerReport, now: Micros) {
        let reports = self.reports.get_or_insert_with(|| {
            Box::new(ViewerReports {
                next_at: now,
                pending: None,
                vote: None,
                received_at: now,
            })
        });
        if now >= reports.next_at {
            reports.next_at = now.after(Self::REPORT_PERIOD);
            reports.received_at = now;
            reports.pending = Some(report);
        }
    }

    /// Takes the report that has not been counted yet, if any.
    pub(super) fn take_report(&mut self) -> Option<ViewerReport> {
        self.reports.as_mut()?.pending.take()
    }

    /// Counts `vote` as the viewer's report, in place of the one before.
    pub(super) fn set_vote(&mut self, vote: AudienceVote) {
        if let Some(reports) = &mut self.reports {
            reports.vote = Some(vote);
        }
    }

    /// Stops counting a report that is too old, because the page is hidden.
    pub(super) fn expire_report(&mut self, now: Micros) {
        if let Some(reports) = &mut self.reports
            && now.since(reports.received_at) > Self::REPORT_AGE_MAX
        {
            reports.vote = None;
        }
    }
}

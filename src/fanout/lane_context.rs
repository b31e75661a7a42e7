//! `LaneContext`: what a viewer may use of the lane that serves it.

use super::drain::Drain;
use super::frame_log::FrameLog;
use crate::clock::Clock;
use crate::hub::Topic;
use crate::protocol::Seq;

/// The parts of a lane that a viewer needs in order to send.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneContext<'a> {
    pub(super) topic: &'a Topic,
    pub(super) log: &'a FrameLog,
    pub(super) clock: &'a Clock,
    /// Determines when closed viewers should reconnect.
    pub(super) drain: &'a Drain,
}

impl LaneContext<'_> {
    /// The newest publication in the log.
    pub(super) const fn newest(&self) -> Seq {
        self.log.next().previous()
    }
}

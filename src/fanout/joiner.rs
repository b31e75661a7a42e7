//! `Joiner`: who is about to be a viewer, as the handshake found it.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::hub::{Ask, Seat, Subscription};
use crate::protocol::frame::Compression;

/// What a viewer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Records alone, one a frame.
    Bare,
    /// Messages of `tickcast.v1`.
    V1,
    /// The same, those that gain by it compressed.
    V1Deflated,
}

/// Who joins, and what for.
#[derive(Debug)]
pub struct Joiner {
    /// What it is sent.
    pub form: Form,
    /// The topic it views, from the place at which it was admitted.
    pub subscription: Subscription,
    /// What it asks for.
    pub ask: Ask,
    /// What it has until it leaves.
    pub holds: Holds,
}

/// What a viewer has, given back when it is gone.
#[derive(Debug)]
pub struct Holds {
    /// Where it comes from.
    pub remote: IpAddr,
    /// Its seat.
    pub seat: Seat,
    /// The permit of its connection.
    pub connection: Option<Arc<OwnedSemaphorePermit>>,
    /// What a drain waits for.
    pub token: TaskTrackerToken,
}

impl Form {
    /// How many there are.
    pub(super) const COUNT: usize = 3;

    /// A number below [`Form::COUNT`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Bare => 0,
            Self::V1 => 1,
            Self::V1Deflated => 2,
        }
    }

    /// Whether the viewer is sent messages, and understood.
    pub(super) const fn is_v1(self) -> bool {
        matches!(self, Self::V1 | Self::V1Deflated)
    }

    /// What viewers of this form may send.
    pub(super) const fn compression(self) -> Compression {
        match self {
            Self::Bare | Self::V1 => Compression::None,
            Self::V1Deflated => Compression::Deflate,
        }
    }
}

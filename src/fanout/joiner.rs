//! `Joiner`: who is about to be a viewer, as the handshake found it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::hub::{Answer, Ask, ClientPermit, ConnectionPermit, Seat, Subscription, Topic};
use crate::protocol::Seq;
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
    /// The same as server-sent events.
    Sse,
}

/// Who joins, and what for.
#[derive(Debug)]
pub struct Joiner {
    /// What it is sent.
    pub form: Form,
    /// What stands before everything else: the head of the HTTP answer, unless that has gone already.
    pub head: Bytes,
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
    /// The place of its connection.
    pub connection: Option<Arc<ConnectionPermit>>,
    /// Its own place, behind a trusted proxy.
    pub client: Option<Arc<ClientPermit>>,
    /// What a drain waits for.
    pub token: TaskTrackerToken,
}

impl Form {
    /// How many there are.
    pub(super) const COUNT: usize = 4;
    /// Those that are sent messages.
    pub(super) const WITH_MESSAGES: [Self; 3] = [Self::V1, Self::V1Deflated, Self::Sse];

    /// A number below [`Form::COUNT`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Bare => 0,
            Self::V1 => 1,
            Self::V1Deflated => 2,
            Self::Sse => 3,
        }
    }

    /// The answer to `ask` of a topic whose last publication is `newest`. Who is sent records alone is sent no others
    /// than it asks for: it could not tell them from live ones.
    pub fn answer(self, ask: &Ask, topic: &Topic, newest: Seq) -> Answer {
        let mut standing = topic.standing(newest);
        if !self.has_messages() {
            standing.backfill = 0;
        }
        ask.answer(standing)
    }

    /// Whether the viewer is sent messages, and not records alone.
    pub(super) const fn has_messages(self) -> bool {
        !matches!(self, Self::Bare)
    }

    /// Whether the viewer is heard: an SSE stream goes one way.
    pub(super) const fn is_heard(self) -> bool {
        !matches!(self, Self::Sse)
    }

    /// What viewers of this form may send.
    pub(super) const fn compression(self) -> Compression {
        match self {
            Self::Bare | Self::V1 | Self::Sse => Compression::None,
            Self::V1Deflated => Compression::Deflate,
        }
    }
}

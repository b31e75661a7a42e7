//! `JoinRequest`: everything that the handshake has established about a new viewer: its encoding, the position that it
//! asks for, and the permits that it holds.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::hub::{
    ClientPermit, ConnectionPermit, ResumeOutcome, ResumeRequest, Subscription, Topic, ViewerPermit,
};
use crate::protocol::Seq;
use crate::protocol::websocket::Compression;

/// How publications and messages are encoded for a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// WebSocket frames that hold one record each, without any messages.
    Bare,
    /// `tickcast.v1` messages in WebSocket frames.
    V1,
    /// The same, with messages compressed if that makes them shorter.
    V1Deflated,
    /// `tickcast.v1` messages as server-sent events.
    Sse,
}

/// A viewer's request to join a topic.
#[derive(Debug)]
pub struct JoinRequest {
    /// The negotiated encoding.
    pub encoding: Encoding,
    /// The head of the HTTP response, if it has not been sent yet; it goes out before everything else.
    pub head: Bytes,
    /// The subscription to its topic, opened before the connection was upgraded, so that nothing is lost in between.
    pub subscription: Subscription,
    /// The position or the number of records from which the viewer wants to start.
    pub resume_request: ResumeRequest,
    /// What it holds until it leaves.
    pub permits: ViewerPermits,
}

/// The permits of a viewer, released when it has left.
#[derive(Debug)]
pub struct ViewerPermits {
    /// The viewer's address.
    pub remote: IpAddr,
    /// Counts it towards the viewer limits.
    pub viewer_permit: ViewerPermit,
    /// Counts its connection towards the connection limits.
    pub connection: Option<Arc<ConnectionPermit>>,
    /// Counts the viewer by its address, even behind a trusted proxy.
    pub client: Option<Arc<ClientPermit>>,
    /// Keeps the shutdown waiting until the viewer has left.
    pub task_token: TaskTrackerToken,
}

impl Encoding {
    /// The number of encodings.
    pub(super) const COUNT: usize = 4;
    /// All encodings, each at its [`index`](Self::index).
    pub(super) const ALL: [Self; Self::COUNT] = [Self::Bare, Self::V1, Self::V1Deflated, Self::Sse];
    /// The encodings with messages.
    pub(super) const WITH_MESSAGES: [Self; 3] = [Self::V1, Self::V1Deflated, Self::Sse];

    /// A number below [`Encoding::COUNT`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Bare => 0,
            Self::V1 => 1,
            Self::V1Deflated => 2,
            Self::Sse => 3,
        }
    }

    /// The name of the encoding in metrics and in the log.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::V1 => "v1",
            Self::V1Deflated => "v1_deflated",
            Self::Sse => "sse",
        }
    }

    /// Resolves a resume request against a topic whose last publication is `newest`. A bare viewer gets only the
    /// backfill that it asks for, because it could not tell other old records from live ones.
    pub fn resume_outcome(
        self,
        resume_request: &ResumeRequest,
        topic: &Topic,
        newest: Seq,
    ) -> ResumeOutcome {
        let mut head = topic.stream_head(newest);
        if !self.has_messages() {
            head.backfill = 0;
        }
        resume_request.resolve(head)
    }

    /// Returns whether the viewer is sent messages, not just records.
    pub(super) const fn has_messages(self) -> bool {
        !matches!(self, Self::Bare)
    }

    /// Returns whether the viewer can send anything; an SSE stream is one-way.
    pub(super) const fn is_two_way(self) -> bool {
        !matches!(self, Self::Sse)
    }

    /// The compression that the viewer may use.
    pub(super) const fn compression(self) -> Compression {
        match self {
            Self::Bare | Self::V1 | Self::Sse => Compression::None,
            Self::V1Deflated => Compression::Deflate,
        }
    }
}

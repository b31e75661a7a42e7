//! `Shared`: what a lane shares with the rest of the hub, and who comes to it that way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

use bytes::Bytes;

use super::drain::Drain;
use super::joiner::Joiner;
use super::load::Load;
use super::mailbox::Mailbox;
use crate::clock::Clock;

/// A socket that was taken over, and who is behind it.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) socket: std::net::TcpStream,
    /// What the viewer has sent already.
    pub(super) leftover: Bytes,
    pub(super) joiner: Joiner,
    pub(super) load: Load,
}

/// What a lane shares with the rest of the hub.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) mailbox: Mailbox<Newcomer, mio::Waker>,
    pub(super) drain: Arc<Drain>,
    pub(super) clock: Clock,
    /// Viewers on the lane, and on their way to it.
    pub(super) load: Arc<AtomicUsize>,
    pub(super) is_stopped: AtomicBool,
    /// How often it has woken, by which others see that it lives.
    pub(super) turns: AtomicU64,
}

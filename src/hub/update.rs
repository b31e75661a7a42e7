//! `Update`: the message type of a topic's channel.
//!
//! Apart from records, viewers are sent announcements: that the timeline changes, and that the dataset is over. They have
//! no `seq`, because a topic that is paused has no next record. Instead they are numbered, without holes.
//!
//! ## Exactly once
//!
//! Each viewer of messages is sent every announcement once, in order. It starts with the number of the last one that its
//! `hello` covers ([`AnnouncementLog::known_at_join`]), keeps the number of the last one that it was sent, and is sent a
//! number only if it is the next. The next one is in the log of its lane. If it is missing there, because the channel or
//! that log has dropped it or the viewer was catching up, it comes from the [`AnnouncementLog`]. Only a viewer that is more
//! than [`AnnouncementLog::LEN_MAX`] of them behind misses some: the oldest.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::protocol::message::Message;
use crate::protocol::{Flush, Publication, Seq};

/// What a topic sends to its readers.
#[derive(Debug, Clone)]
pub enum Update {
    /// One publication, in the form for each kind of viewer.
    Records {
        /// The record for viewers without a subprotocol, which get each publication in a frame.
        publication: Publication,
        /// The flush for v1 and SSE viewers that ends with this publication; `None` while more is being coalesced.
        flush: Option<Arc<Flush>>,
    },
    /// The timeline changes, now or later.
    State(Announcement),
    /// The dataset is over.
    End(Announcement),
    /// The topic is closed; the last update.
    Closed,
}

/// The number of an announcement of one topic, in the order in which they are sent. Each process begins with 1 again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnnouncementNumber(u32);

/// A message to all viewers of messages that holds no record.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// Its number.
    pub number: AnnouncementNumber,
    /// The last publication that was sent before it.
    pub after: Seq,
    /// The version of the timeline that a viewer knows with it.
    pub version: u64,
    /// The message.
    pub message: Arc<Message<'static>>,
}

/// The newest announcements of a topic.
#[derive(Debug)]
pub(super) struct AnnouncementLog {
    /// In order of their numbers, without holes.
    entries: VecDeque<Announcement>,
    /// The number of the last one; of none, if there was none yet.
    last: AnnouncementNumber,
    /// The version of the timeline before the oldest entry.
    version_before: u64,
}

impl AnnouncementNumber {
    /// Before the first announcement.
    pub const NONE: Self = Self(0);

    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) const fn to_bits(self) -> u32 {
        self.0
    }
}

impl From<Announcement> for Update {
    fn from(announcement: Announcement) -> Self {
        match *announcement.message {
            Message::End { .. } => Self::End(announcement),
            _ => Self::State(announcement),
        }
    }
}

impl AnnouncementLog {
    /// The most announcements kept. A viewer that misses more has been behind through as many changes, and gets the
    /// newest ones.
    const LEN_MAX: usize = 1_024;

    /// Creates the log of a topic whose timeline has this version at the start.
    pub(super) fn new(version: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            last: AnnouncementNumber::NONE,
            version_before: version,
        }
    }

    /// Appends a message that is sent after the publication `after`, when the timeline has this `version`.
    pub(super) fn push(
        &mut self,
        after: Seq,
        version: u64,
        message: Message<'static>,
    ) -> Announcement {
        self.last = self.last.next();
        let announcement = Announcement {
            number: self.last,
            after,
            version,
            message: Arc::new(message),
        };
        self.entries.push_back(announcement.clone());
        if self.entries.len() > Self::LEN_MAX
            && let Some(dropped) = self.entries.pop_front()
        {
            self.version_before = dropped.version;
        }
        announcement
    }

    /// The first announcement after number `known`; later than its successor if that is no longer kept.
    pub(super) fn after(&self, known: AnnouncementNumber) -> Option<&Announcement> {
        let following = self.entries.partition_point(|entry| entry.number <= known);
        self.entries.get(following)
    }

    /// The version of the timeline that a viewer knows that has the announcements up to `known`.
    pub(super) fn version_at(&self, known: AnnouncementNumber) -> u64 {
        let following = self.entries.partition_point(|entry| entry.number <= known);
        following
            .checked_sub(1)
            .map_or(self.version_before, |last| self.entries[last].version)
    }

    /// What a viewer that joins counts as sent, if `last` is the newest announcement: all of them, because `hello` holds
    /// the states, except that the dataset is over.
    pub(super) fn known_at_join(&self, last: AnnouncementNumber) -> AnnouncementNumber {
        let is_end = |entry: &&Announcement| matches!(*entry.message, Message::End { .. });
        let newest = self.entries.iter().rfind(|entry| entry.number <= last);
        match newest.filter(is_end) {
            Some(end) => AnnouncementNumber(end.number.0 - 1),
            None => last,
        }
    }
}

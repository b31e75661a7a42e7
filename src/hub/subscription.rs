//! `Subscription` and `UpdateReader`: the receiving end of a topic's broadcast channel.
//!
//! ## No hole and no repeat
//!
//! Publishing stores the new `seq` before it sends to the channel; subscribing opens the channel before it reads `seq`.
//! Every publication after that `seq` therefore arrives through the channel; duplicates are dropped by `seq`. The same
//! holds for announcements and their numbers.
//!
//! ## Lagging
//!
//! A reader that is slower than the channel's capacity misses updates. It notices by the `seq` of the next update; the
//! missing publications are read from the feed. Announcements that it missed are in the topic.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::ReusableBoxFuture;

use super::resume::JoinPoint;
use super::topic::Topic;
use super::update::{AnnouncementNumber, Update};
use crate::protocol::Seq;

/// A receiver, and what was sent before it was opened.
#[derive(Debug)]
pub struct Subscription {
    topic: Arc<Topic>,
    updates: Receiver<Update>,
    point: JoinPoint,
}

/// Reads the updates of a topic, each once and in order.
#[must_use = "a reader that is not polled makes every publication more expensive"]
pub struct UpdateReader {
    topic: Arc<Topic>,
    next: Seq,
    /// The last announcement delivered, or sent before the reader was opened.
    announced: AnnouncementNumber,
    /// The channel has dropped updates since the last publication that was delivered.
    has_lagged: bool,
    recv: ReusableBoxFuture<'static, RecvOutcome>,
}

/// The result of one wait, and the receiver that waited.
type RecvOutcome = (Result<Update, RecvError>, Receiver<Update>);

impl Subscription {
    /// Subscribes to `topic`, from the last publication on.
    #[must_use]
    pub fn open(topic: &Arc<Topic>) -> Self {
        Self {
            topic: Arc::clone(topic),
            updates: topic.subscribe(),
            // Read after the channel was opened, or what is sent in between would be lost.
            point: JoinPoint {
                newest: topic.published(),
                announcement: topic.last_announcement(),
            },
        }
    }

    /// Returns the topic.
    #[must_use]
    pub const fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// What was sent before the first update that the reader delivers.
    #[must_use]
    pub const fn point(&self) -> JoinPoint {
        self.point
    }

    /// Starts to read.
    pub fn into_reader(self) -> UpdateReader {
        UpdateReader {
            next: self.point.newest.next(),
            announced: self.point.announcement,
            has_lagged: false,
            topic: self.topic,
            recv: ReusableBoxFuture::new(wait(self.updates)),
        }
    }
}

impl UpdateReader {
    /// Updates delivered by one call, so that the calling task can do its other work.
    const UPDATES_MAX: usize = 4_096;
    /// Bytes that one call may have the consumer process: a few milliseconds if all of it is compressed.
    const BYTES_MAX: usize = 256 * 1024;

    /// Returns the topic.
    #[must_use]
    pub const fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// The last announcement that was delivered, or sent before the reader was opened.
    #[must_use]
    pub const fn announced(&self) -> AnnouncementNumber {
        self.announced
    }

    /// The next publication that will be delivered, unless the reader has lagged.
    #[must_use]
    pub const fn next(&self) -> Seq {
        self.next
    }

    /// Passes the updates that have arrived to `take`, which returns how many bytes it had to process. Wakes `context`
    /// when there are more.
    pub fn poll(&mut self, context: &mut Context<'_>, mut take: impl FnMut(Update) -> usize) {
        let (mut updates_left, mut bytes_left) = (Self::UPDATES_MAX, Self::BYTES_MAX);
        while let Poll::Ready((result, mut receiver)) = self.recv.poll(context) {
            match result {
                Ok(update) => {
                    bytes_left = bytes_left.saturating_sub(self.accept(update, &mut take));
                }
                Err(RecvError::Lagged(_)) => self.has_lagged = true,
                // Never: `self.topic` holds the sender.
                Err(RecvError::Closed) => {}
            }
            while updates_left > 0 && bytes_left > 0 {
                match receiver.try_recv() {
                    Ok(update) => {
                        bytes_left = bytes_left.saturating_sub(self.accept(update, &mut take));
                    }
                    Err(TryRecvError::Lagged(_)) => self.has_lagged = true,
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
                updates_left -= 1;
            }
            self.recv.set(wait(receiver));
            if updates_left == 0 || bytes_left == 0 {
                context.waker().wake_by_ref();
                return;
            }
        }
    }

    /// Passes `update` on unless it is a duplicate, after the announcements that the channel has dropped before it. The
    /// consumer sees dropped publications by the `seq` of the next one.
    fn accept(&mut self, update: Update, take: &mut impl FnMut(Update) -> usize) -> usize {
        let mut missed_len = 0;
        // What is dropped here was sent after the channel was opened, but `Subscription::open` has seen its number.
        match &update {
            Update::Records { publication, .. } => {
                if publication.seq() < self.next {
                    return 0;
                }
                if std::mem::take(&mut self.has_lagged) {
                    missed_len = self.take_missed(publication.seq(), take);
                }
                self.next = publication.seq().next();
            }
            Update::State(announcement) | Update::End(announcement) => {
                if announcement.number <= self.announced {
                    return 0;
                }
                self.announced = announcement.number;
            }
            Update::Closed => {}
        }
        missed_len + take(update)
    }

    /// Passes on the announcements that were sent before the publication `seq` and have not been delivered.
    fn take_missed(&mut self, seq: Seq, take: &mut impl FnMut(Update) -> usize) -> usize {
        let mut len = 0;
        while let Some(announcement) = self.topic.announcement_after(self.announced)
            && announcement.after < seq
        {
            self.announced = announcement.number;
            len += take(announcement.into());
        }
        len
    }
}

/// Waits for one update. `recv` borrows the receiver, so a future that is stored has to own it.
async fn wait(mut receiver: Receiver<Update>) -> RecvOutcome {
    let result = receiver.recv().await;
    (result, receiver)
}

impl fmt::Debug for UpdateReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateReader")
            .field("topic", self.topic.name())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

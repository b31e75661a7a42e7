//! `Subscription` and `Feed`: the receiving end of a topic's broadcast channel.
//!
//! ## No hole and no repeat
//!
//! Publishing stores the new `seq` before it sends to the channel; subscribing opens the channel before it reads `seq`.
//! Every publication after that `seq` therefore arrives through the channel; duplicates are dropped by `seq`.
//!
//! ## Lagging
//!
//! A reader that is slower than the channel's capacity misses updates. It notices by the `seq` of the next update; the
//! missing publications are computed from the timeline.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::ReusableBoxFuture;

use super::topic::Topic;
use super::update::Update;
use crate::protocol::Seq;

/// A receiver, and the last publication that was sent before it was opened.
#[derive(Debug)]
pub struct Subscription {
    topic: Arc<Topic>,
    updates: Receiver<Update>,
    last: Seq,
}

/// Reads the updates of a topic, each once and in order.
#[must_use = "a feed that is not read makes every publication more expensive"]
pub struct Feed {
    topic: Arc<Topic>,
    next: Seq,
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
            // Read after the channel was opened, or a publication in between would be lost.
            last: topic.published(),
        }
    }

    /// Returns the topic.
    #[must_use]
    pub const fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// The publication before the first that the feed delivers.
    #[must_use]
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// Starts to read.
    pub fn into_feed(self) -> Feed {
        Feed {
            next: self.last.next(),
            topic: self.topic,
            recv: ReusableBoxFuture::new(wait(self.updates)),
        }
    }
}

impl Feed {
    /// Updates delivered by one call, so that the calling task can do its other work.
    const UPDATES_MAX: usize = 4_096;
    /// Bytes that one call may have the consumer process: a few milliseconds if all of it is compressed.
    const BYTES_MAX: usize = 256 * 1024;

    /// Returns the topic.
    #[must_use]
    pub const fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// The next publication that will be delivered, unless the feed has lagged.
    #[must_use]
    pub const fn next(&self) -> Seq {
        self.next
    }

    /// Passes the updates that have arrived to `take`, which returns how many bytes it had to process. Wakes `context`
    /// when there are more.
    pub fn poll(&mut self, context: &mut Context<'_>, mut take: impl FnMut(Update) -> usize) {
        let (mut updates_left, mut bytes_left) = (Self::UPDATES_MAX, Self::BYTES_MAX);
        while let Poll::Ready((result, mut receiver)) = self.recv.poll(context) {
            if let Ok(update) = result {
                bytes_left = bytes_left.saturating_sub(self.accept(update, &mut take));
            }
            while updates_left > 0 && bytes_left > 0 {
                match receiver.try_recv() {
                    Ok(update) => {
                        bytes_left = bytes_left.saturating_sub(self.accept(update, &mut take));
                    }
                    // The consumer sees it by the `seq` of the next update.
                    Err(TryRecvError::Lagged(_)) => {}
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

    fn accept(&mut self, update: Update, take: &mut impl FnMut(Update) -> usize) -> usize {
        let seq = update.publication.seq();
        if seq < self.next {
            // Sent after the channel was opened, but its `seq` was already read by `Subscription::open`.
            return 0;
        }
        self.next = seq.next();
        take(update)
    }
}

/// Waits for one update. `recv` borrows the receiver, so a future that is stored has to own it.
async fn wait(mut receiver: Receiver<Update>) -> RecvOutcome {
    let result = receiver.recv().await;
    (result, receiver)
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("topic", self.topic.name())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

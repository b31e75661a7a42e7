//! A topic's channel from its writer to its readers, and how a reader keeps its place in it.
//!
//! Publishing stores the place before it sends; subscribing opens the channel before it reads the place. So a
//! subscriber misses nothing after the place it was told, and drops what it was told already. A reader that the
//! channel has overtaken sees it by the place of what comes next; what lies between can be computed.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::ReusableBoxFuture;

use super::topic::Topic;
use super::wave::Wave;
use crate::protocol::Seq;

/// An open channel, and the place in the timeline from which it was opened.
#[derive(Debug)]
pub struct Subscription {
    topic: Arc<Topic>,
    waves: Receiver<Wave>,
    last: Seq,
}

/// A reader's end of the channel: publications after its place, once and in order.
#[must_use = "a feed that is not read holds back nothing, but costs the writer a receiver"]
pub struct Feed {
    topic: Arc<Topic>,
    next: Seq,
    arrival: ReusableBoxFuture<'static, Arrival>,
}

/// The outcome of one wait, and the receiver that waited.
type Arrival = (Result<Wave, RecvError>, Receiver<Wave>);

impl Subscription {
    /// Opens the channel at the topic's place now, for somebody who may become a viewer.
    #[must_use]
    pub fn open(topic: &Arc<Topic>) -> Self {
        Self {
            topic: Arc::clone(topic),
            waves: topic.waves(),
            // Read after the channel was opened: see the head of this file.
            last: topic.published(),
        }
    }

    /// The topic subscribed to.
    #[must_use]
    pub const fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// The last publication before the first that will come.
    #[must_use]
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// Begins to read.
    pub fn into_feed(self) -> Feed {
        Feed {
            next: self.last.next(),
            topic: self.topic,
            arrival: ReusableBoxFuture::new(wait(self.waves)),
        }
    }
}

impl Feed {
    /// Waves taken in one go. Beyond it the reader gets to do something else.
    const WAVES_MAX: usize = 4_096;
    /// Bytes of work in one go: some milliseconds where all of it is compressed.
    const LEN_MAX: usize = 256 * 1024;

    /// The topic that is read.
    #[must_use]
    pub const fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// The publication that comes next.
    #[must_use]
    pub const fn next(&self) -> Seq {
        self.next
    }

    /// Gives `take`, which returns how many bytes of work that was, what has come. `context` is woken when there is more.
    pub fn poll(&mut self, context: &mut Context<'_>, mut take: impl FnMut(Wave) -> usize) {
        let (mut left, mut len_left) = (Self::WAVES_MAX, Self::LEN_MAX);
        while let Poll::Ready((result, mut waves)) = self.arrival.poll(context) {
            if let Ok(wave) = result {
                len_left = len_left.saturating_sub(self.accept(wave, &mut take));
            }
            while left > 0 && len_left > 0 {
                match waves.try_recv() {
                    Ok(wave) => len_left = len_left.saturating_sub(self.accept(wave, &mut take)),
                    // What was missed shows in the place of what comes next.
                    Err(TryRecvError::Lagged(_)) => {}
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
                left -= 1;
            }
            self.arrival.set(wait(waves));
            if left == 0 || len_left == 0 {
                context.waker().wake_by_ref();
                return;
            }
        }
    }

    fn accept(&mut self, wave: Wave, take: &mut impl FnMut(Wave) -> usize) -> usize {
        let seq = wave.publication.seq();
        if seq < self.next {
            // It was on its way while the channel was opened, and is older than the place.
            return 0;
        }
        self.next = seq.next();
        take(wave)
    }
}

/// The channel lends a waiting place only to a future that borrows the receiver, so the future owns it.
async fn wait(mut waves: Receiver<Wave>) -> Arrival {
    let result = waves.recv().await;
    (result, waves)
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("topic", self.topic.name())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

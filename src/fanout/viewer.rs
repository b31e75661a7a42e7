//! `Viewer`: a connection and what is subscribed to over it.
//!
//! The lane takes a [`ViewerTurn`] when the socket is ready, the topic has news, or a timer has expired. A turn writes
//! without blocking, and returns what is needed next as a [`ServeOutcome`].

use std::io;

use super::backfill::BackfillRange;
use super::delivery_sampler::CompletedWrite;
use super::socket_writer::{SentTotals, WriteBudget, WriteOutcome};
use super::viewer_connection::ViewerConnection;
use super::viewer_session::PendingClose;
use super::viewer_subscription::{LaneContext, ViewerSubscription};
use crate::hub::DisconnectReason;
use crate::protocol::message::GapReason;
use crate::protocol::{CloseReason, Seq};

/// A connected viewer. What every flush touches is here, in one cache line.
#[derive(Debug)]
pub(super) struct Viewer {
    /// Exactly one. It stays in this cache line when there are several; the others are elsewhere, and taken by their
    /// ids in [`Self::turn`].
    ///
    /// The first field, because fields are dropped in order: the viewer is no longer present before its peer can see
    /// the connection end.
    pub(super) subscription: ViewerSubscription,
    pub(super) connection: ViewerConnection,
}

/// One subscription, the connection that it is served over, and the parts of the lane that this takes.
#[derive(Debug)]
pub(super) struct ViewerTurn<'a> {
    connection: &'a mut ViewerConnection,
    subscription: &'a mut ViewerSubscription,
    context: LaneContext<'a>,
    /// The viewer is too far behind: once its queued frames are written, it skips publications.
    is_too_far: bool,
}

/// What a subscription needs after its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServeOutcome {
    /// Nothing until the next event.
    Idle,
    /// It has more to write, and yielded to the others, or the next message is long.
    WriteAgain,
    /// The next publications are only in the history. It is nearly live if one block of them is enough.
    NeedsBackfill { is_nearly_live: bool },
    /// The connection is closed.
    Closed,
}

impl Viewer {
    /// Serves the subscription in `context`.
    pub(super) const fn turn<'a>(&'a mut self, context: LaneContext<'a>) -> ViewerTurn<'a> {
        ViewerTurn {
            connection: &mut self.connection,
            subscription: &mut self.subscription,
            context,
            is_too_far: false,
        }
    }

    /// What a turn has completed that counted `sent`, for a subscription that was live before it. `None` if that is
    /// nothing, or if the socket has not accepted all of it: then the turn that writes the rest completes it.
    pub(super) fn completed_write(&self, sent: SentTotals) -> Option<CompletedWrite> {
        let is_complete = sent.publications > 0 && self.connection.queue.is_empty();
        is_complete.then(|| CompletedWrite {
            last: self.subscription.cursor.last(),
            publications: sent.publications,
        })
    }

    /// The last publication that was sent or queued; `None` during a close.
    pub(super) fn last(&self) -> Option<Seq> {
        (!self.connection.is_closing()).then(|| self.subscription.cursor.last())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        if let DisconnectReason::Closed(reason) = self.connection.disconnect_reason() {
            self.subscription.set_close_reason(reason);
        }
    }
}

impl ViewerTurn<'_> {
    /// Writes what the viewer has not been sent yet, until the socket blocks or the budget is spent.
    ///
    /// | the log says | what is done |
    /// |---|---|
    /// | everything is written | pongs, then the gap of a viewer that is too far behind; otherwise it is up to date |
    /// | it has dropped the next announcement | the topic has it |
    /// | it has dropped the next publications | an announcement that was sent before them, then the history |
    /// | it is the others' turn | the backfill queue continues it |
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn send(
        mut self,
        mut budget: WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<ServeOutcome> {
        if self.connection.is_blocked() {
            self.enforce_max_lag();
            return Ok(ServeOutcome::Idle);
        }
        self.is_too_far =
            self.subscription.was_blocked() && self.subscription.exceeds_max_lag(self.context);
        if self.is_too_far {
            self.enforce_max_lag();
        }
        loop {
            self.is_too_far &= !self.connection.is_closing();
            match self.write(&mut budget, sent)? {
                WriteOutcome::Done if self.connection.owes_pong() => {
                    self.connection.push_pongs(self.context.clock);
                }
                // Only once the queued frames are written: the gap may still grow until then, and one gap is enough.
                WriteOutcome::Done if std::mem::take(&mut self.is_too_far) => {
                    let skipped = self.skip_to_live(GapReason::Slow);
                    let metrics = &self.context.topic.metrics;
                    metrics.gaps.add(1);
                    metrics.gap_records.add(skipped);
                }
                WriteOutcome::Done => return self.on_all_written(),
                WriteOutcome::MissedAnnouncement => {
                    let queue = &mut self.connection.queue;
                    self.subscription
                        .push_missed_announcement(self.context, queue);
                }
                WriteOutcome::NotInLog(_) if self.push_due_announcement() => {}
                WriteOutcome::NotInLog(to) => {
                    let is_nearly_live =
                        to == self.context.newest() && self.subscription.fits_one_block(to);
                    return Ok(ServeOutcome::NeedsBackfill { is_nearly_live });
                }
                WriteOutcome::Yield => return Ok(ServeOutcome::WriteAgain),
                WriteOutcome::Blocked => {
                    self.connection.mark_blocked();
                    self.subscription.mark_blocked(self.context);
                    self.enforce_max_lag();
                    return Ok(ServeOutcome::Idle);
                }
            }
        }
    }

    /// Writes the queued frames and then the log, unless something else comes before that: a close, a pong or a gap.
    fn write(
        &mut self,
        budget: &mut WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<WriteOutcome> {
        let is_log_next =
            !(self.connection.is_closing() || self.connection.owes_pong() || self.is_too_far);
        let mut writer = self.connection.writer(budget, sent);
        let outcome = if is_log_next {
            self.subscription
                .cursor
                .write(self.context.log, &mut writer)?
        } else {
            writer.write_queued()?
        };
        // If a socket that was full accepts bytes, the viewer has read some.
        if self.subscription.was_blocked() && sent.bytes > 0 {
            self.connection.mark_progress();
        }
        Ok(outcome)
    }

    /// Everything has been written: the subscription is up to date, or the connection's close can continue.
    fn on_all_written(&mut self) -> io::Result<ServeOutcome> {
        if !self.connection.is_closing() {
            self.subscription.mark_up_to_date();
            return Ok(ServeOutcome::Idle);
        }
        let is_over = self.connection.continue_close()?;
        Ok(if is_over {
            ServeOutcome::Closed
        } else {
            ServeOutcome::Idle
        })
    }

    fn push_due_announcement(&mut self) -> bool {
        let queue = &mut self.connection.queue;
        self.subscription.push_due_announcement(self.context, queue)
    }

    /// Skips everything up to the newest publication, and returns how many it has skipped.
    fn skip_to_live(&mut self, reason: GapReason) -> u64 {
        let queue = &mut self.connection.queue;
        let skipped = self.subscription.skip_to_live(self.context, reason, queue);
        self.connection.add_missed(skipped);
        skipped
    }

    /// Skips publications that cannot be read. A bare viewer, which cannot be sent a gap, is closed. A viewer of a topic
    /// that is closed is about to leave anyway.
    pub(super) fn skip_unreadable(mut self) {
        if self.context.topic.closure().is_some() {
            return;
        }
        if self.subscription.encoding().has_messages() {
            self.skip_to_live(GapReason::Expired);
        } else {
            let close = PendingClose::new(CloseReason::Slow, self.context.clock.now());
            let retry_ms = self.context.drain.retry_ms();
            self.connection.close(close, retry_ms);
        }
    }

    /// Starts to close the connection if the subscription is too far behind and the policy is to disconnect.
    fn enforce_max_lag(&mut self) {
        let LaneContext {
            topic,
            clock,
            drain,
            ..
        } = self.context;
        if !self.connection.is_closing()
            && self.subscription.is_closed_when_slow(topic)
            && self.subscription.exceeds_max_lag(self.context)
        {
            let close = PendingClose::new(CloseReason::Slow, clock.now());
            self.connection.close(close, drain.retry_ms());
        }
    }

    /// Returns the range of the history to send next, if any.
    pub(super) fn take_backfill_range(self) -> Option<BackfillRange> {
        // A viewer has at most one block in its queue.
        if self.connection.is_closing() || !self.connection.queue.is_empty() {
            return None;
        }
        self.subscription.take_backfill_range(self.context)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::RawFd;

    use mio::net::TcpStream;

    use super::*;

    #[test]
    fn a_viewer_fits_into_one_cache_line() {
        // In debug builds, mio adds to each socket the selector that it is registered with.
        let debug_len = size_of::<TcpStream>() - size_of::<RawFd>();
        let len = size_of::<Viewer>() - debug_len;
        assert!(len <= 64, "{len}");
    }
}

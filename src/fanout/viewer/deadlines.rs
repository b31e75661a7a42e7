//! A viewer's deadlines: pings, what says that it lives, and the end of a close.

use super::super::acknowledged::Acknowledged;
use super::super::closing::Closing;
use super::super::conversation::{Demand, Parting};
use super::super::{socket, words};
use super::Viewer;
use crate::protocol::{Close, Micros};

impl Viewer {
    /// When the wheel gives the viewer out, and when it should.
    pub(in crate::fanout) fn alarm_and_deadline(&mut self) -> (&mut Micros, Micros) {
        let deadline = self.conversation.deadline();
        (&mut self.conversation.alarm, deadline)
    }

    /// The hub drains, and does this about the viewer at `at`.
    pub(in crate::fanout) const fn part_at(&mut self, at: Micros, parting: Parting) {
        self.conversation.part_at(at, parting);
    }

    /// The hub drains, and does this about the viewer now. A bare viewer cannot be told.
    pub(in crate::fanout) fn part(&mut self, parting: Parting, retry_ms: [u64; 2], now: Micros) {
        match parting {
            Parting::Tell if self.is_closing || !self.form.has_messages() => {}
            Parting::Tell => self
                .outgoing
                .push(words::bye(self.form, Close::Draining, retry_ms)),
            Parting::Close => self.close(Closing::begin(Close::Draining, now), retry_ms),
        }
    }

    /// What says that the viewer takes what it is sent, as a number that grows while it does.
    fn progress(&mut self, acknowledged: &mut Acknowledged) -> u64 {
        let has_taken = std::mem::take(&mut self.has_taken);
        acknowledged
            .bytes(&self.socket)
            .unwrap_or_else(|| self.conversation.count_taken(has_taken))
    }

    /// A close has begun: what the viewer has acknowledged by then is no answer to it.
    pub(in crate::fanout) fn note_progress(&mut self, acknowledged: &mut Acknowledged) {
        if self.conversation.closing_to_note().is_some() {
            let progress = self.progress(acknowledged);
            if let Some(closing) = self.conversation.closing_to_note() {
                closing.note(progress);
            }
        }
    }

    /// A deadline has come; false when the viewer is to be cut.
    pub(in crate::fanout) fn beat(
        &mut self,
        retry_ms: [u64; 2],
        acknowledged: &mut Acknowledged,
        now: Micros,
    ) -> bool {
        let progress = if self.conversation.is_progress_asked() {
            self.progress(acknowledged)
        } else {
            0
        };
        let has_more = !self.outgoing.is_outbox_empty();
        match self.conversation.beat(progress, has_more, now) {
            Demand::Wait => {}
            // Behind what waits, a comment would be one more thing that waits.
            Demand::Ping if !self.form.is_heard() && !self.outgoing.is_outbox_empty() => {}
            Demand::Ping => self.outgoing.push(words::sign_of_life(self.form)),
            Demand::Part(parting) => self.part(parting, retry_ms, now),
            Demand::Close(why) => self.close(Closing::begin(why, now), retry_ms),
            Demand::Cut => {
                if self.takes_nothing() {
                    socket::reset(&self.socket);
                }
                return false;
            }
        }
        true
    }

    /// Whether what the viewer was told last is not worth waiting for: the kernel, too, would keep it for as long as
    /// the viewer takes nothing.
    fn takes_nothing(&self) -> bool {
        let why = self.conversation.closing().map(|closing| closing.why);
        !self.outgoing.is_outbox_empty() || matches!(why, Some(Close::NoPong | Close::Slow))
    }
}

//! A viewer's deadlines: pings, its signs of life, and the end of a close.

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

    /// Schedules `parting` for `at`, because the hub drains.
    pub(in crate::fanout) const fn part_at(&mut self, at: Micros, parting: Parting) {
        self.conversation.part_at(at, parting);
    }

    /// Does `parting` now, because the hub drains. A bare viewer gets no `bye`.
    pub(in crate::fanout) fn part(&mut self, parting: Parting, retry_ms: [u64; 2], now: Micros) {
        match parting {
            Parting::Tell if self.is_closing || !self.form.has_messages() => {}
            Parting::Tell => self
                .outgoing
                .push(words::bye(self.form, Close::Draining, retry_ms)),
            Parting::Close => self.close(Closing::begin(Close::Draining, now), retry_ms),
        }
    }

    /// Returns a number that grows while the viewer takes what it is sent.
    fn progress(&mut self, acknowledged: &mut Acknowledged) -> u64 {
        let has_taken = std::mem::take(&mut self.has_taken);
        acknowledged
            .bytes(&self.socket)
            .unwrap_or_else(|| self.conversation.count_taken(has_taken))
    }

    /// Notes the progress when a close begins, because what was acknowledged before does not answer it.
    pub(in crate::fanout) fn note_progress(&mut self, acknowledged: &mut Acknowledged) {
        if self.conversation.closing_to_note().is_some() {
            let progress = self.progress(acknowledged);
            if let Some(closing) = self.conversation.closing_to_note() {
                closing.note(progress);
            }
        }
    }

    /// Does what is due at a deadline; false if the viewer is to be cut.
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
            // A comment would only queue up behind what waits already.
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

    /// Whether the viewer takes nothing, so that its last messages are not worth keeping: the kernel would hold them
    /// until it reads.
    fn takes_nothing(&self) -> bool {
        let why = self.conversation.closing().map(|closing| closing.why);
        !self.outgoing.is_outbox_empty() || matches!(why, Some(Close::NoPong | Close::Slow))
    }
}

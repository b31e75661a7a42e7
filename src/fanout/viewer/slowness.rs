//! A viewer that does not keep up: from when it counts as behind, how far it may be, and what becomes of it then.

use super::super::closing::Closing;
use super::super::joiner::Form;
use super::super::surroundings::Surroundings;
use super::Viewer;
use crate::hub::Topic;
use crate::protocol::message::{Gap, GapReason, Message};
use crate::protocol::{Close, Micros, Seq};
use crate::settings::SlowPolicy;

impl Viewer {
    /// The viewer is behind from now on. What it lacks already is not its doing: it joined far back, or the hub itself
    /// stood still.
    pub(super) fn fall_back(&mut self, topic: &Topic, newest: Seq, now: Micros) {
        if !std::mem::replace(&mut self.is_behind, true) {
            let lag = topic.lag(self.outgoing.last(), newest);
            self.conversation.begin_behind(lag, now);
        }
    }

    /// Whether it is further behind than it is granted, and has been for as long.
    pub(super) fn is_too_far(&self, surroundings: Surroundings<'_>) -> bool {
        let (last, newest) = (self.outgoing.last(), surroundings.newest());
        let (topic, backlog) = (surroundings.topic, self.conversation.backlog());
        topic.is_too_far(last, newest, backlog)
            && self.conversation.behind_for(surroundings.clock.now()) > topic.max_lag()
    }

    /// Begins to close a viewer that has fallen behind further than it is allowed to, if that is the policy.
    pub(super) fn judge(&mut self, surroundings: Surroundings<'_>) {
        if !self.is_closing
            && self.is_closed_when_slow(surroundings.topic)
            && self.is_too_far(surroundings)
        {
            let closing = Closing::begin(Close::Slow, surroundings.clock.now());
            self.close(closing, surroundings.drain.retry_ms());
        }
    }

    /// The viewer is further behind than it is granted: it is told the gap and goes on with live.
    pub(super) fn leave_out(&mut self, surroundings: Surroundings<'_>) {
        let topic = surroundings.topic;
        let (from, to) = (self.outgoing.last().next(), surroundings.newest());
        topic.counters.gaps.add(1);
        self.outgoing.skip_to(to);
        self.say(&Message::Gap(Gap {
            from: Some(from),
            to: Some(to),
            reason: GapReason::Slow,
        }));
        if let Some(state) = topic.state_within(from, to) {
            self.say(&state);
        }
        self.say_end_at_the_end(topic);
    }

    fn is_closed_when_slow(&self, topic: &Topic) -> bool {
        self.form == Form::Bare || topic.slow() == SlowPolicy::Disconnect
    }
}

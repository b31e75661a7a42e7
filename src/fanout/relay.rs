//! `Relay`: a topic on a lane: what comes through its channel becomes units in the logs of its audiences.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::audience::Audience;
use super::bell::{Bell, DoorBell, Rope};
use super::blocks::Blocks;
use super::encoder::Encoder;
use super::headcount::Headcount;
use super::joiner::Form;
use super::log::{Log, Unit};
use super::outbox::Tally;
use super::words;
use crate::hub::{Feed, Topic, Wave};
use crate::metrics::Peak;
use crate::protocol::message::Message;
use crate::protocol::{Flush, Micros, Publication, Seq};

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Relay<R: Rope> {
    feed: Feed,
    door: Arc<DoorBell<R>>,
    waker: Waker,
    audiences: [Audience; Form::COUNT],
    blocks: Blocks,
    headcount: Headcount,
    lag: Lag,
    /// What has been given to sockets and not been counted by the topic yet.
    pub(super) tally: Tally,
}

impl<R: Rope> Relay<R> {
    pub(super) fn begin(feed: Feed, lane: &Arc<Bell<R>>) -> Self {
        let door = Arc::new(DoorBell::new(Arc::clone(lane)));
        let lag = Lag {
            furthest: None,
            peak: feed.topic().counters.lag.part(),
        };
        Self {
            feed,
            waker: Waker::from(Arc::clone(&door)),
            door,
            audiences: [const { Audience::new() }; Form::COUNT],
            blocks: Blocks::default(),
            headcount: Headcount::default(),
            lag,
            tally: Tally::default(),
        }
    }

    pub(super) const fn topic(&self) -> &Arc<Topic> {
        self.feed.topic()
    }

    pub(super) fn log(&self, form: Form) -> &Log {
        self.audiences[form.index()].log()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.audiences.iter().all(Audience::is_empty)
    }

    /// Adds a viewer that was greeted as one of `viewers`; returns its rank.
    pub(super) fn add(&mut self, viewer: u32, form: Form, viewers: usize) -> u32 {
        if form.has_messages() {
            let is_empty = |form: &Form| self.audiences[form.index()].is_empty();
            let is_only = Form::WITH_MESSAGES.iter().all(is_empty);
            self.headcount.greet(viewers, is_only);
        }
        self.audiences[form.index()].add(viewer, self.feed.next())
    }

    /// The piece of the history that begins with the first of `range` and ends with the second at the latest, for
    /// viewers of `form`.
    pub(super) fn block(
        &mut self,
        form: Form,
        range: (Seq, Seq),
        encoder: &mut Encoder,
    ) -> Option<Unit> {
        let unit = self.blocks.get(self.feed.topic(), form, range, encoder)?;
        if form.has_messages() {
            self.headcount.miss(unit.first, unit.last);
        }
        Some(unit)
    }

    /// Removes a viewer: see [`Audience::remove`].
    pub(super) fn remove(&mut self, form: Form, rank: u32) -> Option<(u32, bool)> {
        self.audiences[form.index()].remove(rank)
    }

    /// Takes what has come, if anything has.
    pub(super) fn listen(&mut self, arrived: &mut Arrived, encoder: &mut Encoder) {
        if !self.door.answer() {
            return;
        }
        let topic = Arc::clone(self.feed.topic());
        arrived.next = self.audiences.each_ref().map(Audience::next);
        let mut context = Context::from_waker(&self.waker);
        self.feed
            .poll(&mut context, |wave| arrived.take(&topic, wave, encoder));
        self.tell_viewers(arrived);
        for (audience, units) in self.audiences.iter_mut().zip(&mut arrived.units) {
            audience.extend(units);
            units.clear();
            units.shrink_to(Arrived::UNITS_KEPT);
        }
    }

    /// Has the last flush that came tell how many viewers there are, if that is to be told. One number is read a
    /// flush, and nothing is done for a viewer: the message is a part of what the flush is to all of them.
    fn tell_viewers(&mut self, arrived: &mut Arrived) {
        let Some(last) = arrived.last_flush() else {
            return;
        };
        if let Some(n) = self.headcount.tell(self.topic().viewers(), last) {
            arrived.say(&Message::Viewers { n });
        }
    }

    /// Whether a round is under way.
    pub(super) fn is_in_round(&self) -> bool {
        self.audiences.iter().any(Audience::is_in_round)
    }

    /// Adds the next viewers of each audience's round to `visits`, of each at most `most`: none waits for the other's
    /// end.
    pub(super) fn go_round(&mut self, most: usize, visits: &mut Vec<u32>) {
        for audience in &mut self.audiences {
            audience.go_round(most, visits);
        }
    }

    /// A viewer of `form` has everything up to `last`.
    pub(super) fn see(&mut self, form: Form, last: Seq) {
        let newest = self.log(form).next().previous();
        let behind = |(last, newest): (Seq, Seq)| newest.get().saturating_sub(last.get());
        let furthest = self.lag.furthest.map_or(0, behind);
        if behind((last, newest)) > furthest {
            self.lag.furthest = Some((last, newest));
        }
    }

    /// All viewers were seen: tells the topic how far behind the furthest of them is, and returns whether any is.
    pub(super) fn tell_lag(&mut self) -> bool {
        let furthest = self.lag.furthest.take();
        let lag = furthest.map_or(Duration::ZERO, |(last, newest)| {
            self.topic().lag(last, newest)
        });
        self.lag.peak.set(lag);
        furthest.is_some()
    }

    /// Has the topic count what was given to sockets.
    pub(super) fn count(&mut self) {
        let Tally {
            bytes,
            publications,
        } = std::mem::take(&mut self.tally);
        let counters = &self.topic().counters;
        counters.bytes.add(bytes);
        counters.delivered.add(publications);
    }
}

/// How far behind the viewers are.
#[derive(Debug)]
struct Lag {
    /// What the viewer has that lacks most of those seen so far, and what there was for it then.
    furthest: Option<(Seq, Seq)>,
    peak: Peak,
}

/// Units on their way from a channel to the logs of each form; kept, so that a wave hardly ever costs memory of its
/// own.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    units: [Vec<Unit>; Form::COUNT],
    /// What the viewers of each form are to get next; `None` while there are none.
    next: [Option<Seq>; Form::COUNT],
}

impl Arrived {
    /// Room for units that is kept; more is given back.
    const UNITS_KEPT: usize = 1_024;

    /// Returns how many bytes were encoded, or copied into a log.
    fn take(&mut self, topic: &Topic, wave: Wave, encoder: &mut Encoder) -> usize {
        let mut len = self.take_publication(&wave.publication);
        if let Some(flush) = wave.flush {
            for form in Form::WITH_MESSAGES {
                len += self.take_flush(topic, &flush, form, encoder);
            }
        }
        len
    }

    /// What the channel had no longer is missing in the log, and so is sent from the history.
    fn take_publication(&mut self, publication: &Publication) -> usize {
        if self.is_owed(Form::Bare, publication.seq()).is_none() {
            return 0;
        }
        self.units[Form::Bare.index()].push(Unit::bare(publication));
        publication.frame().own_len()
    }

    /// A flush that begins before the place of the audience is cut to it.
    fn take_flush(
        &mut self,
        topic: &Topic,
        flush: &Flush,
        form: Form,
        encoder: &mut Encoder,
    ) -> usize {
        let Some(next) = self.is_owed(form, flush.last()) else {
            return 0;
        };
        let units = &mut self.units[form.index()];
        if flush.first() >= next {
            units.push(encoder.flush(topic, flush, form));
        } else {
            let rest = topic.flushes(next, flush.last());
            units.extend(rest.map(|flush| encoder.flush(topic, &flush, form)));
        }
        // What is longer is neither copied nor compressed.
        flush.frames().bytes.len().min(Flush::DEFLATED_LEN_MAX)
    }

    /// The last publication of the last flush that somebody is sent, and when it is due.
    fn last_flush(&self) -> Option<(Seq, Micros)> {
        let last = |form: Form| self.units[form.index()].last();
        let places = Form::WITH_MESSAGES.into_iter().filter_map(last);
        places.map(|unit| (unit.last, unit.t)).max()
    }

    /// Adds `message` to the last flush of each form.
    fn say(&mut self, message: &Message<'_>) {
        for form in Form::WITH_MESSAGES {
            if let Some(unit) = self.units[form.index()].last_mut() {
                unit.append(&words::spell(form, message));
            }
        }
    }

    /// What viewers of `form` were to get next, who from now on are to get what follows `last`; `None` if they need
    /// nothing up to `last`.
    fn is_owed(&mut self, form: Form, last: Seq) -> Option<Seq> {
        let next = self.next[form.index()].as_mut()?;
        (*next <= last).then(|| std::mem::replace(next, last.next()))
    }
}

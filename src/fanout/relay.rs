//! `Relay`: a topic on a lane: what comes through its channel becomes units in the logs of its audiences.

use std::sync::Arc;
use std::task::{Context, Waker};

use super::audience::Audience;
use super::bell::{Bell, DoorBell, Rope};
use super::joiner::Form;
use super::log::{Log, Unit};
use super::outbox::Tally;
use crate::hub::{Feed, News, Topic};
use crate::protocol::frame::Deflater;
use crate::protocol::{Flush, Seq};

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Relay<R: Rope> {
    feed: Feed,
    door: Arc<DoorBell<R>>,
    waker: Waker,
    audiences: [Audience; Form::COUNT],
    /// What has been given to sockets and not been counted by the topic yet.
    pub(super) tally: Tally,
}

impl<R: Rope> Relay<R> {
    pub(super) fn begin(feed: Feed, lane: &Arc<Bell<R>>) -> Self {
        let door = Arc::new(DoorBell::new(Arc::clone(lane)));
        let max_lag = feed.topic().max_lag();
        Self {
            feed,
            waker: Waker::from(Arc::clone(&door)),
            door,
            audiences: std::array::from_fn(|_| Audience::new(max_lag)),
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

    /// Adds a viewer; returns its rank.
    pub(super) fn add(&mut self, viewer: u32, form: Form) -> u32 {
        let (next, max_lag) = (self.feed.next(), self.feed.topic().max_lag());
        self.audiences[form.index()].add(viewer, next, max_lag)
    }

    /// Removes a viewer: see [`Audience::remove`].
    pub(super) fn remove(&mut self, form: Form, rank: u32) -> Option<(u32, bool)> {
        self.audiences[form.index()].remove(rank)
    }

    /// Takes what has come, if anything has.
    pub(super) fn listen(&mut self, arrived: &mut Arrived) {
        if !self.door.answer() {
            return;
        }
        let topic = Arc::clone(self.feed.topic());
        for form in [Form::V1, Form::V1Deflated] {
            arrived.next[form.index()] = self.audiences[form.index()].next();
        }
        let mut context = Context::from_waker(&self.waker);
        self.feed
            .poll(&mut context, |news| arrived.take(&topic, news));
        for (audience, units) in self.audiences.iter_mut().zip(&mut arrived.units) {
            audience.extend(units);
            units.clear();
        }
    }

    /// Whether a round is under way.
    pub(super) fn is_in_round(&self) -> bool {
        self.audiences.iter().any(Audience::is_in_round)
    }

    /// The next viewer of a round.
    pub(super) fn next_in_round(&mut self) -> Option<u32> {
        self.audiences.iter_mut().find_map(Audience::next_in_round)
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

/// Units on their way from a channel to the logs of each form; kept, so that a wave costs no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    units: [Vec<Unit>; Form::COUNT],
    /// What the viewers of each v1 form are to get next; `None` while there are none.
    next: [Option<Seq>; Form::COUNT],
    /// It holds 300 KiB, so it is made when somebody is there for it.
    deflater: Option<Deflater>,
}

impl Arrived {
    fn take(&mut self, topic: &Topic, news: News) {
        let bare = &mut self.units[Form::Bare.index()];
        match news {
            News::Wave(wave) => {
                bare.push(Unit::bare(&wave.publication));
                if let Some(flush) = wave.flush {
                    self.take_flush(topic, &flush, Form::V1);
                    self.take_flush(topic, &flush, Form::V1Deflated);
                }
            }
            // The lane was too busy for the channel: what it missed is computed, as far as a log keeps it. The
            // flushes among it are, too, when the next one comes.
            News::Missed(from, to) => {
                let seqs = (kept(from, to).get()..=to.get()).map(Seq::saturating);
                let publications = seqs.filter_map(|seq| topic.publication(seq));
                bare.extend(publications.map(|publication| Unit::bare(&publication)));
            }
        }
    }

    /// A flush that does not begin where the audience stands is cut to it, or what lies between is computed.
    fn take_flush(&mut self, topic: &Topic, flush: &Flush, form: Form) {
        let Some(next) = self.next[form.index()].filter(|next| *next <= flush.last()) else {
            return;
        };
        if flush.first() == next {
            self.push(flush, form);
        } else {
            for flush in topic.flushes(kept(next, flush.last()), flush.last()) {
                self.push(&flush, form);
            }
        }
        self.next[form.index()] = Some(flush.last().next());
    }

    fn push(&mut self, flush: &Flush, form: Form) {
        let frames = if form == Form::V1Deflated {
            flush.deflated(self.deflater.get_or_insert_default())
        } else {
            flush.frames()
        };
        self.units[form.index()].push(Unit::v1(flush, frames));
    }
}

/// Where to begin, so that no more is computed than a log keeps.
fn kept(from: Seq, to: Seq) -> Seq {
    from.max(Seq::saturating(to.get().saturating_sub(Log::KEPT_MAX) + 1))
}

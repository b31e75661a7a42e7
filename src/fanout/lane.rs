//! A lane: one thread, one epoll, and many viewers. It knows what happened; the viewers know what to do about it.
//!
//! Each turn does a little of everything, so that joins, reads and rounds do not wait for each other's end.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::acknowledged::Acknowledged;
use super::allowance::Allowance;
use super::bell::Rope;
use super::drain::Step;
use super::encoder::Encoder;
use super::joiner::Form;
use super::outbox::Tally;
use super::relay::{Arrived, Relay};
use super::shared::Shared;
use super::surroundings::Surroundings;
use super::viewer::{Served, Viewer};
use super::wheel::Wheel;

mod admission;
mod catch_up;
mod parting;
mod survey;
mod time;

use survey::Survey;

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    shared: &'a Shared,
    poll: &'a mut Poll,
    viewers: Slab<Viewer>,
    relays: Slab<Relay<mio::Waker>>,
    wheel: Wheel<u32>,
    survey: Survey,
    /// Viewers that have more to read, or that a round may miss.
    again: Vec<u32>,
    /// Viewers that are owed what is in the history alone, or what is long.
    behind: VecDeque<u32>,
    /// Viewers that a round comes to in this turn.
    visits: Vec<u32>,
    /// Whether the mailbox holds more than was taken.
    has_mail: bool,
    /// How far the drain has come that its viewers know of.
    step: Step,
    arrived: Arrived,
    encoder: Encoder,
    acknowledged: Acknowledged,
    buffer: [u8; Viewer::READ_LEN],
}

impl Rope for mio::Waker {
    fn pull(&self) {
        // It fails only when the lane is gone, and then nobody is left to be woken.
        _ = self.wake();
    }
}

impl<'a> Lane<'a> {
    /// The token of the bell; a viewer's is its id.
    pub(super) const BELL: Token = Token(usize::MAX);
    // A turn's parts are short enough together, some milliseconds, that a round is not held up by any of them: a rush
    // of joiners has events, newcomers and pieces of the history in every turn.
    /// Events taken from the kernel in one call.
    const EVENTS_MAX: usize = 256;
    /// Viewers of all topics served by a round in one turn, about.
    const VISITS_MAX: usize = 1_024;
    /// Viewers of an audience visited before the other audiences have their turn.
    const VISITS_EACH: usize = 256;

    /// A lane without viewers, which looks into its mailbox first: whoever rang before was not heard by this one.
    pub(super) fn new(shared: &'a Shared, poll: &'a mut Poll) -> Self {
        shared.mailbox.bell().answer();
        Self {
            wheel: Wheel::begin(shared.clock.now()),
            survey: Survey::begin(shared.clock.now()),
            shared,
            poll,
            viewers: Slab::new(),
            relays: Slab::new(),
            again: Vec::new(),
            behind: VecDeque::new(),
            visits: Vec::new(),
            has_mail: true,
            step: Step::Serving,
            arrived: Arrived::default(),
            encoder: Encoder::default(),
            acknowledged: Acknowledged::default(),
            buffer: [0; Viewer::READ_LEN],
        }
    }

    /// Viewers on the lane.
    pub(super) fn len(&self) -> usize {
        self.viewers.len()
    }

    /// Serves its viewers until the lane is stopped.
    ///
    /// # Errors
    /// The kernel refuses to wait.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(Self::EVENTS_MAX);
        while !self.shared.is_stopped.load(Ordering::Acquire) {
            match self.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => self.turn(&events),
            }
        }
        Ok(())
    }

    /// How long there is nothing to do unless something happens.
    fn patience(&self) -> Option<Duration> {
        let is_busy = self.has_mail
            || !self.again.is_empty()
            || !self.behind.is_empty()
            || self.survey.is_under_way()
            || self.relays.iter().any(|(_, relay)| relay.is_in_round());
        if is_busy {
            return Some(Duration::ZERO);
        }
        let next = match (self.wheel.next(), self.survey.next()) {
            (Some(alarm), Some(survey)) => alarm.min(survey),
            (alarm, survey) => alarm.or(survey)?,
        };
        // The kernel counts milliseconds, and rounds up.
        Some(next.since(self.shared.clock.now()))
    }

    fn turn(&mut self, events: &Events) {
        self.shared.turns.fetch_add(1, Ordering::Relaxed);
        self.hear(events);
        self.welcome();
        for (_, relay) in &mut self.relays {
            relay.listen(&mut self.arrived, &mut self.encoder);
        }
        self.go_round();
        for id in std::mem::take(&mut self.again) {
            self.read_and_serve(id);
        }
        self.catch_up();
        self.keep_time();
        self.survey();
        for (_, relay) in &mut self.relays {
            relay.count();
        }
    }

    /// Takes what the kernel tells.
    fn hear(&mut self, events: &Events) {
        if !events.is_empty() {
            self.survey.want();
        }
        for event in events {
            if event.token() == Self::BELL {
                self.shared.mailbox.bell().answer();
                self.has_mail = true;
                continue;
            }
            let Ok(id) = u32::try_from(event.token().0) else {
                continue;
            };
            if event.is_writable() {
                self.unblock(id);
            }
            let is_gone = event.is_read_closed() || event.is_error();
            if is_gone && self.is_unread(id) {
                // No read would find that out.
                self.remove(id);
            } else if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.read_and_serve(id);
            } else {
                self.serve(id);
            }
        }
    }

    fn go_round(&mut self) {
        let mut visits = std::mem::take(&mut self.visits);
        let mut served = 0;
        while served < Self::VISITS_MAX {
            for (_, relay) in &mut self.relays {
                relay.go_round(Self::VISITS_EACH, &mut visits);
            }
            if visits.is_empty() {
                break;
            }
            // One that leaves meanwhile is not found, and one that takes its id is served for nothing.
            for id in visits.drain(..) {
                let viewer = self.viewers.get(id as usize);
                // Those who wait for a piece of the history must not make those who are live wait.
                if viewer.is_some_and(|viewer| !viewer.is_queued) {
                    self.serve(id);
                    served += 1;
                }
            }
        }
        self.visits = visits;
    }

    fn unblock(&mut self, id: u32) {
        if let Some(viewer) = self.viewers.get_mut(id as usize) {
            viewer.unblock();
        }
    }

    /// Hears what a viewer has said, and gives it what it is owed.
    fn read_and_serve(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        let retry_ms = self.shared.drain.retry_ms();
        match viewer.read(&mut self.buffer, retry_ms, &self.shared.clock) {
            Ok(served) => {
                if served == Served::Again {
                    self.again.push(id);
                }
                self.serve(id);
            }
            Err(_) => self.remove(id),
        }
    }

    /// Gives a viewer what it is owed, unless that is long.
    fn serve(&mut self, id: u32) {
        self.serve_within(id, Allowance::live());
    }

    /// Gives a viewer what it is owed within `allowance`. One that is owed more, or what is in the history alone, waits
    /// for its turn.
    fn serve_within(&mut self, id: u32, allowance: Allowance) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        let relay = &self.relays[viewer.relay as usize];
        let mut tally = Tally::default();
        let surroundings = surroundings(relay, viewer.form(), self.shared);
        let served = viewer
            .send(surroundings, allowance, &mut tally)
            .unwrap_or(Served::Left);
        if let Served::Behind { .. } | Served::Long = served
            && !std::mem::replace(&mut viewer.is_queued, true)
        {
            if let Served::Behind {
                is_nearly_live: true,
            } = served
            {
                self.behind.push_front(id);
            } else {
                self.behind.push_back(id);
            }
        }
        let is_closing = viewer.is_closing();
        self.relays[viewer.relay as usize].tally.add(tally);
        if served == Served::Left {
            self.remove(id);
        } else if is_closing {
            self.attend_close(id);
            self.set_alarm(id);
        }
    }

    fn is_unread(&self, id: u32) -> bool {
        let viewer = self.viewers.get(id as usize);
        viewer.is_some_and(Viewer::is_unread)
    }

    /// A viewer that nothing more is read from must not wake the lane either, however much it sends. The kernel keeps
    /// what fits into its buffer and then lets the viewer wait; the end of the connection is reported all the same.
    fn attend_close(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        viewer.note_progress(&mut self.acknowledged);
        if viewer.stops_being_read() {
            let token = Token(id as usize);
            let registry = self.poll.registry();
            // It fails for a socket that is gone, which the kernel has reported or will.
            _ = registry.reregister(viewer.socket(), token, Interest::WRITABLE);
        }
    }

    fn remove(&mut self, id: u32) {
        let Some(mut viewer) = self.viewers.try_remove(id as usize) else {
            return;
        };
        if viewer.is_queued {
            // Another may take its id.
            self.behind.retain(|queued| *queued != id);
        }
        // Closing the socket does the same; it fails for nobody who is still there.
        _ = self.poll.registry().deregister(viewer.socket());
        let relay = &mut self.relays[viewer.relay as usize];
        if let Some((moved, is_in_round)) = relay.remove(viewer.form(), viewer.rank) {
            self.viewers[moved as usize].rank = viewer.rank;
            if is_in_round {
                self.again.push(moved);
            }
        }
        let (topic, reason) = (relay.topic().name().as_str(), viewer.reason());
        tracing::debug!(event = "viewer.left", topic, remote = %viewer.remote(), reason, "a viewer left");
        self.close_empty(viewer.relay);
    }
}

fn surroundings<'a>(
    relay: &'a Relay<mio::Waker>,
    form: Form,
    shared: &'a Shared,
) -> Surroundings<'a> {
    Surroundings {
        topic: relay.topic(),
        log: relay.log(form),
        clock: &shared.clock,
        drain: &shared.drain,
    }
}

fn id(key: usize) -> u32 {
    u32::try_from(key).expect("there are fewer viewers than descriptors")
}

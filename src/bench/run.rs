//! `Run`: one measurement from the first connection to the last: join, warm up, measure, take leave.
//!
//! One thread and one loop; everything that happens, happens in [`Run::turn`].

use std::io::ErrorKind;
use std::time::Duration;

use mio::{Events, Poll};

use super::connection::Inlet;
use super::control::{CONTROL, Control, wall_offset};
use super::crowd::{Crowd, HeldBack};
use super::process::{Process, Usage};
use super::progress::Progress;
use super::reader::Reader;
use super::schedule::Schedule;
use super::{BenchError, Plan};
use crate::clock::{Alarm, Clock};

/// Connections that are not viewers yet. Fewer than the shortest backlog in use (128), so that none is dropped there
/// and tried again only after a second.
const JOINING_MAX: usize = 100;

/// How long the control connection may take, and how long nobody may join, in microseconds.
const HELLO_WITHIN: i64 = 5 * SECOND;
const JOIN_WITHIN: i64 = 30 * SECOND;

/// How long the server may take to close its ends, in microseconds.
const LEAVE_WITHIN: i64 = 2 * SECOND;

/// How long before the end a record must have been due to be missed: longer than any wave of a server that keeps up.
const HELD_BACK_AFTER: i64 = SECOND;

const SECOND: i64 = 1_000_000;

/// What one call to the kernel may report; more only costs another call.
const EVENTS_MAX: usize = 1024;

/// A measurement under way.
#[derive(Debug)]
pub(super) struct Run<'a> {
    plan: &'a Plan,
    poll: Poll,
    events: Events,
    inlet: Inlet,
    pub(super) crowd: Crowd,
    /// When the first viewer was opened.
    pub(super) join_began: i64,
    pub(super) control: Option<Control>,
    pub(super) server: Option<Process>,
    own: Option<Process>,
    progress: Progress,
    phase: &'static str,
    next_second: i64,
    /// What the instrument rests on; nobody rings it.
    alarm: Alarm,
}

/// What was measured, before it is put into words.
#[derive(Debug)]
pub(super) struct Window {
    /// How long it was, in microseconds.
    pub(super) length: i64,
    /// What server and client used in it, where that is known.
    pub(super) server: Option<Usage>,
    pub(super) client: Option<Usage>,
    pub(super) held_back: HeldBack,
}

impl<'a> Run<'a> {
    pub(super) fn new(plan: &'a Plan, server: Option<Process>) -> Result<Self, BenchError> {
        let poll = Poll::new().map_err(BenchError::System)?;
        let stamp = plan.stamp_field.as_deref();
        let reader = Reader::new(plan.target.dialect.is_told(), &plan.index_field, stamp);
        let control = plan.target.control().filter(|_| stamp.is_none());
        Ok(Self {
            plan,
            inlet: Inlet::new(Clock::start()),
            crowd: Crowd::new(plan.target.clone(), reader),
            join_began: 0,
            control: control.map(|target| Control::open(target, poll.registry())),
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            server,
            own: Process::of(std::process::id()),
            progress: Progress::new(),
            phase: "joining",
            next_second: 0,
            alarm: Alarm::default(),
        })
    }

    /// Learns the hub's schedule and clock, if it is a hub.
    pub(super) fn consult(&mut self) -> Result<(), BenchError> {
        let until = self.now() + HELLO_WITHIN;
        while self
            .control
            .as_ref()
            .is_some_and(|control| !control.is_settled())
        {
            self.turn(until)?;
            if let Some(control) = self
                .control
                .as_mut()
                .filter(|_| self.inlet.clock.now().get() >= until)
            {
                control.give_up();
            }
        }
        Ok(())
    }

    /// Opens all viewers, at the rate of arrival that was asked for.
    ///
    /// Returns how long that took.
    pub(super) fn join(&mut self) -> Result<Duration, BenchError> {
        let (began, viewers) = (self.now(), self.plan.viewers);
        self.join_began = began;
        let (mut last_join, mut joined) = (began, 0);
        while self.crowd.joined < viewers {
            let now = self.now();
            let due = usize::try_from((now - began) * i64::from(self.plan.arrival) / SECOND);
            let due = due.unwrap_or(usize::MAX).saturating_add(1).min(viewers);
            while self.crowd.opened() < due && self.crowd.opened() - self.crowd.joined < JOINING_MAX
            {
                self.crowd
                    .open(self.poll.registry())
                    .map_err(|error| self.refused(&error.into()))?;
            }
            // A millisecond is the finest that epoll waits, and means one join or several.
            self.turn(now + 1_000)?;
            if let Some(end) = &self.crowd.refused {
                return Err(self.refused(end));
            }
            if self.crowd.joined > joined {
                (joined, last_join) = (self.crowd.joined, now);
            } else if now - last_join > JOIN_WITHIN {
                return Err(BenchError::Stalled { joined, viewers });
            }
        }
        Ok(Duration::from_micros(
            u64::try_from(self.now() - began).unwrap_or(0),
        ))
    }

    /// Lets it run without measuring.
    pub(super) fn warm_up(&mut self) -> Result<(), BenchError> {
        self.phase = "warming up";
        self.run_until(self.now() + micros(self.plan.warmup))
    }

    /// Measures.
    pub(super) fn measure(&mut self) -> Result<Window, BenchError> {
        self.phase = "measuring";
        let usage_before = self.usage();
        let began = self.now();
        self.crowd.tally.begin();
        let end = began + micros(self.plan.duration);
        let from = self.due_at(began);
        self.run_until((end - HELD_BACK_AFTER).max(began))?;
        let due = self.due_at(end - HELD_BACK_AFTER);
        self.run_until(end)?;
        self.crowd.tally.end();
        let (length, usage) = (self.now() - began, self.usage());
        let used = |after: Option<Usage>, before: Option<Usage>| Some(after?.since(before?));
        Ok(Window {
            length,
            server: used(usage.0, usage_before.0),
            client: used(usage.1, usage_before.1),
            held_back: self.crowd.held_back(from, due),
        })
    }

    /// Says good-bye and waits a little for the server to do so.
    pub(super) fn take_leave(&mut self) {
        self.phase = "leaving";
        self.crowd.take_leave();
        let until = self.now() + LEAVE_WITHIN;
        // The measurement is over, and no failure can spoil it any more.
        while self.crowd.present > 0 && self.now() < until && self.turn(until).is_ok() {}
    }

    /// The last publication due at an instant of our clock; where the hub's schedule is not known, the last one that
    /// anybody has now.
    fn due_at(&self, instant: i64) -> u64 {
        let reader = &self.crowd.reader;
        let due = |schedule: Schedule| schedule.due(instant + reader.offset);
        reader.schedule.map_or(self.crowd.tally.front, due)
    }

    fn run_until(&mut self, end: i64) -> Result<(), BenchError> {
        while self.now() < end {
            self.turn(end)?;
            if self.crowd.present == 0 {
                let reasons: Vec<_> = self.crowd.lost.keys().cloned().collect();
                return Err(BenchError::AllLost(reasons.join(", ")));
            }
        }
        Ok(())
    }

    /// Waits until something happens, `until` at most, and deals with it.
    fn turn(&mut self, until: i64) -> Result<(), BenchError> {
        let now = self.now();
        let next_chore = self.do_chores(now);
        let wait = u64::try_from(until.min(next_chore) - now).unwrap_or(0);
        match self
            .poll
            .poll(&mut self.events, Some(Duration::from_micros(wait)))
        {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                return Err(BenchError::System(error));
            }
            _ => {}
        }
        let registry = self.poll.registry();
        for readiness in &self.events {
            match self.control.as_mut() {
                Some(control) if readiness.token() == CONTROL => {
                    control.advance(readiness, registry, &mut self.inlet, &mut self.crowd.reader);
                }
                _ => self.crowd.advance(readiness, registry, &mut self.inlet),
            }
        }
        if !self.plan.rest.is_zero() {
            let awake = self.inlet.clock.now().after(self.plan.rest);
            self.alarm.wait_until(&self.inlet.clock, awake);
        }
        Ok(())
    }

    /// Pings, looks at the server and says where we are, each at its time; returns when the next is due.
    fn do_chores(&mut self, now: i64) -> i64 {
        if now >= self.next_second {
            self.next_second = now + SECOND;
            // So that threads which end are counted up to here.
            self.usage();
            if self.plan.stamp_field.is_some() {
                self.crowd.reader.offset = wall_offset(self.inlet.clock.now());
            }
            self.tell_progress();
        }
        let Some(control) = self.control.as_mut() else {
            return self.next_second;
        };
        control.ping(now);
        let next_ping = control.next_ping();
        // Before the `hello` there is none.
        if next_ping > now {
            self.next_second.min(next_ping)
        } else {
            self.next_second
        }
    }

    fn tell_progress(&self) {
        let (phase, crowd, viewers) = (self.phase, &self.crowd, self.plan.viewers);
        let (joined, deliveries) = (crowd.joined, crowd.tally.counts.deliveries);
        self.progress.say(format_args!(
            "{phase}: {joined} of {viewers} viewers, {deliveries} records"
        ));
    }

    /// What server and client have used so far.
    fn usage(&mut self) -> (Option<Usage>, Option<Usage>) {
        let usage = |process: &mut Option<Process>| process.as_mut()?.usage();
        (usage(&mut self.server), usage(&mut self.own))
    }

    fn now(&self) -> i64 {
        self.inlet.clock.now().get()
    }

    fn refused(&self, end: &super::connection::End) -> BenchError {
        BenchError::Refused {
            url: self.plan.target.url.clone(),
            why: end.to_string(),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 2)
}

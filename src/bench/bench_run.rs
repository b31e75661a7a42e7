//! [`BenchRun`]: one measurement from the first connection to the last: join, warm up, measure, disconnect.
//!
//! Single-threaded: all work happens in [`BenchRun::poll_once`].

use std::io::ErrorKind;
use std::time::Duration;

use mio::{Events, Poll};

use super::client_connection::ReadContext;
use super::control_connection::{CONTROL_TOKEN, ControlConnection, wall_offset};
use super::hub_schedule::HubSchedule;
use super::process_monitor::{CpuUsage, ProcessMonitor};
use super::progress_line::ProgressLine;
use super::record_reader::RecordReader;
use super::viewer_pool::{HeldBack, ViewerPool};
use super::{BenchError, BenchOptions};
use crate::clock::{Alarm, Clock};

/// Maximum number of connections that have not joined yet. Less than the shortest listen backlog in use (128): a
/// connection dropped there is only retried after a second.
const JOINING_MAX: usize = 100;

/// Limits on the time for the control connection to be ready, and between two joins, in microseconds.
const HELLO_TIMEOUT: i64 = 5 * SECOND;
const JOIN_TIMEOUT: i64 = 30 * SECOND;

/// How long to wait for the server to close the connections, in microseconds.
const CLOSE_TIMEOUT: i64 = 2 * SECOND;

/// How long before the end a record must have been due to count as held back; longer than a server that keeps up needs
/// to send a record to all viewers.
const HELD_BACK_GRACE: i64 = SECOND;

const SECOND: i64 = 1_000_000;

/// Events per poll; further events only cost another system call.
const EVENTS_MAX: usize = 1024;

/// The state of one measurement.
#[derive(Debug)]
pub(super) struct BenchRun<'a> {
    options: &'a BenchOptions,
    poll: Poll,
    events: Events,
    read_context: ReadContext,
    pub(super) pool: ViewerPool,
    /// When the first viewer started to connect, in microseconds on our clock.
    pub(super) join_started_at: i64,
    /// `None` for a broker, and with `stamp_field`, which needs no hub clock.
    pub(super) control: Option<ControlConnection>,
    /// The server's process, if its pid is known.
    pub(super) server: Option<ProcessMonitor>,
    /// This process; `None` where its CPU time cannot be read.
    client: Option<ProcessMonitor>,
    progress: ProgressLine,
    /// The current phase, as shown in the progress line.
    phase: &'static str,
    /// When CPU time and progress are due next, once a second, in microseconds on our clock.
    next_tick: i64,
    /// Used only to sleep with high precision; never notified.
    sleep_timer: Alarm,
}

/// The result of the measurement phase.
#[derive(Debug)]
pub(super) struct Measurement {
    /// Its length in microseconds.
    pub(super) length: i64,
    /// CPU time of server and client during it, if known.
    pub(super) server: Option<CpuUsage>,
    pub(super) client: Option<CpuUsage>,
    pub(super) held_back: HeldBack,
}

impl<'a> BenchRun<'a> {
    pub(super) fn new(
        options: &'a BenchOptions,
        server: Option<ProcessMonitor>,
    ) -> Result<Self, BenchError> {
        let poll = Poll::new().map_err(BenchError::System)?;
        let stamp = options.stamp_field.as_deref();
        let reader = RecordReader::new(
            options.target.protocol.has_positions(),
            &options.index_field,
            stamp,
        );
        let control = options.target.control().filter(|_| stamp.is_none());
        Ok(Self {
            options,
            read_context: ReadContext::new(Clock::start()),
            pool: ViewerPool::new(options.target.clone(), reader),
            join_started_at: 0,
            control: control.map(|target| ControlConnection::open(target, poll.registry())),
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            server,
            client: ProcessMonitor::open(std::process::id()),
            progress: ProgressLine::new(),
            phase: "joining",
            next_tick: 0,
            sleep_timer: Alarm::default(),
        })
    }

    /// Waits until the hub's schedule and clock are known, or until the server turns out not to be a hub.
    pub(super) fn query_hub(&mut self) -> Result<(), BenchError> {
        let until = self.now() + HELLO_TIMEOUT;
        while self
            .control
            .as_ref()
            .is_some_and(|control| !control.is_done())
        {
            self.poll_once(until)?;
            if let Some(control) = self
                .control
                .as_mut()
                .filter(|_| self.read_context.clock.now().get() >= until)
            {
                control.give_up();
            }
        }
        Ok(())
    }

    /// Opens all viewers at the requested rate and waits until they have joined; returns how long that took.
    pub(super) fn join(&mut self) -> Result<Duration, BenchError> {
        let (began, viewers) = (self.now(), self.options.viewers);
        self.join_started_at = began;
        let (mut last_join, mut joined) = (began, 0);
        while self.pool.joined < viewers {
            let now = self.now();
            let due =
                usize::try_from((now - began) * i64::from(self.options.joins_per_second) / SECOND);
            let due = due.unwrap_or(usize::MAX).saturating_add(1).min(viewers);
            while self.pool.opened_count() < due
                && self.pool.opened_count() - self.pool.joined < JOINING_MAX
            {
                self.pool
                    .open(self.poll.registry())
                    .map_err(|error| self.join_error(&error.into()))?;
            }
            // Polls for a millisecond, the resolution of epoll, in which one or more joins become due.
            self.poll_once(now + 1_000)?;
            if let Some(end) = &self.pool.join_error {
                return Err(self.join_error(end));
            }
            if self.pool.joined > joined {
                (joined, last_join) = (self.pool.joined, now);
            } else if now - last_join > JOIN_TIMEOUT {
                return Err(BenchError::Stalled { joined, viewers });
            }
        }
        Ok(Duration::from_micros(
            u64::try_from(self.now() - began).unwrap_or(0),
        ))
    }

    /// Runs without measuring.
    pub(super) fn warm_up(&mut self) -> Result<(), BenchError> {
        self.phase = "warming up";
        self.run_until(self.now() + micros(self.options.warmup))
    }

    /// Runs the measurement.
    pub(super) fn measure(&mut self) -> Result<Measurement, BenchError> {
        self.phase = "measuring";
        let usage_before = self.usage();
        let began = self.now();
        self.pool.stats.start_measuring();
        let end = began + micros(self.options.duration);
        let from = self.due_at(began);
        self.run_until((end - HELD_BACK_GRACE).max(began))?;
        let due = self.due_at(end - HELD_BACK_GRACE);
        self.run_until(end)?;
        self.pool.stats.stop_measuring();
        let (length, usage) = (self.now() - began, self.usage());
        let used = |after: Option<CpuUsage>, before: Option<CpuUsage>| Some(after?.since(before?));
        Ok(Measurement {
            length,
            server: used(usage.0, usage_before.0),
            client: used(usage.1, usage_before.1),
            held_back: self.pool.held_back(from, due),
        })
    }

    /// Sends the closing messages and waits briefly for the server to close.
    pub(super) fn disconnect(&mut self) {
        self.phase = "leaving";
        self.pool.disconnect();
        let until = self.now() + CLOSE_TIMEOUT;
        // Errors no longer matter: the measurement is complete.
        while self.pool.connected > 0 && self.now() < until && self.poll_once(until).is_ok() {}
    }

    /// The newest publication due at an instant of our clock; without a schedule, the newest one that any viewer has.
    fn due_at(&self, instant: i64) -> u64 {
        let reader = &self.pool.reader;
        let due = |schedule: HubSchedule| schedule.due(instant + reader.offset);
        reader.schedule.map_or(self.pool.stats.newest_seq, due)
    }

    fn run_until(&mut self, end: i64) -> Result<(), BenchError> {
        while self.now() < end {
            self.poll_once(end)?;
            if self.pool.connected == 0 {
                let reasons: Vec<_> = self.pool.lost.keys().cloned().collect();
                return Err(BenchError::AllDisconnected(reasons.join(", ")));
            }
        }
        Ok(())
    }

    /// Waits for events until `until` at the latest, and handles them.
    fn poll_once(&mut self, until: i64) -> Result<(), BenchError> {
        let now = self.now();
        let next_task = self.run_periodic_tasks(now);
        let wait = u64::try_from(until.min(next_task) - now).unwrap_or(0);
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
                Some(control) if readiness.token() == CONTROL_TOKEN => {
                    control.on_ready(
                        readiness,
                        registry,
                        &mut self.read_context,
                        &mut self.pool.reader,
                    );
                }
                _ => self
                    .pool
                    .on_ready(readiness, registry, &mut self.read_context),
            }
        }
        if !self.options.poll_interval.is_zero() {
            let awake = self
                .read_context
                .clock
                .now()
                .after(self.options.poll_interval);
            self.sleep_timer.wait_until(&self.read_context.clock, awake);
        }
        Ok(())
    }

    /// Sends pings, samples CPU time and prints progress as they become due; returns when the next one is.
    fn run_periodic_tasks(&mut self, now: i64) -> i64 {
        if now >= self.next_tick {
            self.next_tick = now + SECOND;
            // Sampled regularly, so that the time of threads that end is counted.
            self.usage();
            if self.options.stamp_field.is_some() {
                self.pool.reader.offset = wall_offset(self.read_context.clock.now());
            }
            self.print_progress();
        }
        let Some(control) = self.control.as_mut() else {
            return self.next_tick;
        };
        control.ping_if_due(now);
        let next_ping = control.next_ping();
        // No ping is due before the `hello`.
        if next_ping > now {
            self.next_tick.min(next_ping)
        } else {
            self.next_tick
        }
    }

    fn print_progress(&self) {
        let (phase, pool, viewers) = (self.phase, &self.pool, self.options.viewers);
        let (joined, deliveries) = (pool.joined, pool.stats.counts.deliveries);
        self.progress.print(format_args!(
            "{phase}: {joined} of {viewers} viewers, {deliveries} records"
        ));
    }

    /// CPU time of server and client so far.
    fn usage(&mut self) -> (Option<CpuUsage>, Option<CpuUsage>) {
        let usage = |process: &mut Option<ProcessMonitor>| process.as_mut()?.usage();
        (usage(&mut self.server), usage(&mut self.client))
    }

    fn now(&self) -> i64 {
        self.read_context.clock.now().get()
    }

    fn join_error(&self, end: &super::client_connection::ConnectionEnd) -> BenchError {
        BenchError::JoinFailed {
            url: self.options.target.url.clone(),
            why: end.to_string(),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 2)
}

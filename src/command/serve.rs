//! `serve`: runs the hub until a signal ends it.

use std::fmt;
use std::future::Future;
use std::io::IsTerminal;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::not_started::{tell, tell_without_log};
use super::{Failure, load, reload};
use crate::cli::Options;
use crate::server::{Server, Sockets, StartError};
use crate::settings::{Fault, Log, Settings};
use crate::source::{self, Dataset};
use crate::supervisor;
use crate::telemetry::Telemetry;

/// Threads for short blocking work, and the one that keeps the journal.
const BLOCKING_THREADS: usize = 17;

/// What the hub is started with.
struct Given {
    settings: Settings,
    datasets: Vec<Dataset>,
    sockets: Sockets,
}

impl Given {
    /// The datasets of `settings`, and the sockets that the process was started with.
    fn take(settings: Settings) -> Result<Self, Failure> {
        let datasets = source::load(&settings)?;
        // Before there is another thread.
        let sockets = Sockets::inherit(settings.ops.enabled)
            .map_err(|error| Failure::Use(error.to_string()))?;
        Ok(Self {
            settings,
            datasets,
            sockets,
        })
    }
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let settings = load(options).map_err(|failure| tell_without_log(failure, &Log::default()))?;
    let log = settings.log.clone();
    let given = Given::take(settings).map_err(|failure| tell_without_log(failure, &log))?;
    let failed = |error: &dyn fmt::Display| Failure::Running(format!("cannot start: {error}"));
    let telemetry = Telemetry::start(&log).map_err(|error| failed(&error))?;
    run_with(options, given, &telemetry).map_err(tell)
}

fn run_with(options: &Options, given: Given, telemetry: &Telemetry) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("tickcast")
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(|error| Failure::Running(format!("cannot start: {error}")))?;
    let result = runtime.block_on(serve(options, given, telemetry));
    // After a second signal something may still run; it does not hold up the exit.
    runtime.shutdown_background();
    result
}

async fn serve(options: &Options, given: Given, telemetry: &Telemetry) -> Result<(), Failure> {
    let settings = &given.settings;
    tracing::info!(
        event = "start",
        version = env!("CARGO_PKG_VERSION"),
        commit = env!("TICKCAST_COMMIT"),
        pid = std::process::id(),
        config = %settings.file.display(),
        topics = settings.topics.len(),
        "tickcast {}", env!("CARGO_PKG_VERSION")
    );
    // Before anything listens: a signal that comes early must not go unheard.
    let mut signals = Signals::listen()
        .map_err(|error| Failure::Running(format!("cannot hear signals: {error}")))?;
    let started = Server::start(settings, given.datasets, given.sockets, telemetry.losses());
    let mut server = started.map_err(|error| match error {
        StartError::Bind(error) => fault(&error.key(), &error, error.remedy(), settings),
        StartError::Journal(error) => fault("state.dir", &error, error.remedy(), settings),
        StartError::Threads(_) => Failure::Running(error.to_string()),
    })?;
    supervisor::ready(&format!("serving {} topics", settings.topics.len()));
    while signals.next(telemetry).await == Wish::Reload {
        supervisor::reloading();
        // Reading may take its time, and must not hold up the end.
        let Some(read) = signals.unless_ended(reload::read(options)).await else {
            break;
        };
        let status = tokio::task::block_in_place(|| reload::apply(read, &mut server, telemetry));
        supervisor::ready(&status);
    }
    supervisor::stopping("draining");
    tokio::select! {
        () = server.drain() => Ok(()),
        () = signals.end(telemetry) => {
            tracing::warn!(event = "stop.forced", "a second signal: stopped without draining further");
            Err(Failure::Told { exit_code: 1 })
        }
    }
}

/// Why the hub cannot start, with the place in the configuration.
fn fault(key: &str, error: &dyn fmt::Display, remedy: &str, settings: &Settings) -> Failure {
    let origin = settings.origins.of(key);
    let fault = Fault::new(origin, key, error.to_string(), remedy);
    Failure::Surroundings(Box::new(fault))
}

/// Whether the hub was started at a terminal. One that is closed sends SIGHUP as well, and means the end by it.
struct Terminal {
    was_there: bool,
}

impl Terminal {
    fn look() -> Self {
        Self {
            was_there: is_at_terminal(),
        }
    }

    fn was_closed(&self) -> bool {
        self.was_there && !is_at_terminal()
    }
}

fn is_at_terminal() -> bool {
    std::io::stdin().is_terminal() || std::io::stderr().is_terminal()
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Read the configuration again.
    Reload,
    /// Drain and end.
    End,
}

/// The signals that the hub hears.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    look_closer: Signal,
    terminal: Terminal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            look_closer: signal(SignalKind::user_defined1())?,
            terminal: Terminal::look(),
        })
    }

    /// Waits for what somebody wishes of the hub; those who only want to see more of the log get that at once.
    async fn next(&mut self, telemetry: &Telemetry) -> Wish {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    return if self.terminal.was_closed() { Wish::End } else { Wish::Reload };
                }
                _ = self.terminate.recv() => return Wish::End,
                _ = self.interrupt.recv() => return Wish::End,
                _ = self.look_closer.recv() => telemetry.level().switch(),
            }
        }
    }

    async fn end(&mut self, telemetry: &Telemetry) {
        while self.next(telemetry).await != Wish::End {}
    }

    /// What `work` comes to; `None` if the hub is to end before.
    async fn unless_ended<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = work => Some(result),
            _ = self.terminate.recv() => None,
            _ = self.interrupt.recv() => None,
        }
    }
}

//! `serve`: runs the hub until a signal ends it.

use std::fmt;
use std::io;

use tokio::runtime::Runtime;

use super::not_started::{tell, tell_without_log};
use super::signals::{self, Early, Signals, Wish};
use super::{Failure, load, reload};
use crate::cli::Options;
use crate::server::{Server, Sockets, SocketsError, StartError};
use crate::settings::{Fault, Log, Settings};
use crate::source::{self, Dataset};
use crate::supervisor;
use crate::telemetry::Telemetry;

/// Threads for short blocking work.
const BLOCKING_THREADS: usize = 16;

/// What the hub is started with.
struct Given {
    settings: Settings,
    datasets: Vec<Dataset>,
    sockets: Sockets,
    early: Early,
}

impl Given {
    /// The datasets of `settings`, and what there was before them.
    fn take(
        settings: Settings,
        sockets: Result<Sockets, SocketsError>,
        early: Early,
    ) -> Result<Self, Failure> {
        let datasets = source::load(&settings)?;
        let unusable = |error: SocketsError| Failure::Use(error.to_string());
        let sockets = sockets.map_err(unusable)?;
        sockets.check(settings.ops.enabled).map_err(unusable)?;
        Ok(Self {
            settings,
            datasets,
            sockets,
            early,
        })
    }
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    // Before there is another thread.
    let sockets = Sockets::inherit();
    let without_settings = |failure| tell_without_log(failure, &Log::default());
    let runtime = runtime().map_err(|error| without_settings(cannot_start(&error)))?;
    // Before anything is read, which may take its time: unheard, they would end the process.
    let early = runtime.block_on(async { Early::listen() });
    let early = early.map_err(|error| without_settings(cannot_hear(&error)))?;
    let settings = load(options).map_err(without_settings)?;
    let log = settings.log.clone();
    let given = Given::take(settings, sockets, early);
    let given = given.map_err(|failure| tell_without_log(failure, &log))?;
    let telemetry = Telemetry::start(&log).map_err(|error| cannot_start(&error))?;
    let result = runtime.block_on(serve(options, given, &telemetry));
    // After a second signal something may still run; it does not hold up the exit.
    runtime.shutdown_background();
    result.map_err(tell)
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("tickcast")
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
}

fn cannot_start(error: &dyn fmt::Display) -> Failure {
    Failure::Running(format!("cannot start: {error}"))
}

fn cannot_hear(error: &io::Error) -> Failure {
    Failure::Running(format!("cannot hear signals: {error}"))
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
    for unknown in source::unknown_fields(settings, &given.datasets) {
        tracing::warn!(
            event = "field.unknown",
            topic = unknown.topic,
            field = unknown.field,
            "{}",
            unknown.fault
        );
    }
    // Before anything listens: until here, these two simply end the process.
    let mut signals = Signals::listen(given.early).map_err(|error| cannot_hear(&error))?;
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
        // Without it, a disk that stands still holds up the end by a few seconds.
        let _hurry = signals::cancel_at_end(server.hurry());
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

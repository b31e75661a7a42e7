//! The composition root: binds, schedules, accepts, and drains.

mod accept;
mod begin;
mod bind;
mod connection;
mod files;
mod gate;
mod keeping;
mod parting;
mod rates;
mod reload;
mod sockets;
mod stats;
mod wall;
mod watchdog;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::reply::Response;

pub use bind::BindError;
pub use sockets::{Sockets, SocketsError};

use accept::Ends;
use bind::Bound;
use connection::Surface;
use files::OpenFiles;
use gate::{Gate, Gates};
use keeping::{Keeping, Opening};
use parting::Parted;
use rates::NotChanged;

use crate::clock::Clock;
use crate::fanout::{Drain, Lanes};
use crate::hub::{Hub, Seats, Topic};
use crate::journal::{JournalError, Keeper};
use crate::producer::Producers;
use crate::routes::{self, Answers, Context, HostCheck, Hosts, Listener, Origins, TrustedProxies};
use crate::settings::{InForce, Settings};
use crate::source::Dataset;
use crate::supervisor;
use crate::telemetry::Losses;

/// Why a hub cannot start.
#[derive(Debug)]
pub enum StartError {
    /// An address cannot be listened on.
    Bind(BindError),
    /// The state folder cannot be used.
    Journal(JournalError),
    /// The system has no descriptor or no thread for the viewers, or none for the topics.
    Threads(io::Error),
}

/// A running hub.
#[derive(Debug)]
pub struct Server {
    context: Arc<Context>,
    /// Producers, listeners and connections; viewers are tracked in the context.
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Ends the accepting at the public listener, where that goes on without this process.
    handed_over: Option<CancellationToken>,
    producers: Producers,
    keeping: Option<Keeping>,
    /// The journal that a reload needs and the disk has not opened yet; `None` as soon as `keeping` is set.
    opening: Option<Opening>,
    /// A change of rates whose outcome the disk has not reported yet; its topics wait for that.
    unsettled: Option<oneshot::Receiver<Result<(), NotChanged>>>,
    /// Cancelled when the hub is to end, so that a reload under way stops waiting for the disk.
    hurry: CancellationToken,
    gates: Gates,
    files: OpenFiles,
    stats_every: watch::Sender<Duration>,
    in_force: InForce,
    state_dir: Option<PathBuf>,
}

impl Server {
    /// How long connections that are no viewers may take to end once the viewers are gone, where viewers that were
    /// closed or the end of the grace wait for that.
    const END_AT_LEAST: Duration = Duration::from_millis(100);
    /// And how long where all viewers have found another hub.
    const END_AT_MOST: Duration = Duration::from_secs(1);

    /// Takes `sockets`, binds the listeners that are not among them, and only then begins the timelines of `datasets`,
    /// which are those of the settings' topics in their order. `losses` counts the lines that are not in the log.
    ///
    /// # Errors
    /// An address cannot be bound, the state folder cannot be used, or the system has no threads for the viewers.
    pub fn start(
        settings: &Settings,
        datasets: Vec<Dataset>,
        sockets: Sockets,
        losses: Losses,
    ) -> Result<Self, StartError> {
        let is_handed_over = sockets.public.is_some();
        let listeners = listeners(settings, sockets)?;
        let journal = begin::journal(settings)?;
        let clock = Clock::start();
        let topics = begin::topics(settings, datasets, journal.as_ref(), &clock);
        let keeper = journal
            .map(|journal| Keeper::begin(journal, topics.clone()))
            .transpose()?;
        let files = OpenFiles::raise();
        let gates = Gates::new(&settings.server, files, &losses);
        let context = Arc::new(context(settings, clock, topics, files, losses)?);
        if is_handed_over {
            context.drain.hand_over();
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let mut server = Self {
            producers: Producers::new(clock, tasks.clone()),
            tasks,
            handed_over: is_handed_over.then(|| stop.child_token()),
            stop,
            keeping: keeper
                .map(Keeping::start)
                .transpose()
                .map_err(StartError::Threads)?,
            opening: None,
            unsettled: None,
            hurry: CancellationToken::new(),
            gates,
            files,
            stats_every: watch::Sender::new(settings.log.stats_every),
            in_force: InForce::of(settings),
            state_dir: settings.state.dir.clone(),
            context,
        };
        server.begin(listeners)?;
        Ok(server)
    }

    fn begin(&mut self, (public, ops): (Bound, Option<Bound>)) -> Result<(), StartError> {
        for topic in self.context.hub.topics() {
            begin::tell(&topic);
            tell_ready(&topic);
            self.producers.add(&topic).map_err(StartError::Threads)?;
            // What it logs is to follow on what is logged of its beginning.
            self.producers.notify(topic.name());
        }
        self.context.is_ready.store(true, Ordering::Release);
        self.listen(public, ops);
        let (context, stop) = (&self.context, &self.stop);
        self.tasks.spawn(stats::run(
            Arc::clone(context),
            self.stats_every.subscribe(),
            stop.clone(),
        ));
        self.tasks
            .spawn(wall::run(Arc::clone(context), stop.clone()));
        if let Some(period) = supervisor::watchdog() {
            self.tasks
                .spawn(watchdog::run(Arc::clone(context), period, stop.clone()));
        }
        Ok(())
    }

    /// Cancelled, keeps a reload under way from waiting for the disk.
    #[must_use]
    pub fn hurry(&self) -> CancellationToken {
        self.hurry.clone()
    }

    /// Drains and ends: readiness is withdrawn, every viewer gets a `bye` and, if it stays, is closed within the grace
    /// period, then everything stops. What runs on after that serves no viewer.
    pub async fn drain(self) {
        let viewers = self.context.seats.taken();
        let grace = self.context.drain.grace();
        let grace_seconds = grace.as_secs_f64();
        if let Some(close) = &self.handed_over {
            // New connections wait for the next hub instead of being refused by this one.
            close.cancel();
        }
        self.context.lanes.drain(viewers);
        tracing::info!(
            event = "drain",
            viewers,
            grace_seconds,
            "draining: every viewer gets a `bye`, and viewers that stay are closed"
        );
        self.context.tasks.close();
        let end = tokio::time::Instant::now() + grace;
        let parted = parting::part(&self.context).await;
        self.producers.stop();
        self.stop.cancel();
        self.tasks.close();
        // What does not end in time is dropped with the runtime; it is none of the viewers' streams.
        let patience = match parted {
            Parted::AllLeft => {
                let left = end.duration_since(tokio::time::Instant::now());
                left.clamp(Self::END_AT_LEAST, Self::END_AT_MOST)
            }
            Parted::Closed { .. } => Self::END_AT_LEAST,
        };
        _ = tokio::time::timeout(patience, self.tasks.wait()).await;
        // After the producers: what they sent last is remembered.
        if let Some(keeping) = self.keeping {
            keeping.finish(patience).await;
        }
        let remaining = match parted {
            Parted::AllLeft => 0,
            Parted::Closed { remaining } => remaining,
        };
        tracing::info!(event = "stop", remaining, "stopped");
    }

    fn listen(&self, public: Bound, ops: Option<Bound>) {
        let routes = routes::public(&self.context);
        let close = self.handed_over.as_ref().unwrap_or(&self.stop);
        self.accept(Listener::Public, public, routes, &self.gates.public, close);
        if let Some(ops) = ops {
            let routes = routes::ops(&self.context);
            self.accept(Listener::Ops, ops, routes, &self.gates.ops, &self.stop);
        }
    }

    fn accept(
        &self,
        listener: Listener,
        bound: Bound,
        routes: BoxedFilter<(Response,)>,
        gate: &Arc<Gate>,
        close: &CancellationToken,
    ) {
        let tasks = self.tasks.clone();
        let surface = Surface {
            routes,
            gate: Arc::clone(gate),
            context: Arc::clone(&self.context),
            hosts: HostCheck::new(&self.context, listener, bound.address),
        };
        let ends = Ends {
            accepting: close.clone(),
            serving: self.stop.clone(),
        };
        self.tasks
            .spawn(accept::run(bound.listener, surface, ends, tasks));
        bind::tell_listening(listener.name(), bound.address);
    }
}

/// The public listener, and the one for operations.
fn listeners(settings: &Settings, sockets: Sockets) -> Result<(Bound, Option<Bound>), BindError> {
    let get = |socket: Option<std::net::TcpListener>, host, port, section| match socket {
        Some(socket) => Bound::inherited(socket, section),
        None => bind::bind(host, port, section),
    };
    let (server, ops) = (&settings.server, &settings.ops);
    let public = get(sockets.public, server.host, server.port, "server")?;
    let ops = ops
        .enabled
        .then(|| get(sockets.ops, ops.host, ops.port, "ops"))
        .transpose()?;
    Ok((public, ops))
}

fn context(
    settings: &Settings,
    clock: Clock,
    topics: Vec<Arc<Topic>>,
    files: OpenFiles,
    losses: Losses,
) -> Result<Context, StartError> {
    let server = &settings.server;
    let drain = Arc::new(Drain::new(server.drain));
    let viewers_max = files.cap(server.max_viewers);
    Ok(Context {
        hub: Hub::new(clock, topics, server.default_topic.clone()),
        seats: Seats::new(viewers_max, server.max_viewers_per_ip),
        origins: Origins::new(server.allowed_origins.clone()),
        hosts: Hosts::new(server.hosts.clone()),
        proxies: TrustedProxies::new(server.trusted_proxies.clone()),
        history_max: AtomicU64::new(server.history_max),
        answers: Answers::start().map_err(StartError::Threads)?,
        lanes: Lanes::start(clock, &drain).map_err(StartError::Threads)?,
        drain,
        tasks: TaskTracker::new(),
        is_ready: AtomicBool::new(false),
        losses,
    })
}

fn tell_ready(topic: &Topic) {
    let (segment, dataset) = (*topic.timeline().current(), topic.dataset_view());
    tracing::info!(
        event = "topic.ready",
        topic = topic.name().as_str(),
        epoch = topic.epoch().as_str(),
        seq = topic.published().get(),
        t0 = segment.t0.get(),
        rate = segment.rate.per_second(),
        records = dataset.len,
        r#loop = dataset.looping,
        sha256 = dataset.sha256,
        "the topic is loaded and scheduled"
    );
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::Threads(error) => write!(f, "cannot start the hub's threads: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<BindError> for StartError {
    fn from(error: BindError) -> Self {
        Self::Bind(error)
    }
}

impl From<JournalError> for StartError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

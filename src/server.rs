//! The server: puts the parts of the hub together, and starts, reloads and drains them.
//!
//! It owns the listeners, the journal and every task. Routing is `routes`', sending to viewers is `fanout`'s.

mod accept;
mod bind;
mod clock_drift;
mod connection;
mod dataset_switch;
mod fd_limit;
mod listener_limits;
mod liveness;
mod reachable;
mod reload;
mod restore_topics;
mod socket_activation;
mod standstill;
mod start_error;
mod state_location;
mod stats;
mod viewer_drain;
mod watchdog;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::reply::Response;

pub use bind::BindError;
pub use restore_topics::check_topics;
pub use socket_activation::{InheritedSockets, SocketActivationError};
pub use start_error::StartError;
pub use state_location::StateLocation;

use accept::ShutdownTokens;
use bind::BoundListener;
use connection::ListenerContext;
use fd_limit::FdLimit;
use listener_limits::{HubLimits, ListenerLimits};
use viewer_drain::DrainOutcome;

use crate::app::{
    AllowedHosts, AllowedOrigins, AppState, ConfigStatus, HistoryLimit, TrustedProxies,
};
use crate::clock::Clock;
use crate::fanout::{Drain, Lanes};
use crate::hub::{Hub, Topic, ViewerLimits};
use crate::journal::{JournalThread, JournalWriter, PendingJournal};
use crate::playback::Playback;
use crate::producer::Producers;
use crate::routes::{self, Listener, RequestGate};
use crate::settings::{ActiveConfig, Settings};
use crate::source::SharedSource;
use crate::systemd;
use crate::telemetry::{LogDrops, LogRateLimit};

/// Refused viewers that are logged per [`REFUSALS_PERIOD`]: enough to see who is refused and why, few enough that a flood
/// does not displace other lines.
const REFUSALS_LOGGED_MAX: u32 = 5;
const REFUSALS_PERIOD: Duration = Duration::from_secs(10);

/// A running hub.
#[derive(Debug)]
pub struct Server {
    /// What the routes share; a reload replaces parts of it.
    state: Arc<AppState>,
    /// Every task of the hub (producers, listeners, connections) except those of viewers, which `state.tasks` tracks.
    tasks: TaskTracker,
    /// Cancelled once the drain is over: the tasks in `tasks` then end.
    stop: CancellationToken,
    /// A child of `stop`, set if the public socket belongs to the service manager. It is cancelled as soon as the
    /// drain starts: new connections then wait in the socket's backlog for the next process.
    stop_public: Option<CancellationToken>,
    /// One producer per topic of `state.hub`.
    producers: Producers,
    /// Changes the timelines, and has the journal, if a topic has needed one.
    playback: Arc<Playback>,
    /// A journal that an earlier reload asked for and that the disk has not opened yet; `None` once it is open.
    pending_journal: Option<PendingJournal>,
    /// Cancelled by a signal to shut down, so that a running reload stops waiting for the disk.
    cancel_reload: CancellationToken,
    /// Where the public listener listens.
    public_address: SocketAddr,
    /// Where the operations listener listens; `None` if it is disabled.
    ops_address: Option<SocketAddr>,
    /// The connection limits of both listeners.
    limits: HubLimits,
    /// The limit on open files, read at the start; the other limits are derived from it.
    fd_limit: FdLimit,
    /// Sends a new `log.stats_every` to the task that logs statistics.
    stats_every: watch::Sender<Duration>,
    /// The values that the hub runs with; a reload compares the new settings with them.
    active_config: ActiveConfig,
    /// The switches of datasets that lie ahead, and those that have taken place since the last reload.
    switches: Vec<dataset_switch::ScheduledSwitch>,
    /// The folder of the journal. A reload does not change it.
    state_dir: Option<PathBuf>,
}

impl Server {
    /// How long to wait for the remaining connections after the viewers, if viewers had to be closed or the grace
    /// period is over: closed viewers are waiting for the next process.
    const END_TIMEOUT_MIN: Duration = Duration::from_millis(100);
    /// The same if all viewers have moved to another hub, and nothing is urgent.
    const END_TIMEOUT_MAX: Duration = Duration::from_secs(1);

    /// Starts the hub: listens on `sockets`, binds the listeners that are not among them, and only then starts the
    /// topics, so that a port that is taken leaves no trace in the journal. `sources` are the records of `settings.topics`,
    /// in the same order, and then those of `settings.next`; `log_drops` counts log lines that were not written.
    ///
    /// It raises the process's limit on open files, and keeps the watchdog of systemd alive if that is enabled.
    ///
    /// # Errors
    /// An address cannot be bound, the state folder cannot be used, or a thread cannot be started.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub fn start(
        settings: &Settings,
        sources: Vec<SharedSource>,
        sockets: InheritedSockets,
        log_drops: LogDrops,
    ) -> Result<Self, StartError> {
        let is_handed_over = sockets.public.is_some();
        let (sources, next_sources) = with_next(settings, sources);
        let location = StateLocation::find(settings, &sources)?;
        let topics = restore_topics::new_topics(settings, sources)?;
        let listeners = bind::listeners(settings, sockets)?;
        let journal = restore_topics::open_journal(location.as_ref())?;
        let clock = Clock::start();
        let checkpoint = |topic: &_| {
            journal
                .as_ref()
                .and_then(|journal| journal.checkpoint(topic).cloned())
        };
        let recover_max = settings.server.recover_max;
        let topics = restore_topics::restore(topics, checkpoint, clock.now(), recover_max);
        let writer = journal
            .map(|journal| JournalWriter::start(journal, &topics))
            .transpose()?;
        let fd_limit = FdLimit::raise();
        let limits = HubLimits::new(&settings.server, fd_limit, &log_drops);
        let state = Arc::new(app_state(settings, clock, topics, &limits, log_drops)?);
        if is_handed_over {
            state.drain.hand_over();
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (public, ops) = &listeners;
        let cancel_reload = CancellationToken::new();
        let playback = Playback::new(clock, cancel_reload.clone());
        if let Some(writer) = writer {
            let journal = JournalThread::start(writer).map_err(StartError::Threads)?;
            set_journal(&state, &playback, journal);
        }
        let mut server = Self {
            public_address: public.address,
            ops_address: ops.as_ref().map(|ops| ops.address),
            producers: Producers::new(clock, Handle::current(), tasks.clone()),
            tasks,
            stop_public: is_handed_over.then(|| stop.child_token()),
            stop,
            playback: Arc::new(playback),
            pending_journal: None,
            cancel_reload,
            limits,
            fd_limit,
            stats_every: watch::Sender::new(settings.log.stats_every),
            active_config: ActiveConfig::new(settings),
            switches: Vec::new(),
            state_dir: location.map_or_else(|| settings.state.dir.clone(), |at| Some(at.folder)),
            state,
        };
        server.launch(listeners)?;
        let switches = server.prepare_switches(settings, next_sources)?;
        server.schedule_switches(switches);
        Ok(server)
    }

    fn launch(
        &mut self,
        (public, ops): (BoundListener, Option<BoundListener>),
    ) -> Result<(), StartError> {
        for topic in self.state.hub.topics() {
            restore_topics::log_start(&topic);
            log_topic_ready(&topic);
            self.producers.add(&topic).map_err(StartError::Threads)?;
            // Only now, so that the producer's log lines follow those about the topic's start.
            self.producers.start(&topic);
        }
        self.state.is_ready.store(true, Ordering::Release);
        self.listen(public, ops);
        let (state, stop) = (&self.state, &self.stop);
        self.tasks.spawn(stats::run(
            Arc::clone(state),
            self.stats_every.subscribe(),
            stop.clone(),
        ));
        self.tasks
            .spawn(clock_drift::run(Arc::clone(state), stop.clone()));
        let (state, playback) = (Arc::clone(state), Arc::clone(&self.playback));
        if let Some(period) = systemd::watchdog_period() {
            let (state, playback) = (Arc::clone(&state), Arc::clone(&playback));
            self.tasks
                .spawn(watchdog::run(state, playback, period, stop.clone()));
        }
        self.tasks
            .spawn(standstill::run(state, playback, stop.clone()));
        Ok(())
    }

    /// Where the public listener listens, with the port that was picked for `port = 0`.
    #[must_use]
    pub const fn public_address(&self) -> SocketAddr {
        self.public_address
    }

    /// The URLs of the public listener for other machines, the likeliest first; none if the machine has no network.
    #[must_use]
    pub fn public_urls(&self) -> Vec<String> {
        reachable::urls(self.public_address)
    }

    /// Where the operations listener listens; `None` if it is disabled.
    #[must_use]
    pub const fn ops_address(&self) -> Option<SocketAddr> {
        self.ops_address
    }

    /// Returns the token that stops a running reload from waiting for the disk; cancel it to shut down quickly.
    #[must_use]
    pub fn reload_canceller(&self) -> CancellationToken {
        self.cancel_reload.clone()
    }

    /// Drains the hub and stops it: withdraws readiness, sends every viewer a `bye`, closes the viewers that have not
    /// left by the end of the grace period, and then ends all tasks. Tasks that do not end in time are left to the
    /// runtime to drop; none of them serves a viewer.
    pub async fn drain(self) {
        let viewers = self.state.viewer_limits.in_use();
        let grace = self.state.drain.grace();
        let grace_seconds = grace.as_secs_f64();
        if let Some(close) = &self.stop_public {
            // From now on new connections wait in the backlog for the next process, instead of being refused here.
            close.cancel();
        }
        self.state.lanes.start_drain(viewers);
        tracing::info!(
            event = "drain",
            viewers,
            grace_seconds,
            "draining: viewers are sent a `bye`, and those that stay are closed by the end of the grace period"
        );
        self.state.tasks.close();
        let end = tokio::time::Instant::now() + grace;
        let outcome = viewer_drain::drain_viewers(&self.state).await;
        self.producers.stop();
        self.stop.cancel();
        self.tasks.close();
        let end_timeout = match outcome {
            DrainOutcome::AllLeft => {
                let left = end.duration_since(tokio::time::Instant::now());
                left.clamp(Self::END_TIMEOUT_MIN, Self::END_TIMEOUT_MAX)
            }
            DrainOutcome::Closed { .. } => Self::END_TIMEOUT_MIN,
        };
        _ = tokio::time::timeout(end_timeout, self.tasks.wait()).await;
        // After the producers have stopped, so that the journal has their last publication.
        if let Some(journal) = self.playback.journal() {
            journal.stop(end_timeout).await;
        }
        let remaining = match outcome {
            DrainOutcome::AllLeft => 0,
            DrainOutcome::Closed { remaining } => remaining,
        };
        tracing::info!(event = "stop", remaining, "stopped");
    }

    fn listen(&self, public: BoundListener, ops: Option<BoundListener>) {
        let routes = routes::public(&self.state);
        let close = self.stop_public.as_ref().unwrap_or(&self.stop);
        self.accept(Listener::Public, public, routes, &self.limits.public, close);
        if let Some(ops) = ops {
            let routes = routes::ops(&self.state);
            self.accept(Listener::Ops, ops, routes, &self.limits.ops, &self.stop);
        }
    }

    fn accept(
        &self,
        listener: Listener,
        bound: BoundListener,
        routes: BoxedFilter<(Response,)>,
        limits: &Arc<ListenerLimits>,
        close: &CancellationToken,
    ) {
        let tasks = self.tasks.clone();
        let context = ListenerContext {
            routes,
            limits: Arc::clone(limits),
            state: Arc::clone(&self.state),
            gate: RequestGate::new(&self.state, limits.connections(), listener, bound.address),
        };
        let tokens = ShutdownTokens {
            accepting: close.clone(),
            serving: self.stop.clone(),
        };
        self.tasks
            .spawn(accept::run(bound.listener, context, tokens, tasks));
        bind::log_listening(listener.name(), bound.address);
    }
}

/// Splits `sources` into those of the topics and those of their next datasets.
fn with_next(
    settings: &Settings,
    mut sources: Vec<SharedSource>,
) -> (Vec<SharedSource>, Vec<SharedSource>) {
    let next = sources.split_off(sources.len().min(settings.topics.len()));
    (sources, next)
}

fn app_state(
    settings: &Settings,
    clock: Clock,
    topics: Vec<Arc<Topic>>,
    limits: &HubLimits,
    log_drops: LogDrops,
) -> Result<AppState, StartError> {
    let server = &settings.server;
    let drain = Arc::new(Drain::new(server.drain));
    let viewers_max = limits.viewers_max;
    Ok(AppState {
        hub: Hub::new(clock, topics, server.default_topic.clone()),
        viewer_limits: ViewerLimits::new(viewers_max, server.max_viewers_per_ip),
        origins: AllowedOrigins::new(server.allowed_origins.clone()),
        hosts: AllowedHosts::new(server.hosts.clone()),
        proxies: TrustedProxies::new(server.trusted_proxies.clone()),
        history_max: AtomicU64::new(server.history_max),
        history_limit: HistoryLimit::start().map_err(StartError::Threads)?,
        lanes: Lanes::start(clock, &Handle::current(), &drain).map_err(StartError::Threads)?,
        drain,
        tasks: TaskTracker::new(),
        is_ready: AtomicBool::new(false),
        journal: OnceLock::new(),
        listeners: [limits.public.stats().clone(), limits.ops.stats().clone()],
        config: ConfigStatus::default(),
        refusal_limit: LogRateLimit::new(REFUSALS_LOGGED_MAX, REFUSALS_PERIOD, &log_drops),
        is_at_standstill: AtomicBool::new(false),
        log_drops,
    })
}

/// Has changes of timelines written to `journal`, and its health reported.
fn set_journal(state: &AppState, playback: &Playback, journal: JournalThread) {
    _ = state.journal.set(journal.health().clone());
    playback.set_journal(journal);
}

fn log_topic_ready(topic: &Topic) {
    let description = topic.feed().describe();
    tracing::info!(
        event = "topic.ready",
        topic = topic.name().as_str(),
        epoch = topic.epoch().as_str(),
        seq = topic.published().get(),
        t0 = description.newest_state.t.get(),
        rate = description.per_second,
        records = description.dataset.len,
        r#loop = description.dataset.looping,
        sha256 = description.dataset.sha256,
        "topic loaded and scheduled"
    );
}

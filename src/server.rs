//! The composition root: binds, schedules, accepts, and drains.

mod accept;
mod begin;
mod bind;
mod keeping;
mod stats;
mod wall;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::reply::Response;

pub use bind::BindError;

use accept::{Complaints, Limits};
use bind::Bound;
use keeping::Keeping;

use crate::clock::{Alarm, Clock};
use crate::fanout::{Drain, Lanes};
use crate::hub::{Hub, Seats, Topic};
use crate::journal::{JournalError, Keeper};
use crate::producer;
use crate::routes::{self, Answers, Context, Origins, TrustedProxies};
use crate::settings::Settings;
use crate::source::Dataset;
use crate::telemetry::Losses;

/// Why a hub cannot start.
#[derive(Debug)]
pub enum StartError {
    /// An address cannot be listened on.
    Bind(BindError),
    /// The state folder cannot be used.
    Journal(JournalError),
    /// The system has no descriptor or no thread for the viewers.
    Lanes(io::Error),
}

/// A running hub.
#[derive(Debug)]
pub struct Server {
    context: Arc<Context>,
    grace: Duration,
    /// Producers, listeners and connections; viewers are tracked in the context.
    tasks: TaskTracker,
    stop: CancellationToken,
    alarms: Vec<Arc<Alarm>>,
    keeping: Option<Keeping>,
}

impl Server {
    /// How long connections that are no viewers may take to end once the viewers are gone, even if the grace is over.
    const END_AT_LEAST: Duration = Duration::from_millis(100);
    /// And how long if it is not.
    const END_AT_MOST: Duration = Duration::from_secs(1);

    /// Binds every listener, and only then begins the timelines of `datasets`, which are those of the
    /// settings' topics in their order. `losses` counts the lines that are not in the log.
    ///
    /// # Errors
    /// An address cannot be bound, the state folder cannot be used, or the system has no threads for the viewers.
    pub fn start(
        settings: &Settings,
        datasets: Vec<Dataset>,
        losses: Losses,
    ) -> Result<Self, StartError> {
        let public = bind::bind(settings.server.host, settings.server.port, "server")?;
        let ops = settings
            .ops
            .enabled
            .then(|| bind::bind(settings.ops.host, settings.ops.port, "ops"))
            .transpose()?;
        let journal = begin::journal(settings)?;
        let clock = Clock::start();
        let topics = begin::topics(settings, datasets, journal.as_ref(), &clock);
        let keeper = journal
            .map(|journal| Keeper::begin(journal, topics.clone()))
            .transpose()?;
        let complaints = Arc::new(Complaints::new(&losses));
        let context = Arc::new(context(settings, clock, topics, losses)?);
        let mut server = Self {
            grace: settings.server.drain,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            alarms: Vec::new(),
            keeping: keeper.map(|keeper| Keeping::start(keeper, clock)),
            context,
        };
        server.schedule();
        server.listen(settings, public, ops, &complaints);
        server.tasks.spawn(stats::run(
            Arc::clone(&server.context),
            settings.log.stats_every,
            server.stop.clone(),
        ));
        server
            .tasks
            .spawn(wall::run(Arc::clone(&server.context), server.stop.clone()));
        Ok(server)
    }

    /// Drains and ends: not ready from now on, every viewer told and closed over the grace period while the
    /// stream goes on for the rest, then everything stopped. What runs on after that serves nobody.
    pub async fn drain(self) {
        let viewers = self.context.seats.taken();
        let grace_seconds = self.grace.as_secs_f64();
        self.context.lanes.drain();
        tracing::info!(
            event = "drain",
            viewers,
            grace_seconds,
            "draining: every viewer is told and closed"
        );
        self.context.tasks.close();
        let end = tokio::time::Instant::now() + self.grace;
        let is_empty = tokio::time::timeout_at(end, self.context.tasks.wait())
            .await
            .is_ok();
        for alarm in &self.alarms {
            alarm.ring();
        }
        self.stop.cancel();
        self.tasks.close();
        // What does not end in time is dropped with the runtime; it is none of the viewers' streams.
        let left = end.duration_since(tokio::time::Instant::now());
        let patience = left.clamp(Self::END_AT_LEAST, Self::END_AT_MOST);
        _ = tokio::time::timeout(patience, self.tasks.wait()).await;
        // After the producers: what they sent last is remembered.
        if let Some(keeping) = self.keeping {
            keeping.finish(patience).await;
        }
        let remaining = if is_empty {
            0
        } else {
            self.context.seats.taken()
        };
        tracing::info!(event = "stop", remaining, "stopped");
    }

    fn schedule(&mut self) {
        for topic in self.context.hub.topics() {
            begin::tell(&topic);
            tell_ready(&topic);
            let (clock, alarm) = (*self.context.hub.clock(), Arc::new(Alarm::default()));
            self.alarms.push(Arc::clone(&alarm));
            // A thread of its own: it waits on the kernel's clock, not on the runtime's.
            self.tasks
                .spawn_blocking(move || producer::run(&topic, &clock, &alarm));
        }
        self.context.is_ready.store(true, Ordering::Release);
    }

    fn listen(
        &self,
        settings: &Settings,
        public: Bound,
        ops: Option<Bound>,
        complaints: &Arc<Complaints>,
    ) {
        let routes = routes::public(&self.context);
        let limits = Limits::public(&settings.server, complaints);
        self.accept("public", public, routes, limits);
        if let Some(ops) = ops {
            let limits = Limits::ops(&settings.server, complaints);
            self.accept("ops", ops, routes::ops(&self.context), limits);
        }
    }

    fn accept(
        &self,
        name: &'static str,
        bound: Bound,
        routes: BoxedFilter<(Response,)>,
        limits: Limits,
    ) {
        let (stop, tasks) = (self.stop.clone(), self.tasks.clone());
        self.tasks
            .spawn(accept::run(bound.listener, routes, limits, stop, tasks));
        bind::tell_listening(name, bound.address);
    }
}

fn context(
    settings: &Settings,
    clock: Clock,
    topics: Vec<Arc<Topic>>,
    losses: Losses,
) -> Result<Context, StartError> {
    let server = &settings.server;
    let drain = Arc::new(Drain::new(server.drain));
    Ok(Context {
        hub: Hub::new(clock, topics, server.default_topic.clone()),
        seats: Seats::new(server.max_viewers, server.max_viewers_per_ip),
        origins: Origins::new(server.allowed_origins.clone()),
        proxies: TrustedProxies::new(server.trusted_proxies.clone()),
        history_max: server.history_max,
        answers: Answers::default(),
        lanes: Lanes::start(clock, &drain).map_err(StartError::Lanes)?,
        drain,
        tasks: TaskTracker::new(),
        is_ready: AtomicBool::new(false),
        losses,
    })
}

fn tell_ready(topic: &Topic) {
    let (segment, dataset) = (topic.timeline().current(), topic.dataset_view());
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
            Self::Lanes(error) => write!(f, "cannot start the threads that serve viewers: {error}"),
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

//! The accept loop: HTTP/1 connections with every limit that warp's own server leaves open.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::files::OpenFiles;
use crate::routes::{Peer, Place, Socket, use_origin_form};
use crate::settings;
use crate::telemetry::{Limit, Losses};

/// What a connection may take before it is a viewer.
#[derive(Debug, Clone, Copy)]
struct Limits {
    header_timeout: Duration,
    connections_max: usize,
}

/// How often the faults of all connections are told.
#[derive(Debug)]
struct Complaints {
    /// A connection failed: its client's doing, and so as often as clients like.
    http: Limit,
    /// No connection can be accepted: tried ten times a second, and the same each time.
    accept: Limit,
    /// There are as many connections as there may be: each that ends makes room for one more, and then it is so again.
    full: Limit,
}

/// Headers in one request; browsers send some twenty.
const HEADERS_MAX: usize = 100;

/// Bytes of one request head. Browsers send less than 2 KiB; what proxies and cookies add stays below 8 KiB, which is
/// what most servers take. Shorter than hyper's longest URI, so that a longer one is 431 whatever it is long for.
const HEAD_LEN_MAX: usize = 16 * 1024;

/// How long to leave the listener alone when the system has no descriptor or memory for one more connection.
/// Short, because those who wait in the backlog see it as latency.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

impl Limits {
    /// Operators and probes; a listener of its own must not use up what viewers may have.
    const OPS_CONNECTIONS_MAX: usize = 64;

    /// For the public listener.
    fn public(server: &settings::Server, files: OpenFiles) -> Self {
        Self {
            header_timeout: server.header_timeout,
            connections_max: files.connections(server.max_viewers),
        }
    }

    /// For the operations listener.
    fn ops(server: &settings::Server) -> Self {
        Self {
            header_timeout: server.header_timeout,
            connections_max: Self::OPS_CONNECTIONS_MAX,
        }
    }
}

impl Complaints {
    fn new(losses: &Losses) -> Self {
        Self {
            http: Limit::new(5, Duration::from_secs(1), losses),
            accept: Limit::new(1, Duration::from_secs(10), losses),
            full: Limit::new(1, Duration::from_secs(10), losses),
        }
    }

    fn tell_of_http(&self, peer: SocketAddr, error: &hyper::Error) {
        // What is not written is not told too often either.
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        if let Some(suppressed) = self.http.admit() {
            let remote = peer.ip().to_canonical();
            tracing::debug!(
                event = "http.failed",
                remote = %remote,
                error = %error,
                suppressed,
                "a connection failed"
            );
        }
    }

    fn tell_of_accept(&self, error: &io::Error) {
        if let Some(suppressed) = self.accept.admit() {
            tracing::warn!(
                event = "accept.failed",
                error = %error,
                suppressed,
                "no connection can be accepted; raise the limit of open files (`ulimit -n`) or lower `server.max_viewers`"
            );
        }
    }
}

/// The limits of a listener, which may be replaced while it listens, and where its faults are told.
#[derive(Debug)]
pub(super) struct Gate {
    /// The listener's name.
    name: &'static str,
    limits: ArcSwap<Limits>,
    connections: Arc<Semaphore>,
    complaints: Arc<Complaints>,
}

impl Gate {
    fn new(name: &'static str, limits: Limits, complaints: Arc<Complaints>) -> Self {
        let connections_max = limits.connections_max.min(Semaphore::MAX_PERMITS);
        Self {
            name,
            limits: ArcSwap::from_pointee(limits),
            connections: Arc::new(Semaphore::new(connections_max)),
            complaints,
        }
    }

    /// From now on these are the limits; of connections there are never fewer than there were. Nobody is turned out:
    /// how many viewers there are is the seats' business.
    fn set(&self, mut limits: Limits) {
        let before = self.limits.load().connections_max;
        limits.connections_max = limits.connections_max.clamp(before, Semaphore::MAX_PERMITS);
        self.connections
            .add_permits(limits.connections_max - before);
        self.limits.store(Arc::new(limits));
    }

    /// Waits until there is room for one more connection. That there is none is told: those who connect hear nothing.
    async fn place(&self) -> OwnedSemaphorePermit {
        if let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() {
            return permit;
        }
        self.tell_full();
        let permit = Arc::clone(&self.connections).acquire_owned().await;
        permit.expect("this semaphore is never closed")
    }

    fn tell_full(&self) {
        if let Some(suppressed) = self.complaints.full.admit() {
            tracing::warn!(
                event = "accept.full",
                listener = self.name,
                connections_max = self.limits.load().connections_max,
                suppressed,
                "there are as many connections as there may be, and whoever connects waits until one ends"
            );
        }
    }
}

/// The gate of each listener.
#[derive(Debug)]
pub(super) struct Gates {
    pub(super) public: Arc<Gate>,
    pub(super) ops: Arc<Gate>,
}

impl Gates {
    /// Gates whose faults are told together: `losses` counts what is not.
    pub(super) fn new(server: &settings::Server, files: OpenFiles, losses: &Losses) -> Self {
        let complaints = Arc::new(Complaints::new(losses));
        let gate = |name, limits| Arc::new(Gate::new(name, limits, Arc::clone(&complaints)));
        Self {
            public: gate("public", Limits::public(server, files)),
            ops: gate("ops", Limits::ops(server)),
        }
    }

    /// From now on the limits are those of `server`.
    pub(super) fn set(&self, server: &settings::Server, files: OpenFiles) {
        self.public.set(Limits::public(server, files));
        self.ops.set(Limits::ops(server));
    }
}

/// When a listener accepts no more, and when its connections finish what they are at.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    pub(super) accepting: CancellationToken,
    pub(super) serving: CancellationToken,
}

/// Accepts connections for `routes` until the end, each in a task of its own among `tasks`.
pub(super) async fn run(
    listener: TcpListener,
    routes: BoxedFilter<(Response,)>,
    gate: Arc<Gate>,
    ends: Ends,
    tasks: TaskTracker,
) {
    loop {
        let permit = tokio::select! {
            () = ends.accepting.cancelled() => return,
            permit = gate.place() => permit,
        };
        let accepted = tokio::select! {
            () = ends.accepting.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                let accepted = Accepted {
                    socket,
                    peer,
                    place: Place(Arc::new(permit)),
                };
                tasks.spawn(serve(
                    accepted,
                    routes.clone(),
                    Arc::clone(&gate),
                    ends.serving.clone(),
                ));
            }
            Err(error) => pause_after(&error, &gate.complaints).await,
        }
    }
}

/// A connection that was accepted, and its place among all connections.
struct Accepted {
    socket: TcpStream,
    peer: SocketAddr,
    place: Place,
}

/// On a socket that is gone already this fails, and the first read says so.
fn prepare(socket: &TcpStream) {
    // Frames are small and due now.
    _ = socket.set_nodelay(true);
    #[cfg(target_os = "linux")]
    {
        // Else the kernel takes megabytes of an answer that nobody reads. What is on its way does not count, so a long
        // line is filled all the same.
        const UNSENT_MAX: u32 = 64 * 1024;
        // Whoever asks and then does not read the answers is cut by the kernel; of a viewer `fanout` knows better.
        const ANSWER_TAKEN_WITHIN: Duration = Duration::from_secs(30);
        let socket = SockRef::from(socket);
        _ = socket.set_tcp_notsent_lowat(UNSENT_MAX);
        _ = socket.set_tcp_user_timeout(Some(ANSWER_TAKEN_WITHIN));
    }
}

/// Serves one connection until it ends, is upgraded, or `stop` lets it finish what it is at.
async fn serve(
    accepted: Accepted,
    routes: BoxedFilter<(Response,)>,
    gate: Arc<Gate>,
    stop: CancellationToken,
) {
    let Accepted {
        socket,
        peer,
        place,
    } = accepted;
    prepare(&socket);
    let socket = Socket::new(socket);
    let handover = socket.handover();
    let service = TowerToHyperService::new(warp::service(routes));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        // The service goes with the connection, unless a viewer has taken the place over.
        request.extensions_mut().insert(place.clone());
        request.extensions_mut().insert(handover.clone());
        let answer = use_origin_form(&mut request).map(|()| service.call(request));
        async move {
            match answer {
                Ok(answer) => answer.await,
                Err(refusal) => Ok(*refusal),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(gate.limits.load().header_timeout)
        .max_buf_size(HEAD_LEN_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        // The client's doing: half a request, a broken one, or gone. Never above debug.
        gate.complaints.tell_of_http(peer, &error);
    }
}

/// Leaves the listener alone for a moment, if the system is out of something.
async fn pause_after(error: &io::Error, complaints: &Complaints) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    ) {
        // This one connection went away before it was accepted.
        return;
    }
    complaints.tell_of_accept(error);
    tokio::time::sleep(EXHAUSTED_PAUSE).await;
}

//! One HTTP connection: serves its requests until it closes, is evicted, or is upgraded to a viewer.
//!
//! Between requests a connection is only a socket: hyper is set up when a request head is complete, and dropped when
//! the response has been sent. A connection is therefore evicted or retired (age, number of requests) only between two
//! requests, and an incomplete request costs no more memory than the part of its head that has arrived.
//!
//! A panic in a handler ends the task of its connection only.

mod request_head;

use std::convert::Infallible;
use std::fmt::Display;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;

use self::request_head::{HEAD_LEN_MAX, HeadRead};
use super::listener_limits::ListenerLimits;
use crate::app::AppState;
use crate::hub::{ConnectionPermit, EvictionWatch, Phase};
use crate::routes::{
    HttpSocket, Peer, RequestConnection, RequestGate, RequestPermits, SocketTakeover,
};

/// Headers in one request; browsers send some twenty.
const HEADERS_MAX: usize = 100;

/// Requests on one connection, and the age beyond which it takes no more of them; the last response says
/// `Connection: close`. Enough for a page with all its files, and for a proxy not to notice; few enough that no client
/// keeps its slot forever.
const REQUESTS_MAX: u32 = 1_000;
const AGE_MAX: Duration = Duration::from_secs(300);

/// What hyper would answer to a head that is too long; sent without passing the head to it.
const HEAD_TOO_LONG_RESPONSE: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// How much is read and discarded after that response, and for how long, so that the client sees the response and not
/// a reset.
const LINGER_BYTES_MAX: usize = 64 * 1024;
const LINGER: Duration = Duration::from_secs(1);

/// What all connections of a listener share.
pub(super) struct ListenerContext {
    pub(super) routes: BoxedFilter<(warp::reply::Response,)>,
    pub(super) limits: Arc<ListenerLimits>,
    pub(super) state: Arc<AppState>,
    /// What requests must pass before they are routed.
    pub(super) gate: RequestGate,
}

/// An accepted connection with its permit.
pub(super) struct AcceptedConnection {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    /// Shared with the viewer, if the connection becomes one: it counts until both are gone.
    pub(super) permit: Arc<ConnectionPermit>,
    pub(super) watch: EvictionWatch,
}

/// A complete request head, not yet parsed, with the connection that it came on.
struct UnparsedRequest {
    stream: TcpStream,
    head: Vec<u8>,
    peer: SocketAddr,
    permit: Arc<ConnectionPermit>,
    /// Whether the connection closes after the response.
    is_last: bool,
}

/// The hyper service of one connection: rejects requests that are invalid on every path, and passes the others to the
/// routes.
struct RequestService {
    peer: SocketAddr,
    permit: Arc<ConnectionPermit>,
    takeover: SocketTakeover,
    listener: Arc<ListenerContext>,
}

/// The body of a response, with the permits that are held until it has been sent.
struct ResponseBody {
    body: Pin<Box<dyn Body<Data = Bytes, Error = warp::Error> + Send>>,
    takeover: SocketTakeover,
    _permits: Option<RequestPermits>,
}

/// Sets the options of an accepted socket. Errors are ignored: if it is closed already, the first read reports that.
fn set_socket_options(stream: &TcpStream) {
    // Frames are small and due now.
    _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    {
        // Otherwise the kernel buffers megabytes of a response that the client does not read. Bytes in flight do not
        // count, so a path with a high bandwidth-delay product is still filled.
        const UNSENT_MAX: u32 = 64 * 1024;
        // The kernel resets a client that does not read its responses; for viewers `fanout` sets another timeout.
        const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(30);
        let socket = SockRef::from(stream);
        _ = socket.set_tcp_notsent_lowat(UNSENT_MAX);
        _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_TIMEOUT));
    }
}

/// Serves one connection until it closes, is evicted or is upgraded. On `stop` it finishes the current request first.
pub(super) async fn serve(
    accepted: AcceptedConnection,
    listener: Arc<ListenerContext>,
    stop: CancellationToken,
) {
    let AcceptedConnection {
        mut stream,
        peer,
        permit,
        mut watch,
    } = accepted;
    set_socket_options(&stream);
    let (opened, end) = (Instant::now(), watch.evicted());
    for number in 1.. {
        let deadline = Instant::now() + listener.limits.header_timeout();
        watch.enter(if number == 1 {
            Phase::Accepted
        } else {
            Phase::Idle
        });
        let head = tokio::select! {
            biased;
            () = end.notified() => return,
            // Polled before `stop`: a request that has already arrived is answered even while the hub stops.
            head = timeout_at(deadline, request_head::read_head(&stream, &mut watch)) => head,
            () = stop.cancelled() => return,
        };
        let log = |error: &dyn Display| listener.limits.log_http_error(peer, error);
        let head = match head {
            Ok(Ok(HeadRead::Request(head))) => head,
            Ok(Ok(HeadRead::TooLong)) => {
                log(&"the request head is too long");
                let code = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                listener.limits.stats().count_response(code.as_u16());
                return refuse_long_head(stream, &mut watch).await;
            }
            Ok(Ok(HeadRead::Truncated)) => {
                return log(&"the client closed the connection within a request head");
            }
            Ok(Ok(HeadRead::End)) => return,
            Ok(Err(error)) => return log(&error),
            Err(elapsed) => return log(&elapsed),
        };
        watch.leave();
        let is_last = number >= REQUESTS_MAX
            || opened.elapsed() >= AGE_MAX
            || watch.is_evicted()
            || stop.is_cancelled();
        let request = UnparsedRequest {
            stream,
            head,
            peer,
            permit: Arc::clone(&permit),
            is_last,
        };
        // Boxed, so that an idle connection, which most are, does not hold the memory of a request.
        let Some(returned) = Box::pin(answer(request, &listener, &mut watch, &stop)).await else {
            return;
        };
        stream = returned;
    }
}

/// Answers one request. Returns the socket if the connection stays open.
async fn answer(
    request: UnparsedRequest,
    listener: &Arc<ListenerContext>,
    watch: &mut EvictionWatch,
    stop: &CancellationToken,
) -> Option<TcpStream> {
    // The preface of HTTP/2, which the hub does not support.
    if request.head.starts_with(b"PRI * HTTP/2.0\r\n") {
        return None;
    }
    let socket = HttpSocket::new(request.stream, request.head);
    let takeover = socket.takeover();
    let requests = RequestService {
        peer: request.peer,
        permit: request.permit,
        takeover: takeover.clone(),
        listener: Arc::clone(listener),
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(listener.limits.header_timeout())
        .max_buf_size(HEAD_LEN_MAX)
        .max_headers(HEADERS_MAX)
        .keep_alive(!request.is_last)
        .serve_connection(TokioIo::new(socket), requests)
        .with_upgrades();
    let (mut connection, end) = (pin!(connection), watch.evicted());
    let (mut stopped, mut evicted) = (pin!(stop.cancelled()), pin!(end.notified()));
    // `stalled_at` is how much had been written when the client stopped reading; `None` while it reads.
    let (mut is_stopping, mut stalled_at) = (false, None);
    let served = poll_fn(|context| {
        let mut polled = connection.as_mut().poll(context);
        if polled.is_pending() && !is_stopping && stopped.as_mut().poll(context).is_ready() {
            is_stopping = true;
            connection.as_mut().graceful_shutdown();
            polled = connection.as_mut().poll(context);
        }
        if let Poll::Ready(result) = polled {
            return Poll::Ready(result.map(|()| None));
        }
        if let Some(stream) = takeover.take_returned() {
            return Poll::Ready(Ok(Some(stream)));
        }
        let now_stalled_at = takeover.stalled_at();
        if now_stalled_at != stalled_at {
            stalled_at = now_stalled_at;
            match stalled_at {
                Some(_) => watch.enter(Phase::Response),
                None => watch.leave(),
            }
        }
        if stalled_at.is_some() && evicted.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(None));
        }
        Poll::Pending
    });
    match served.await {
        Ok(stream) => stream,
        Err(error) => {
            // The client's fault: it sent a broken request or has left. So it is logged at debug only.
            listener.limits.log_http_error(request.peer, &error);
            if let Some(code) = parser_response(&error) {
                listener.limits.stats().count_response(code.as_u16());
            }
            None
        }
    }
}

impl Service<Request<Incoming>> for RequestService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        // Before hyper reads on: by default the socket gives it nothing beyond the head.
        let has_body = !request.body().is_end_stream();
        if has_body {
            self.takeover.keep_for_http();
        }
        let (permits, routed) = match self.check(&mut request) {
            Ok(permits) => {
                let routes = warp::service(self.listener.routes.clone());
                let answer = TowerToHyperService::new(routes).call(request);
                (Some(permits), Ok(answer))
            }
            Err(refusal) => (None, Err(refusal)),
        };
        let (takeover, limits) = (self.takeover.clone(), Arc::clone(&self.listener.limits));
        Box::pin(async move {
            let mut response = match routed {
                Ok(answer) => answer.await?,
                Err(refusal) => *refusal,
            };
            if has_body {
                // The handlers read no bodies, and the unread rest would be taken for the next request.
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            limits.stats().count_response(response.status().as_u16());
            // Before the body is dropped, which marks the response as answered.
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                takeover.keep_for_http();
            }
            Ok(response.map(|body| ResponseBody {
                body: Box::pin(body),
                takeover,
                _permits: permits,
            }))
        })
    }
}

impl RequestService {
    /// Lets the request through the gate, or returns the response that rejects it.
    fn check(
        &self,
        request: &mut Request<Incoming>,
    ) -> Result<RequestPermits, Box<warp::reply::Response>> {
        let connection = RequestConnection {
            peer: Peer(self.peer),
            permit: Arc::clone(&self.permit),
            takeover: self.takeover.clone(),
        };
        self.listener.gate.check(request, connection)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = warp::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, warp::Error>>> {
        self.body.as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    /// hyper drops the body when it has read all of it.
    fn drop(&mut self) {
        self.takeover.mark_answered();
    }
}

/// The status with which hyper has answered a request that it could not parse.
fn parser_response(error: &hyper::Error) -> Option<StatusCode> {
    if error.is_parse_too_large() {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else {
        error.is_parse().then_some(StatusCode::BAD_REQUEST)
    }
}

/// Answers 431, and closes the connection when the client has had a chance to see it.
async fn refuse_long_head(mut stream: TcpStream, watch: &mut EvictionWatch) {
    // Among the first to be evicted for a new connection.
    watch.enter(Phase::Idle);
    let end = watch.evicted();
    let lingering = async {
        stream.write_all(HEAD_TOO_LONG_RESPONSE).await?;
        stream.shutdown().await?;
        let mut left = LINGER_BYTES_MAX;
        while left > 0 {
            stream.readable().await?;
            match discard(&stream) {
                Ok(0) => break,
                Ok(len) => left = left.saturating_sub(len),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    tokio::select! {
        () = end.notified() => {}
        // Whether it succeeds, fails or times out, the connection closes.
        _ = timeout(LINGER, lingering) => {}
    }
}

/// Reads up to 4 KiB of what has arrived, discards it, and returns its length.
fn discard(stream: &TcpStream) -> io::Result<usize> {
    let mut bytes = [0; 4 * 1024];
    stream.try_read(&mut bytes)
}

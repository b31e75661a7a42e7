//! One connection that is not a viewer's: serves its requests until it ends, is upgraded, or is asked to end.
//!
//! Between requests it is only a socket: the HTTP layer is set up for each complete request head and dropped when the
//! answer has been sent. So a connection ends for a new one, for its age or for the number of its requests only between
//! two requests, and an incomplete request costs no more memory than its unfinished head.
//!
//! A panic in a handler ends the task of its connection, and no other.

mod head;

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

use self::head::{HEAD_LEN_MAX, Head};
use super::gate::Gate;
use crate::hub::{ConnectionPermit, Phase, Watch};
use crate::routes::{self, Context, Handover, HostCheck, Peer, Place, Socket};

/// Headers in one request; browsers send some twenty.
const HEADERS_MAX: usize = 100;

/// Requests on one connection, and how old it may be when it takes another. The last answer says that it is the last.
/// Enough for a page with everything in it, and for a proxy not to notice; few enough that no client keeps a place for
/// good.
const REQUESTS_MAX: u32 = 1_000;
const AGE_MAX: Duration = Duration::from_secs(300);

/// The answer of the HTTP parser to a head that is too long, sent before the parser sees it.
const TOO_LONG: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// After that answer: how much is still read, and for how long, so that the client gets the answer and not a reset.
const LINGER_BYTES_MAX: usize = 64 * 1024;
const LINGER: Duration = Duration::from_secs(1);

/// What every connection of a listener is served with.
pub(super) struct Surface {
    pub(super) routes: BoxedFilter<(warp::reply::Response,)>,
    pub(super) gate: Arc<Gate>,
    pub(super) context: Arc<Context>,
    /// Which names the listener answers to.
    pub(super) hosts: HostCheck,
}

/// A connection that was accepted, and its place among all connections.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    /// Held by the viewer, too, once it is one.
    pub(super) permit: Arc<ConnectionPermit>,
    pub(super) watch: Watch,
}

/// A request head with what its connection is.
struct Asked {
    stream: TcpStream,
    head: Vec<u8>,
    peer: SocketAddr,
    permit: Arc<ConnectionPermit>,
    /// Whether the answer is to say that the connection ends with it.
    is_last: bool,
}

/// Answers the requests of one connection: refuses what no path takes, and gives the rest to the routes.
struct Requests {
    peer: SocketAddr,
    permit: Arc<ConnectionPermit>,
    handover: Handover,
    surface: Arc<Surface>,
}

/// The body of an answer, with what is held until it has been sent.
struct AnswerBody {
    body: Pin<Box<dyn Body<Data = Bytes, Error = warp::Error> + Send>>,
    handover: Handover,
    _place: Option<Place>,
}

/// On a socket that is gone already this fails, and the first read says so.
fn prepare(stream: &TcpStream) {
    // Frames are small and due now.
    _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    {
        // Otherwise the kernel takes megabytes of an answer that the client does not read. Bytes in flight do not
        // count, so a long line is still filled.
        const UNSENT_MAX: u32 = 64 * 1024;
        // The kernel cuts a client that does not read its answers; for viewers `fanout` decides.
        const ANSWER_TAKEN_WITHIN: Duration = Duration::from_secs(30);
        let socket = SockRef::from(stream);
        _ = socket.set_tcp_notsent_lowat(UNSENT_MAX);
        _ = socket.set_tcp_user_timeout(Some(ANSWER_TAKEN_WITHIN));
    }
}

/// Serves one connection until it ends, is upgraded, is asked to end, or `stop` lets it finish its current request.
pub(super) async fn serve(accepted: Accepted, surface: Arc<Surface>, stop: CancellationToken) {
    let Accepted {
        mut stream,
        peer,
        permit,
        mut watch,
    } = accepted;
    prepare(&stream);
    let (opened, end) = (Instant::now(), watch.end());
    for request in 1.. {
        let deadline = Instant::now() + surface.gate.header_timeout();
        watch.enter(if request == 1 {
            Phase::Accepted
        } else {
            Phase::Idle
        });
        let head = tokio::select! {
            biased;
            () = end.notified() => return,
            // A request that is there already is answered, also by a hub that stops.
            head = timeout_at(deadline, head::read(&stream, &mut watch)) => head,
            () = stop.cancelled() => return,
        };
        let tell = |error: &dyn Display| surface.gate.tell_of_http(peer, error);
        let head = match head {
            Ok(Ok(Head::Request(head))) => head,
            Ok(Ok(Head::TooLong)) => {
                tell(&"the request head is too long");
                return refuse_long_head(stream, &mut watch).await;
            }
            Ok(Ok(Head::Cut)) => return tell(&"the client closed within a request head"),
            Ok(Ok(Head::End)) => return,
            Ok(Err(error)) => return tell(&error),
            Err(elapsed) => return tell(&elapsed),
        };
        watch.leave();
        let is_last = request >= REQUESTS_MAX
            || opened.elapsed() >= AGE_MAX
            || watch.is_ending()
            || stop.is_cancelled();
        let asked = Asked {
            stream,
            head,
            peer,
            permit: Arc::clone(&permit),
            is_last,
        };
        // On the heap only while it is needed: most connections are idle most of the time.
        let Some(returned) = Box::pin(answer(asked, &surface, &mut watch, &stop)).await else {
            return;
        };
        stream = returned;
    }
}

/// Answers one request. Returns the socket if the connection goes on.
async fn answer(
    asked: Asked,
    surface: &Arc<Surface>,
    watch: &mut Watch,
    stop: &CancellationToken,
) -> Option<TcpStream> {
    // The preface of HTTP/2, which is not spoken here.
    if asked.head.starts_with(b"PRI * HTTP/2.0\r\n") {
        return None;
    }
    let socket = Socket::new(asked.stream, asked.head);
    let handover = socket.handover();
    let requests = Requests {
        peer: asked.peer,
        permit: asked.permit,
        handover: handover.clone(),
        surface: Arc::clone(surface),
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(surface.gate.header_timeout())
        .max_buf_size(HEAD_LEN_MAX)
        .max_headers(HEADERS_MAX)
        .keep_alive(!asked.is_last)
        .serve_connection(TokioIo::new(socket), requests)
        .with_upgrades();
    let (mut connection, end) = (pin!(connection), watch.end());
    let (mut stopped, mut told) = (pin!(stop.cancelled()), pin!(end.notified()));
    // How much had been written when the answer came to stand still; `None` while it does not.
    let (mut is_stopping, mut waiting_at) = (false, None);
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
        if let Some(stream) = handover.returned() {
            return Poll::Ready(Ok(Some(stream)));
        }
        let standing_at = handover.standing_at();
        if standing_at != waiting_at {
            waiting_at = standing_at;
            match standing_at {
                Some(_) => watch.enter(Phase::Answer),
                None => watch.leave(),
            }
        }
        if waiting_at.is_some() && told.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(None));
        }
        Poll::Pending
    });
    match served.await {
        Ok(stream) => stream,
        Err(error) => {
            // The client's fault: a broken request, or it has left. Never above debug.
            surface.gate.tell_of_http(asked.peer, &error);
            None
        }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        // Before the HTTP layer reads on: after this it would not get the body.
        let has_body = !request.body().is_end_stream();
        if has_body {
            self.handover.keep();
        }
        let (place, routed) = match self.check(&mut request) {
            Ok(place) => {
                let routes = warp::service(self.surface.routes.clone());
                let answer = TowerToHyperService::new(routes).call(request);
                (Some(place), Ok(answer))
            }
            Err(refusal) => (None, Err(refusal)),
        };
        let handover = self.handover.clone();
        Box::pin(async move {
            let mut response = match routed {
                Ok(answer) => answer.await?,
                Err(refusal) => *refusal,
            };
            if has_body {
                // What is left of it would be taken for the next request.
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                handover.keep();
            }
            Ok(response.map(|body| AnswerBody {
                body: Box::pin(body),
                handover,
                _place: place,
            }))
        })
    }
}

impl Requests {
    /// Refuses what no path accepts; otherwise adds to the request what the routes need.
    fn check(&self, request: &mut Request<Incoming>) -> Result<Place, Box<warp::reply::Response>> {
        let peer = Peer(self.peer);
        let (context, connections) = (&self.surface.context, self.surface.gate.connections());
        let permit = Arc::clone(&self.permit);
        let place = routes::place(context, connections, permit, peer, request.headers())?;
        routes::use_origin_form(request)?;
        self.surface.hosts.admit(request, peer)?;
        let extensions = request.extensions_mut();
        extensions.insert(peer);
        // It goes with the connection, unless a viewer has taken it over.
        extensions.insert(place.clone());
        extensions.insert(self.handover.clone());
        Ok(place)
    }
}

impl Body for AnswerBody {
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

impl Drop for AnswerBody {
    /// The HTTP layer drops it when it has taken all of it.
    fn drop(&mut self) {
        self.handover.answered();
    }
}

/// Answers 431, and closes when the client has had a chance to see it.
async fn refuse_long_head(mut stream: TcpStream, watch: &mut Watch) {
    // The first to end for a new connection.
    watch.enter(Phase::Idle);
    let end = watch.end();
    let lingering = async {
        stream.write_all(TOO_LONG).await?;
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
        // However it ends, there is nothing more to say.
        _ = timeout(LINGER, lingering) => {}
    }
}

/// Reads what has arrived and discards it.
fn discard(stream: &TcpStream) -> io::Result<usize> {
    let mut bytes = [0; 4 * 1024];
    stream.try_read(&mut bytes)
}

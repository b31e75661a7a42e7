//! `GET /sse` and `GET /sse/{topic}`: Server-Sent Events, which lanes serve like WebSockets.
//!
//! The response has neither `Content-Length` nor chunked encoding; it ends with the connection, as every version of
//! HTTP/1 allows. All viewers of a topic can therefore share the same bytes.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use headers::{Date, HeaderMapExt};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

use super::conventions::with_security_headers;
use super::cors::with_cors;
use super::problem::Problem;
use super::socket_takeover::SocketTakeover;
use super::viewer_request::{self, AdmissionError, ViewerRequest, parse_resume_request};
use crate::app::AppState;
use crate::clock;
use crate::fanout::{Drain, Encoding, JoinRequest};
use crate::hub::{ResumeRequest, Subscription, Topic};
use crate::protocol::message::Message;
use crate::protocol::sse;

/// Matches both paths.
pub(super) fn routes(state: &Arc<AppState>) -> BoxedFilter<(Response,)> {
    let state = Arc::clone(state);
    viewer_request::filter("sse")
        .and(warp::ext::optional::<SocketTakeover>())
        .then(move |request: ViewerRequest, takeover| {
            let state = Arc::clone(&state);
            async move {
                let headers = request.headers.clone();
                let response = respond(&state, request, takeover).await;
                response.unwrap_or_else(|problem| {
                    with_cors(problem.into_response(), &state.origins, &headers)
                })
            }
        })
        .boxed()
}

async fn respond(
    state: &AppState,
    request: ViewerRequest,
    takeover: Option<SocketTakeover>,
) -> Result<Response, Problem> {
    let topic = request.topic(state)?;
    let response = join(state, &topic, request, takeover).await;
    response.inspect_err(|problem| topic.metrics.rejected.add(problem.reject_reason()))
}

async fn join(
    state: &AppState,
    topic: &Arc<Topic>,
    request: ViewerRequest,
    takeover: Option<SocketTakeover>,
) -> Result<Response, Problem> {
    request.check_origin(state)?;
    let resume_request = match resume_from_last_event_id(&request)? {
        Some(since) => since,
        None => parse_resume_request(&request.query)?,
    };
    let response = with_cors(
        event_stream_response(Bytes::new()),
        &state.origins,
        &request.headers,
    );
    if request.method == Method::HEAD {
        return Ok(response);
    }
    let takeover = takeover.expect("the server adds the takeover handle to every request");
    // Subscribe before the takeover: the channel buffers publications, so the viewer misses none of them.
    let subscription = Subscription::open(topic);
    let headers = request.headers.clone();
    let permits = match request.admit(state) {
        Ok(permits) => permits,
        Err(error @ AdmissionError::AddressLimitReached) => return Err(error.into()),
        Err(error) => {
            topic.metrics.rejected.add(error.reject_reason());
            return Ok(with_cors(
                bye_response(state, error),
                &state.origins,
                &headers,
            ));
        }
    };
    let join_request = JoinRequest {
        encoding: Encoding::Sse,
        head: response_head(&response, state.viewer_limits.in_use()),
        subscription,
        resume_request,
        permits,
    };
    if let Some(socket) = takeover.take().await {
        // Bytes that the client pipelined after the request are ignored: an event stream has no input.
        _ = state.lanes.admit(socket, Bytes::new(), join_request);
    }
    // Discarded: the connection no longer has the socket.
    Ok(response)
}

/// Returns the position that a reconnecting `EventSource` sends. The header takes precedence over `lastEventId`, which
/// takes precedence over `since` and `last`, because a client repeats those unchanged on every reconnect.
fn resume_from_last_event_id(request: &ViewerRequest) -> Result<Option<ResumeRequest>, Problem> {
    let Some(id) = request
        .headers
        .get("last-event-id")
        .filter(|id| !id.is_empty())
    else {
        return viewer_request::parse_last_event_id(&request.query);
    };
    let id = String::from_utf8_lossy(id.as_bytes());
    viewer_request::parse_position("Last-Event-ID", &id)
        .map(ResumeRequest::Since)
        .map(Some)
}

fn event_stream_response(body: Bytes) -> Response {
    let mut response = with_security_headers(Response::new(body.into()));
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
        // Without this header, nginx delays events until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The response to a viewer that cannot be admitted now. It has status 200, because an `EventSource` never reconnects
/// after any other.
fn bye_response(state: &AppState, error: AdmissionError) -> Response {
    let (reason, retry_ms) = if error == AdmissionError::Draining {
        ("draining", state.drain.retry_ms())
    } else {
        ("full", Drain::DEFAULT_RETRY_MS)
    };
    let bye = Message::Bye { reason, retry_ms };
    let bye = sse::event(Some(bye.type_name()), None, &bye.to_json());
    let [min, max] = Drain::event_source_retry_ms(retry_ms);
    event_stream_response([sse::retry(fastrand::u64(min..=max)), bye].concat().into())
}

/// Encodes the head of `response`, followed by the `retry` field that tells an `EventSource` how long to wait after
/// losing the connection. The delay depends on the number of `viewers`.
fn response_head(response: &Response, viewers: usize) -> Bytes {
    let mut headers = response.headers().clone();
    headers.typed_insert(Date::from(clock::wall_system_time()));
    let mut head = BytesMut::from(&b"HTTP/1.1 200 OK\r\n"[..]);
    for (name, value) in &headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.put_slice(part);
        }
    }
    head.put_slice(b"\r\n");
    let [min, max] = Drain::event_source_retry_ms_after_loss(viewers);
    head.put_slice(&sse::retry(fastrand::u64(min..=max)));
    head.freeze()
}

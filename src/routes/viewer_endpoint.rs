//! `/ws` and `/sse`, each with or without a topic: a request becomes a viewer, and its socket moves to a lane.
//!
//! Both follow the same steps: parse the position to resume from, subscribe to the topic, acquire the viewer's permits,
//! and take the socket from the HTTP layer. A viewer subscribes before its socket is taken: the channel buffers
//! publications, so it misses none of them. All rejections are made before that, by HTTP status; only an event stream that
//! finds the hub full or draining, or the topic stopped, gets 200 and a `bye`, because an `EventSource` does not retry after another status.

mod event_stream;
mod refusal;
mod resume_query;
mod websocket_handshake;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use warp::http::Method;
use warp::reply::Response;

pub(super) use self::refusal::record_refusal;
use self::resume_query::{parse_event_stream_resume, parse_resume_request};
use self::websocket_handshake::{
    check_handshake, negotiate, switching_protocols, upgrade_required,
};
use super::api_request::ApiRequest;
use super::authorize::AccessPermit;
use super::cors::with_cors;
use super::problem::{Problem, ProblemCode};
use super::socket_takeover::HttpSocket;
use crate::app::AppState;
use crate::fanout::{Drain, Encoding, JoinRequest, ViewerPermits};
use crate::hub::{
    RejectReason, ResumeRequest, Subscription, Topic, TopicClosure, ViewerLimitReached,
};

/// The maximum time from the response to the end of the upgrade. The upgrade only has to wait until the response is
/// written.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// The reason why the hub cannot admit a valid request at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AdmissionError {
    /// The hub has reached `server.max_viewers`.
    HubFull,
    /// The hub is draining.
    Draining,
    /// The address has reached `server.max_viewers_per_ip`.
    AddressLimitReached,
    /// The topic has stopped.
    TopicStopped,
}

/// `GET /ws`: responds with 101. A lane serves the viewer once the upgrade is complete.
pub(super) fn join_by_websocket(
    state: &Arc<AppState>,
    request: &ApiRequest,
    _: AccessPermit,
) -> Result<Response, Problem> {
    let topic = request.topic()?;
    let key = check_handshake(&request.method, &request.headers)?;
    let upgrade = request.upgrade.clone().ok_or_else(upgrade_required)?;
    let negotiated = negotiate(&request.headers)?;
    let resume_request = parse_resume_request(request)?;
    let subscription = Subscription::open(topic);
    check_recoverable(negotiated.encoding, &resume_request, topic, &subscription)?;
    let join_request = JoinRequest {
        encoding: negotiated.encoding,
        head: Bytes::new(),
        subscription,
        resume_request,
        permits: admit(state, request, topic)?,
    };
    state
        .tasks
        .spawn(complete_upgrade(Arc::clone(state), upgrade, join_request));
    Ok(switching_protocols(key, negotiated))
}

/// Checks that a viewer of bare records, which cannot be sent a gap, gets everything that it requests.
fn check_recoverable(
    encoding: Encoding,
    resume_request: &ResumeRequest,
    topic: &Topic,
    subscription: &Subscription,
) -> Result<(), Problem> {
    let outcome = encoding.resume_outcome(resume_request, topic, subscription.point().newest);
    if encoding == Encoding::Bare && outcome.recovered == Some(false) {
        let detail = "some of the requested records can no longer be sent; connect without `since` and `last`";
        return Err(Problem::new(ProblemCode::PositionNotRecoverable, detail));
    }
    Ok(())
}

/// Gives the socket to a lane once the response has been written.
async fn complete_upgrade(state: Arc<AppState>, upgrade: OnUpgrade, join_request: JoinRequest) {
    // Fails if the connection is lost before the upgrade is complete.
    let Ok(Ok(upgraded)) = timeout(UPGRADE_TIMEOUT, upgrade).await else {
        return;
    };
    let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<HttpSocket>>() else {
        return;
    };
    let Some(socket) = io.into_inner().into_stream() else {
        return;
    };
    let leftover = Bytes::copy_from_slice(&read_buf);
    _ = state.lanes.admit(socket, leftover, join_request);
}

/// `GET /sse`: the lane that serves the viewer also sends the head of the response.
pub(super) async fn join_by_events(
    state: &AppState,
    request: &ApiRequest,
    _: AccessPermit,
) -> Result<Response, Problem> {
    let topic = request.topic()?;
    let resume_request = parse_event_stream_resume(request)?;
    if request.method == Method::HEAD {
        return Ok(event_stream::empty());
    }
    let subscription = Subscription::open(topic);
    let permits = match admit(state, request, topic) {
        Ok(permits) => permits,
        Err(error @ AdmissionError::AddressLimitReached) => return Err(error.into()),
        Err(error) => {
            record_refusal(state, request, error.reject_reason());
            return Ok(bye_response(state, error));
        }
    };
    let response = with_cors(event_stream::empty(), &state.origins, &request.origin);
    let join_request = JoinRequest {
        encoding: Encoding::Sse,
        head: event_stream::head(&response, state.viewer_limits.in_use()),
        subscription,
        resume_request,
        permits,
    };
    if let Some(socket) = request.takeover.take().await {
        // Bytes that the client pipelined after the request are ignored: an event stream has no input.
        _ = state.lanes.admit(socket, Bytes::new(), join_request);
    }
    // Discarded: the connection no longer has the socket.
    Ok(response)
}

/// The response to an event stream that cannot be admitted now.
fn bye_response(state: &AppState, error: AdmissionError) -> Response {
    let stopped = TopicClosure::Stopped;
    match error {
        AdmissionError::Draining => event_stream::bye("draining", state.drain.retry_ms()),
        AdmissionError::TopicStopped => {
            event_stream::bye(stopped.close_reason().label(), stopped.retry_ms())
        }
        AdmissionError::HubFull | AdmissionError::AddressLimitReached => {
            event_stream::bye("full", Drain::DEFAULT_RETRY_MS)
        }
    }
}

/// Acquires the permits that the viewer of `topic` holds until it leaves.
fn admit(
    state: &AppState,
    request: &ApiRequest,
    topic: &Topic,
) -> Result<ViewerPermits, AdmissionError> {
    if state.drain.rejects_viewers() {
        return Err(AdmissionError::Draining);
    }
    if topic.closure() == Some(TopicClosure::Stopped) {
        return Err(AdmissionError::TopicStopped);
    }
    let viewer_permit =
        state
            .viewer_limits
            .acquire(request.client)
            .map_err(|error| match error {
                ViewerLimitReached::Full => AdmissionError::HubFull,
                ViewerLimitReached::TooManyFromAddress => AdmissionError::AddressLimitReached,
            })?;
    // A viewer is still a connection, and keeps the permits of one.
    let permits = request.permits.clone();
    permits.connection.mark_viewer();
    Ok(ViewerPermits {
        remote: request.client,
        viewer_permit,
        connection: Some(permits.connection),
        client: permits.client,
        task_token: state.tasks.token(),
    })
}

impl AdmissionError {
    /// The reason under which the rejection is counted.
    const fn reject_reason(self) -> RejectReason {
        match self {
            Self::HubFull => RejectReason::Full,
            Self::Draining => RejectReason::Draining,
            Self::AddressLimitReached => RejectReason::TooManyFromAddress,
            Self::TopicStopped => RejectReason::Stopped,
        }
    }
}

impl From<AdmissionError> for Problem {
    fn from(error: AdmissionError) -> Self {
        let (code, detail) = match error {
            AdmissionError::Draining => (
                ProblemCode::HubDraining,
                "the hub is draining; retry in a moment",
            ),
            AdmissionError::HubFull => (
                ProblemCode::HubFull,
                "the hub has reached its limit of viewers (`server.max_viewers`)",
            ),
            AdmissionError::AddressLimitReached => (
                ProblemCode::ViewersPerIpExceeded,
                "this address has reached its limit of viewers (`server.max_viewers_per_ip`)",
            ),
            AdmissionError::TopicStopped => return Self::topic_stopped(),
        };
        Self::retry_later(code, detail).with_reject_reason(error.reject_reason())
    }
}

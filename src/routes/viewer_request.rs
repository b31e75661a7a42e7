//! [`ViewerRequest`]: a request to become a viewer, over WebSocket or SSE.
//!
//! Checks the topic and the origin, parses the position to resume from, and acquires the viewer's permits. The
//! handshakes are in `ws_endpoint` and `sse_endpoint`.

use std::convert::Infallible;
use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method};

use super::conventions::{excerpt, get, parse_saturating};
use super::host_check::RequestAuthority;
use super::problem::{Problem, ProblemCode};
use super::request_origin::may_connect;
use super::{Peer, RequestPermits};
use crate::app::AppState;
use crate::fanout::ViewerPermits;
use crate::hub::{RejectReason, ResumeRequest, Topic, ViewerLimitReached};
use crate::protocol::Position;

/// A request to become a viewer.
#[derive(Debug)]
pub(super) struct ViewerRequest {
    /// The topic in the path, not validated; `None` means the default topic.
    topic: Option<String>,
    /// The raw query, empty if the request has no query.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) method: Method,
    /// Set by the server on every connection.
    peer: Option<Peer>,
    authority: Option<RequestAuthority>,
    permits: Option<RequestPermits>,
}

/// The reason why the hub cannot admit a valid request at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AdmissionError {
    /// The hub has reached `server.max_viewers`.
    HubFull,
    /// The hub is draining.
    Draining,
    /// The address has reached `server.max_viewers_per_ip`.
    AddressLimitReached,
}

/// Matches `GET /PATH` and `GET /PATH/{topic}`.
pub(super) fn filter(path: &'static str) -> BoxedFilter<(ViewerRequest,)> {
    let default = warp::path(path).and(warp::path::end()).map(|| None);
    let named = warp::path(path)
        .and(warp::path::param::<String>())
        .and(warp::path::end())
        .map(Some);
    default
        .or(named)
        .unify()
        .and(get())
        .and(query())
        .and(warp::header::headers_cloned())
        .and(warp::method())
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<RequestAuthority>())
        .and(warp::ext::optional::<RequestPermits>())
        .map(
            |topic, query, headers, method, peer, authority, permits| ViewerRequest {
                topic,
                query,
                headers,
                method,
                peer,
                authority,
                permits,
            },
        )
        .boxed()
}

/// Extracts the raw query, empty if the request has no query.
fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Clone {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

impl ViewerRequest {
    /// Returns the requested topic, or the default one. Requests for an unknown topic are counted.
    pub(super) fn topic(&self, state: &AppState) -> Result<Arc<Topic>, Problem> {
        let name = self.topic.as_deref().map(str::parse).transpose();
        let topic = name.ok().and_then(|name| state.hub.topic(name.as_ref()));
        topic.ok_or_else(|| {
            state.hub.not_found.add(1);
            Problem::topic_not_found()
        })
    }

    /// Checks that the origin of the request may connect.
    pub(super) fn check_origin(&self, state: &AppState) -> Result<(), Problem> {
        check_origin(state, &self.headers, self.authority.as_ref())
    }

    /// Acquires the permits that the viewer holds until it leaves.
    pub(super) fn admit(self, state: &AppState) -> Result<ViewerPermits, AdmissionError> {
        if state.drain.rejects_viewers() {
            return Err(AdmissionError::Draining);
        }
        let peer = self
            .peer
            .expect("the server adds the peer to every request");
        let remote = peer.client_address(&self.headers, &state.proxies);
        let viewer_permit = state
            .viewer_limits
            .acquire(remote)
            .map_err(|error| match error {
                ViewerLimitReached::Full => AdmissionError::HubFull,
                ViewerLimitReached::TooManyFromAddress => AdmissionError::AddressLimitReached,
            })?;
        // A viewer is still a connection, and keeps the permits of one.
        let (connection, client) = self
            .permits
            .map(RequestPermits::into_viewer_permits)
            .map_or((None, None), |permits| {
                (Some(permits.connection), permits.client)
            });
        Ok(ViewerPermits {
            remote,
            viewer_permit,
            connection,
            client,
            task_token: state.tasks.token(),
        })
    }
}

/// Checks that the origin in `headers` may connect, given the `authority` that the request addressed.
pub(super) fn check_origin(
    state: &AppState,
    headers: &HeaderMap,
    authority: Option<&RequestAuthority>,
) -> Result<(), Problem> {
    let authority = authority.map(|RequestAuthority(authority)| authority);
    if may_connect(&state.origins, headers, authority) {
        return Ok(());
    }
    let detail = "this origin is not allowed to connect; add it to `server.allowed_origins`";
    Err(Problem::new(ProblemCode::OriginForbidden, detail))
}

/// The query parameters that select where to resume.
const SINCE: &str = "since";
const LAST: &str = "last";
/// The query parameter of `EventSource` polyfills, which cannot set `Last-Event-ID`. They add it to the original URL.
const LAST_EVENT_ID: &str = "lastEventId";

/// Parses `since` or `last`, not both and each at most once. Other parameters are ignored.
pub(super) fn parse_resume_request(query: &str) -> Result<ResumeRequest, Problem> {
    let (since, last) = (single_value(query, SINCE)?, single_value(query, LAST)?);
    match (since, last) {
        (None, None) => Ok(ResumeRequest::Unspecified),
        (Some(since), None) => parse_position(SINCE, &since).map(ResumeRequest::Since),
        (None, Some(last)) => parse_saturating(&last)
            .map(ResumeRequest::Last)
            .ok_or_else(|| {
                let last = excerpt(&last);
                let detail = format!(
                    "`last` is `{last}`, which is not a whole number; use a value such as `100`"
                );
                Problem::new(ProblemCode::ParameterInvalid, detail)
            }),
        (Some(_), Some(_)) => {
            let detail = "`since` and `last` cannot be combined; remove one of them";
            Err(Problem::new(ProblemCode::ParametersConflict, detail))
        }
    }
}

/// Parses the position in `lastEventId`. An empty value is ignored, as in the header.
pub(super) fn parse_last_event_id(query: &str) -> Result<Option<ResumeRequest>, Problem> {
    let id = single_value(query, LAST_EVENT_ID)?.filter(|id| !id.is_empty());
    id.map(|id| parse_position(LAST_EVENT_ID, &id).map(ResumeRequest::Since))
        .transpose()
}

/// Returns the value of the parameter `name`, which may occur only once; empty if the parameter has no value.
fn single_value(query: &str, name: &str) -> Result<Option<String>, Problem> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    if values.next().is_some() {
        let detail = format!("`{name}` occurs more than once; give it only once");
        return Err(Problem::new(ProblemCode::ParameterRepeated, detail));
    }
    Ok(value)
}

/// Parses the position in the parameter or header `name`.
pub(super) fn parse_position(name: &str, text: &str) -> Result<Position, Problem> {
    text.parse().map_err(|_| {
        let detail = format!(
            "`{name}` is `{}`, which is not a position; use the form `<epoch>:<seq>`, or omit it",
            excerpt(text)
        );
        Problem::new(ProblemCode::PositionInvalid, detail)
    })
}

impl AdmissionError {
    /// The reason under which the rejection is counted.
    pub(super) const fn reject_reason(self) -> RejectReason {
        match self {
            Self::HubFull => RejectReason::Full,
            Self::Draining => RejectReason::Draining,
            Self::AddressLimitReached => RejectReason::TooManyFromAddress,
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
        };
        Self::retry_later(code, detail).with_reject_reason(error.reject_reason())
    }
}

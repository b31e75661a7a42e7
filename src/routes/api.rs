//! The small JSON and text resources: topics, time, version, and the liveness and readiness checks.

use warp::reply::Response;

use super::api_request::ApiRequest;
use super::authorize::AccessPermit;
use super::problem::{Problem, ProblemCode};
use super::responses::{json, plain, with_vary_accept};
use super::topics_page;
use crate::app::AppState;
use crate::protocol::message::{TimeView, TopicsView, VersionView};

/// `GET /api/v1/topics`: JSON, or a page for browsers.
pub(super) fn topics(state: &AppState, request: &ApiRequest, _: AccessPermit) -> Response {
    let (topics, now) = (state.hub.topics(), state.hub.clock().now());
    let topics: Vec<_> = topics.iter().map(|topic| topic.view(now)).collect();
    with_vary_accept(if topics_page::is_preferred(&request.headers) {
        topics_page::respond(&topics, request.path.as_str())
    } else {
        json(&TopicsView { topics })
    })
}

/// `GET /api/v1/topics/{topic}`.
pub(super) fn topic(
    state: &AppState,
    request: &ApiRequest,
    _: AccessPermit,
) -> Result<Response, Problem> {
    Ok(json(&request.topic()?.view(state.hub.clock().now())))
}

/// `GET /api/v1/time`.
pub(super) fn time(state: &AppState) -> Response {
    json(&TimeView {
        now: state.hub.clock().now(),
    })
}

/// `GET /version`.
pub(super) fn version() -> Response {
    json(&VersionView {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        commit: env!("TICKCAST_COMMIT"),
    })
}

/// `GET /healthz`: a process that can respond is alive.
pub(super) fn healthz() -> Response {
    plain("ok\n")
}

/// `GET /readyz`.
pub(super) fn readyz(state: &AppState) -> Result<Response, Problem> {
    if state.is_ready() {
        return Ok(plain("ready\n"));
    }
    Err(Problem::retry_later(
        ProblemCode::NotReady,
        "the hub is starting, draining or at a standstill; send traffic elsewhere",
    ))
}

//! The small JSON and text resources: topics, time, version, and the liveness and readiness checks.

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::{Reply, Response};

use super::conventions::get;
use super::cors::{with_cors, with_cors_for_any_origin};
use super::host_check::RequestAuthority;
use super::problem::{Problem, ProblemCode};
use super::viewer_request::check_origin;
use crate::app::AppState;
use crate::hub::Topic;
use crate::protocol::message::{self, TimeView, TopicsView, VersionView};

/// `GET /api/v1/topics` and `GET /api/v1/topics/{topic}`.
///
/// A browser hides the status of a failed handshake, so clients then request the topic to learn the reason. Pages of
/// origins that may not connect therefore get a rejection here too, and one that they can read.
pub(super) fn topics_routes(state: &Arc<AppState>) -> BoxedFilter<(Response,)> {
    let state = Arc::clone(state);
    let list = warp::path!("api" / "v1" / "topics").map(|| None);
    let one = warp::path!("api" / "v1" / "topics" / String).map(Some);
    list.or(one)
        .unify()
        .and(get())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<RequestAuthority>())
        .map(
            move |name: Option<String>, headers: HeaderMap, authority: Option<RequestAuthority>| {
                if let Err(problem) = check_origin(&state, &headers, authority.as_ref()) {
                    return with_cors_for_any_origin(problem.into_response());
                }
                let response = match name {
                    None => topics(&state),
                    Some(name) => topic(&state, &name),
                };
                with_cors(response, &state.origins, &headers)
            },
        )
        .boxed()
}

fn topics(state: &AppState) -> Response {
    let (topics, now) = (state.hub.topics(), state.hub.clock().now());
    json(&TopicsView {
        topics: topics.iter().map(|topic| topic.view(now)).collect(),
    })
}

fn topic(state: &AppState, name: &str) -> Response {
    match find_topic(state, name) {
        Ok(topic) => json(&topic.view(state.hub.clock().now())),
        Err(problem) => problem.into_response(),
    }
}

/// Looks up the topic `name`.
pub(super) fn find_topic(state: &AppState, name: &str) -> Result<Arc<Topic>, Problem> {
    name.parse()
        .ok()
        .and_then(|name| state.hub.topic(Some(&name)))
        .ok_or_else(Problem::topic_not_found)
}

/// `GET /api/v1/time`.
pub(super) fn time(state: &AppState, headers: &HeaderMap) -> Response {
    with_cors(
        json(&TimeView {
            now: state.hub.clock().now(),
        }),
        &state.origins,
        headers,
    )
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
    plain(StatusCode::OK, "ok\n")
}

/// `GET /readyz`.
pub(super) fn readyz(state: &AppState) -> Response {
    if state.is_ready() {
        return plain(StatusCode::OK, "ready\n");
    }
    Problem::retry_later(
        ProblemCode::NotReady,
        "the hub is starting or draining; send traffic elsewhere",
    )
    .into_response()
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = no_store(text.into_response());
    *response.status_mut() = status;
    response
}

fn json(view: &impl Serialize) -> Response {
    let mut response = Response::new(message::to_json(view).into());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    no_store(response)
}

fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

//! The API: topics, time, health.

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::{Reply, Response};

use super::Context;
use super::cors::with_cors;
use super::get;
use super::problem::Problem;
use crate::hub::Topic;
use crate::protocol::message::{self, TimeView, TopicsView, VersionView};

/// `GET /api/v1/topics`.
pub(super) fn topics(context: &Context, headers: &HeaderMap) -> Response {
    let topics = context.hub.topics();
    let view = TopicsView {
        topics: topics.iter().map(|topic| topic.view()).collect(),
    };
    with_cors(json(&view), &context.origins, headers)
}

/// `GET /api/v1/topics/{topic}`.
pub(super) fn topic_route(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    warp::path!("api" / "v1" / "topics" / String)
        .and(get())
        .and(warp::header::headers_cloned())
        .map(move |name: String, headers: HeaderMap| {
            with_cors(topic(&context, &name), &context.origins, &headers)
        })
        .boxed()
}

fn topic(context: &Context, name: &str) -> Response {
    match find_topic(context, name) {
        Ok(topic) => json(&topic.view()),
        Err(problem) => problem.into_response(),
    }
}

/// The topic called `name`.
pub(super) fn find_topic(context: &Context, name: &str) -> Result<Arc<Topic>, Problem> {
    name.parse()
        .ok()
        .and_then(|name| context.hub.topic(Some(&name)))
        .ok_or_else(Problem::no_such_topic)
}

/// `GET /api/v1/time`.
pub(super) fn time(context: &Context, headers: &HeaderMap) -> Response {
    with_cors(
        json(&TimeView {
            now: context.hub.clock().now(),
        }),
        &context.origins,
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

/// `GET /healthz`: whoever can answer is alive.
pub(super) fn alive() -> Response {
    plain(StatusCode::OK, "ok\n")
}

/// `GET /readyz`.
pub(super) fn ready(context: &Context) -> Response {
    if context.is_ready() {
        return plain(StatusCode::OK, "ready\n");
    }
    Problem::retry_later(
        StatusCode::SERVICE_UNAVAILABLE,
        "starting or draining; send traffic elsewhere",
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

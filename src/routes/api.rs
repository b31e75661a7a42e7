//! The API: topics, time, health.

use std::sync::Arc;

use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::{Reply, Response};

use super::cors::{with_cors, with_cors_for_all};
use super::host::Called;
use super::joining::check_origin;
use super::problem::{Code, Problem};
use super::{Context, get};
use crate::hub::Topic;
use crate::protocol::message::{self, TimeView, TopicsView, VersionView};

/// `GET /api/v1/topics` and `GET /api/v1/topics/{topic}`: the list, and what a client asks for when its handshake has
/// failed. So a page that may not connect is told here why, in an answer that it can read.
pub(super) fn topics_routes(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    let list = warp::path!("api" / "v1" / "topics").map(|| None);
    let one = warp::path!("api" / "v1" / "topics" / String).map(Some);
    list.or(one)
        .unify()
        .and(get())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Called>())
        .map(
            move |name: Option<String>, headers: HeaderMap, called: Option<Called>| {
                if let Err(refusal) = check_origin(&context, &headers, called.as_ref()) {
                    return with_cors_for_all(refusal.into_response());
                }
                let answer = match name {
                    None => topics(&context),
                    Some(name) => topic(&context, &name),
                };
                with_cors(answer, &context.origins, &headers)
            },
        )
        .boxed()
}

fn topics(context: &Context) -> Response {
    let topics = context.hub.topics();
    json(&TopicsView {
        topics: topics.iter().map(|topic| topic.view()).collect(),
    })
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
        Code::NotReady,
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

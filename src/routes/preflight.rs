//! OPTIONS: which methods a path answers, and what pages of other origins may ask of it (Fetch, "CORS preflight").
//!
//! A browser sends a preflight before a request with a header that is not safe-listed, such as `Last-Event-ID` from a
//! client on `fetch()`.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::path::FullPath;
use warp::reply::{Reply, Response};

use super::Context;
use super::host::Called;
use super::joining::check_origin;
use super::page;

/// What every path answers.
pub(super) const METHODS: &str = "GET, HEAD, OPTIONS";

/// Headers that a client of streams and of the history has reason to set. The browser refuses all others.
const HEADERS_ALLOWED: &str =
    "accept, cache-control, content-type, if-none-match, last-event-id, pragma, x-requested-with";

/// Seconds that a browser keeps the answer: short, so that a reload that lists another origin takes effect soon.
const MAX_AGE: &str = "600";

/// The answer depends on all of these.
const VARY: &str = "origin, access-control-request-method, access-control-request-headers";

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resource {
    /// Pages of listed origins may read it.
    Shared,
    /// Only the hub's own pages may.
    Own,
}

/// OPTIONS on every path of the public listener.
pub(super) fn route(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = Arc::clone(context);
    let exists = warp::path::full().and_then(|path: FullPath| async move {
        Resource::at(path.as_str()).ok_or_else(warp::reject::not_found)
    });
    exists
        .and(warp::options())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Called>())
        .map(
            move |resource, headers: HeaderMap, called: Option<Called>| {
                answer(&context, resource, &headers, called.as_ref())
            },
        )
        .boxed()
}

/// OPTIONS on the `paths` of the operations listener, which no page of another origin may read.
pub(super) fn own_route(paths: &'static [&'static str]) -> BoxedFilter<(Response,)> {
    warp::path::full()
        .and_then(move |path: FullPath| async move {
            let exists = paths.contains(&path.as_str());
            exists.then_some(()).ok_or_else(warp::reject::not_found)
        })
        .untuple_one()
        .and(warp::options())
        .map(plain)
        .boxed()
}

fn plain() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [(header::ALLOW, METHODS), (header::VARY, VARY)] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn answer(
    context: &Context,
    resource: Resource,
    headers: &HeaderMap,
    called: Option<&Called>,
) -> Response {
    let mut response = plain();
    let is_preflight = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let (Some(origin), true, Resource::Shared) =
        (headers.get(header::ORIGIN), is_preflight, resource)
    else {
        return response;
    };
    if let Err(problem) = check_origin(context, headers, called) {
        return problem.into_response();
    }
    let mut set = |name: HeaderName, value: HeaderValue| response.headers_mut().insert(name, value);
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS_ALLOWED),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ] {
        set(name, HeaderValue::from_static(value));
    }
    response
}

impl Resource {
    /// What is at `path`; a topic need not exist for that.
    fn at(path: &str) -> Option<Self> {
        let segments: Vec<_> = path.strip_prefix('/')?.split('/').collect();
        match segments[..] {
            ["sse"]
            | ["sse", _]
            | ["api", "v1", "time" | "topics"]
            | ["api", "v1", "topics", _]
            | ["api", "v1", "topics", _, "history"] => Some(Self::Shared),
            ["ws"] | ["ws", _] | ["healthz" | "version"] => Some(Self::Own),
            _ => page::is_shared(path).map(
                |is_shared| {
                    if is_shared { Self::Shared } else { Self::Own }
                },
            ),
        }
    }
}

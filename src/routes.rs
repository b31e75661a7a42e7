//! Every path in one list, for both listeners.
//!
//! Each resource is one filter that ends in a handler returning a response; what no filter takes becomes a
//! problem document at the end. Knows HTTP and the hub; what happens on an upgraded socket is `fanout`'s.

mod accept;
mod access;
mod api;
mod cors;
mod etag;
mod handover;
mod history;
mod host;
mod joining;
mod metrics;
mod page;
mod preflight;
mod problem;
mod proxied;
mod read_rate;
mod remote;
mod sse;
mod target;
mod ws;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

pub use access::{Origins, TrustedProxies};
pub use handover::{Handover, Socket};
pub use history::Answers;
pub use host::{HostCheck, Hosts, Listener};
pub use proxied::{Place, counted_by, place};
pub use remote::Peer;
pub use target::use_origin_form;

use crate::fanout::{Drain, Lanes};
use crate::hub::{Hub, Seats};
use crate::telemetry::Losses;
use problem::{BodyRefused, problem_for};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What the routes of one hub share.
#[derive(Debug)]
pub struct Context {
    /// The topics.
    pub hub: Hub,
    /// Seats for viewers.
    pub seats: Seats,
    /// Which other sites may connect.
    pub origins: Origins,
    /// The names that requests may call the hub by.
    pub hosts: Hosts,
    /// Whose `X-Forwarded-*` counts.
    pub proxies: TrustedProxies,
    /// The most records that one history request returns.
    pub history_max: AtomicU64,
    /// Places for answers from the history.
    pub answers: Answers,
    /// The way out for viewers.
    pub drain: Arc<Drain>,
    /// The threads that viewers are served on.
    pub lanes: Lanes,
    /// Tracks viewers, and those on their way to be.
    pub tasks: TaskTracker,
    /// Whether every topic is scheduled.
    pub is_ready: AtomicBool,
    /// The lines that are not in the log.
    pub losses: Losses,
}

/// Every path of the public listener.
#[must_use]
pub fn public(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let route = |paths: BoxedFilter<()>, answer: fn(&Context, &HeaderMap) -> Response| {
        let context = Arc::clone(context);
        paths
            .and(get())
            .and(warp::header::headers_cloned())
            .map(move |headers| answer(&context, &headers))
            .boxed()
    };
    let routes = ws::routes(context)
        .or(sse::routes(context))
        .unify()
        .or(api::topics_routes(context))
        .unify()
        .or(history::route(context))
        .unify()
        .or(route(warp::path!("api" / "v1" / "time").boxed(), api::time))
        .unify()
        .or(route(warp::path!("healthz").boxed(), |_, _| api::alive()))
        .unify()
        .or(route(warp::path!("version").boxed(), |_, _| api::version()))
        .unify()
        .or(page::route(context))
        .unify()
        .or(preflight::route(context))
        .unify();
    finish(routes.boxed())
}

/// Every path of the operations listener.
#[must_use]
pub fn ops(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let scraped = metrics::route(context);
    let context = Arc::clone(context);
    let routes = warp::path!("healthz")
        .and(get())
        .map(api::alive)
        .or(warp::path!("readyz")
            .and(get())
            .map(move || api::ready(&context)))
        .unify()
        .or(scraped)
        .unify()
        .or(preflight::own_route(&["/healthz", "/readyz", "/metrics"]))
        .unify();
    finish(routes.boxed())
}

impl Context {
    /// Whether traffic should be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire) && !self.drain.has_begun()
    }
}

/// Lets no browser guess at the answer's type, nor another site load it without asking by CORS.
fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        let entry = headers.entry(name);
        entry.or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A whole number however long, the greatest that fits where it does not; `None` for anything else, also a sign.
fn whole(text: &str) -> Option<u64> {
    let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Only its length can be wrong now.
    is_whole.then(|| text.parse().unwrap_or(u64::MAX))
}

/// What a client typed, short enough to be said back.
fn shown(text: &str) -> String {
    const LEN_MAX: usize = 60;
    let mut shown: String = text.chars().take(LEN_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// GET, and HEAD, whose body the HTTP layer leaves out.
fn get() -> impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static {
    warp::get().or(warp::head()).unify()
}

/// Refuses bodies before, and answers what nobody took after.
fn finish(routes: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    refuse_body()
        .and(routes)
        .recover(|rejection: Rejection| async move {
            Ok::<_, Infallible>(problem_for(&rejection).into_response())
        })
        .unify()
        .map(secured)
        .boxed()
}

/// No path takes a body, and one that is not read would be taken for the next request.
fn refuse_body() -> impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static {
    warp::header::headers_cloned()
        .and_then(|headers: HeaderMap| async move {
            let length = headers.get(header::CONTENT_LENGTH);
            let has_body = length.is_some_and(|length| length != "0")
                || headers.contains_key(header::TRANSFER_ENCODING);
            if has_body {
                Err(warp::reject::custom(BodyRefused))
            } else {
                Ok(())
            }
        })
        .untuple_one()
}

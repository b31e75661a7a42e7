//! The HTTP routes of both listeners, and the state they share.
//!
//! Each resource is a warp filter that ends in a handler. Requests that no filter matches get a problem document. This
//! module knows HTTP and the hub; once a socket has been upgraded or taken over, it belongs to `fanout`.

mod accept_header;
mod allowed_origins;
mod api;
mod cors;
mod etag;
mod history_endpoint;
mod host_check;
mod metrics_endpoint;
mod page;
mod peer;
mod preflight;
mod problem;
mod read_rate;
mod request_permits;
mod request_target;
mod socket_takeover;
mod sse_endpoint;
mod viewer_request;
mod ws_endpoint;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

pub use allowed_origins::{AllowedOrigins, TrustedProxies};
pub use history_endpoint::HistoryLimit;
pub use host_check::{AllowedHosts, HostCheck, Listener};
pub use peer::Peer;
pub use request_permits::{RequestPermits, acquire_permits, network_to_count};
pub use request_target::normalize_target;
pub use socket_takeover::{HttpSocket, SocketTakeover};

use crate::fanout::{Drain, Lanes};
use crate::hub::{Hub, ViewerLimits};
use crate::telemetry::LogDrops;
use problem::{BodyRejected, problem_for};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// The state that all routes of a hub share.
#[derive(Debug)]
pub struct AppState {
    /// The topics.
    pub hub: Hub,
    /// The limits on the number of viewers; every viewer holds a permit from here.
    pub viewer_limits: ViewerLimits,
    /// The other origins whose pages may connect (`server.allowed_origins`).
    pub origins: AllowedOrigins,
    /// The host names that the operator has allowed (`server.hosts`).
    pub hosts: AllowedHosts,
    /// The proxies whose forwarding headers are trusted (`server.trusted_proxies`).
    pub proxies: TrustedProxies,
    /// The maximum number of records in a history response (`server.history_max`).
    pub history_max: AtomicU64,
    /// The limit on concurrent history responses; each of them holds a permit from here.
    pub history_limit: HistoryLimit,
    /// Coordinates the disconnection of viewers when the hub stops.
    pub drain: Arc<Drain>,
    /// The threads that serve viewers.
    pub lanes: Lanes,
    /// Tracks viewers from before their upgrade until they leave.
    pub tasks: TaskTracker,
    /// True once every topic is scheduled; never reset.
    pub is_ready: AtomicBool,
    /// Counts the log lines that were dropped or suppressed.
    pub log_drops: LogDrops,
}

/// The routes of the public listener.
#[must_use]
pub fn public(state: &Arc<AppState>) -> BoxedFilter<(Response,)> {
    let route = |paths: BoxedFilter<()>, handler: fn(&AppState, &HeaderMap) -> Response| {
        let state = Arc::clone(state);
        paths
            .and(get())
            .and(warp::header::headers_cloned())
            .map(move |headers| handler(&state, &headers))
            .boxed()
    };
    let routes = ws_endpoint::routes(state)
        .or(sse_endpoint::routes(state))
        .unify()
        .or(api::topics_routes(state))
        .unify()
        .or(history_endpoint::route(state))
        .unify()
        .or(route(warp::path!("api" / "v1" / "time").boxed(), api::time))
        .unify()
        .or(route(warp::path!("healthz").boxed(), |_, _| api::healthz()))
        .unify()
        .or(route(warp::path!("version").boxed(), |_, _| api::version()))
        .unify()
        .or(page::route(state))
        .unify()
        .or(preflight::route(state))
        .unify();
    with_error_handling(routes.boxed())
}

/// The routes of the operations listener.
#[must_use]
pub fn ops(state: &Arc<AppState>) -> BoxedFilter<(Response,)> {
    let metrics = metrics_endpoint::route(state);
    let state = Arc::clone(state);
    let routes = warp::path!("healthz")
        .and(get())
        .map(api::healthz)
        .or(warp::path!("readyz")
            .and(get())
            .map(move || api::readyz(&state)))
        .unify()
        .or(metrics)
        .unify()
        .or(preflight::ops_route(&["/healthz", "/readyz", "/metrics"]))
        .unify();
    with_error_handling(routes.boxed())
}

impl AppState {
    /// Whether every topic is scheduled and the hub is not draining.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire) && !self.drain.is_draining()
    }
}

/// Adds headers that keep browsers from guessing the content type and other sites from embedding the response.
fn with_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    ] {
        let entry = headers.entry(name);
        entry.or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Parses an unsigned decimal integer of any length, saturating at `u64::MAX`. Returns `None` for anything else,
/// including a sign.
fn parse_saturating(text: &str) -> Option<u64> {
    let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Parsing digits can only fail by overflow.
    is_decimal.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Shortens client input so that an error message can quote it.
fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut excerpt: String = text.chars().take(CHARS_MAX).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}

/// Matches GET and HEAD. The HTTP layer omits the body of a HEAD response.
fn get() -> impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static {
    warp::get().or(warp::head()).unify()
}

/// Rejects request bodies ahead of `routes` and turns rejections into problem documents.
fn with_error_handling(routes: BoxedFilter<(Response,)>) -> BoxedFilter<(Response,)> {
    reject_body()
        .and(routes)
        .recover(|rejection: Rejection| async move {
            Ok::<_, Infallible>(problem_for(&rejection).into_response())
        })
        .unify()
        .map(with_security_headers)
        .boxed()
}

/// Rejects requests with a body: no path accepts one, and an unread body would be parsed as the next request.
fn reject_body() -> impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static {
    warp::header::headers_cloned()
        .and_then(|headers: HeaderMap| async move {
            let length = headers.get(header::CONTENT_LENGTH);
            let has_body = length.is_some_and(|length| length != "0")
                || headers.contains_key(header::TRANSFER_ENCODING);
            if has_body {
                Err(warp::reject::custom(BodyRejected))
            } else {
                Ok(())
            }
        })
        .untuple_one()
}

//! The HTTP routes of both listeners.
//!
//! Each resource is a warp filter that ends in a handler. Requests that no filter matches get a problem document. This
//! module knows HTTP and the hub; once a socket has been upgraded or taken over, it belongs to `fanout`.

mod accept_header;
mod api;
mod conventions;
mod cors;
mod etag;
mod history_endpoint;
mod host_check;
mod metrics_endpoint;
mod page;
mod peer;
mod preflight;
mod problem;
mod request_origin;
mod request_permits;
mod request_target;
mod socket_takeover;
mod sse_endpoint;
mod viewer_request;
mod ws_endpoint;

use std::convert::Infallible;
use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::http::header;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

pub use host_check::{HostCheck, Listener};
pub use peer::Peer;
pub use request_permits::{RequestPermits, acquire_permits, network_to_count};
pub use request_target::normalize_target;
pub use socket_takeover::{HttpSocket, SocketTakeover};

use crate::app::AppState;
use conventions::{get, with_security_headers};
use problem::{BodyRejected, problem_for};

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

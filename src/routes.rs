//! The HTTP routes of both listeners.
//!
//! Every request of a listener takes the same way:
//!
//! 1. [`RequestGate`] counts its client and checks the host name that it addresses.
//! 2. warp finds its path in `route_table`, and builds the `ApiRequest`.
//! 3. The row of its path and method decides: is the method supported, may the request have a body, and does
//!    `authorize` permit what the route does?
//! 4. The route's handler responds.
//! 5. The row says which other sites may read the response.
//!
//! Every rejection is a problem document. This module knows HTTP and the hub; once a socket has been upgraded or taken
//! over, it belongs to `fanout`.

mod accept_header;
mod api;
mod api_request;
mod authorize;
mod cors;
mod history_endpoint;
mod metrics_endpoint;
mod origin;
mod page;
mod peer;
mod problem;
mod request_gate;
mod request_target;
mod responses;
mod route_table;
mod socket_takeover;
mod topics_page;
mod viewer_endpoint;

use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;
use warp::{Filter, Reply};

pub use peer::Peer;
pub use request_gate::{
    Listener, RequestConnection, RequestGate, RequestPermits, network_to_count,
};
pub use socket_takeover::{HttpSocket, SocketTakeover};

use crate::app::AppState;
use crate::hub::RejectReason;
use api_request::{ApiRequest, api_request};
use authorize::{AccessPermit, Action, authorize};
use problem::Problem;
use responses::with_security_headers;
use route_table::{BodyPolicy, Endpoint, OPS, PUBLIC, PathRoutes, Route};

/// The routes of the public listener.
#[must_use]
pub fn public(state: &Arc<AppState>) -> BoxedFilter<(Response,)> {
    routes(state, PUBLIC)
}

/// The routes of the operations listener.
#[must_use]
pub fn ops(state: &Arc<AppState>) -> BoxedFilter<(Response,)> {
    routes(state, OPS)
}

fn routes(state: &Arc<AppState>, table: &'static [Route]) -> BoxedFilter<(Response,)> {
    let unknown = api_request(warp::any().map(|| None).boxed())
        .map(|request: ApiRequest| {
            let checked = BodyPolicy::None.check(&request.headers);
            let problem = checked.err().unwrap_or_else(Problem::path_not_found);
            problem.into_response()
        })
        .boxed();
    // The path that is added last is tried first.
    let paths: Vec<_> = PathRoutes::from_table(table).collect();
    let known = paths.into_iter().rev().fold(unknown, |others, path| {
        serve_path(state, path).or(others).unify().boxed()
    });
    known.map(with_security_headers).boxed()
}

/// Responds to all requests for one path.
fn serve_path(state: &Arc<AppState>, path: PathRoutes) -> BoxedFilter<(Response,)> {
    let filter = api_request(path.filter(state));
    let state = Arc::clone(state);
    filter
        .then(move |request: ApiRequest| {
            let state = Arc::clone(&state);
            async move {
                let response = respond(&state, path, &request).await;
                response.unwrap_or_else(Reply::into_response)
            }
        })
        .boxed()
}

async fn respond(
    state: &Arc<AppState>,
    path: PathRoutes,
    request: &ApiRequest,
) -> Result<Response, Problem> {
    let route = path.for_method(&request.method);
    // A body that no route takes is rejected whatever else is wrong: it would be parsed as the next request.
    let body = route.map_or(BodyPolicy::None, |route| route.body);
    body.check(&request.headers)?;
    if request.method == Method::OPTIONS {
        return cors::options(state, path, request);
    }
    let route = route.ok_or_else(|| Problem::method_not_allowed(&path.methods()))?;
    let answer = match authorize(state, request, route.action) {
        Ok(permit) => handle(state, route.endpoint, request, permit).await,
        Err(denied) => Err(Problem::from(denied)),
    };
    if let Err(problem) = &answer
        && route.action == Action::View
    {
        viewer_endpoint::record_refusal(state, request, refusal_reason(request, problem));
    }
    Ok(cors::share(state, route.sharing, request, answer))
}

/// The reason to report for a refused viewer. Without a topic there is nothing else to say.
fn refusal_reason(request: &ApiRequest, problem: &Problem) -> RejectReason {
    match request.topic {
        Some(_) => problem.reject_reason(),
        None => RejectReason::NotFound,
    }
}

async fn handle(
    state: &Arc<AppState>,
    endpoint: Endpoint,
    request: &ApiRequest,
    permit: AccessPermit,
) -> Result<Response, Problem> {
    match endpoint {
        Endpoint::WebSocket => viewer_endpoint::join_by_websocket(state, request, permit),
        Endpoint::EventStream => viewer_endpoint::join_by_events(state, request, permit).await,
        Endpoint::Topics => Ok(api::topics(state, request, permit)),
        Endpoint::Topic => api::topic(state, request, permit),
        Endpoint::History => Ok(history_endpoint::respond(state, request, permit).await),
        Endpoint::Time => Ok(api::time(state)),
        Endpoint::Healthz => Ok(api::healthz()),
        Endpoint::Readyz => api::readyz(state),
        Endpoint::Version => Ok(api::version()),
        Endpoint::Metrics => metrics_endpoint::respond(state, &request.headers),
        Endpoint::Page => page::file(state, request),
    }
}

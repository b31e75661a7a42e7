//! CORS (Fetch standard, "CORS protocol"): which origins may read a response, and the answers to preflight requests.
//!
//! Browsers send a preflight, an OPTIONS request, before cross-origin requests with a method or a header that is not
//! CORS-safelisted, such as the `Last-Event-ID` of a client built on `fetch()`.

use warp::http::header::{self, HeaderName, HeaderValue};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::api_request::ApiRequest;
use super::authorize::authorize_preflight;
use super::origin::RequestOrigin;
use super::problem::{Problem, ProblemCode};
use super::route_table::{PathRoutes, Route, Sharing};
use crate::app::{AllowedOrigins, AppState};

/// Response headers that browsers hide from other origins unless they are listed here.
const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("tickcast-epoch, tickcast-next, etag, retry-after");

/// The request headers that clients of the streams and the history need. Browsers block requests with any that is
/// neither here nor in the row of the route.
const ALLOWED_HEADERS: [&str; 7] = [
    "accept",
    "cache-control",
    "content-type",
    "if-none-match",
    "last-event-id",
    "pragma",
    "x-requested-with",
];

/// How long browsers cache the response to a preflight, in seconds. Short, so that a reload of `server.allowed_origins`
/// takes effect soon.
const MAX_AGE_SECONDS: &str = "600";

/// The request headers that the response to OPTIONS depends on.
const OPTIONS_VARY: &str = "origin, access-control-request-method, access-control-request-headers";

/// Lets pages from the `allowed` origins read the response to a request from `origin`.
pub(super) fn with_cors(
    mut response: Response,
    allowed: &AllowedOrigins,
    origin: &RequestOrigin,
) -> Response {
    let headers = response.headers_mut();
    // Even if the request has no `Origin`: a cache must not serve this response to a page of another origin.
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin.allow_header(allowed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    }
    response
}

/// Turns `answer` into a response that the sites in `sharing` may read.
pub(super) fn share(
    state: &AppState,
    sharing: Sharing,
    request: &ApiRequest,
    answer: Result<Response, Problem>,
) -> Response {
    let is_denied =
        matches!(&answer, Err(problem) if problem.code() == ProblemCode::OriginForbidden);
    let response = answer.unwrap_or_else(Reply::into_response);
    match sharing {
        Sharing::SameOrigin => response,
        Sharing::CrossOriginDiagnosis if is_denied => with_cors_for_any_origin(response),
        Sharing::CrossOrigin | Sharing::CrossOriginDiagnosis => {
            with_cors(response, &state.origins, &request.origin)
        }
    }
}

/// Lets pages from any origin read a rejection, which contains nothing but the reason.
fn with_cors_for_any_origin(mut rejection: Response) -> Response {
    let headers = rejection.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    rejection
}

/// Answers an OPTIONS request for the path of `routes`, which may be a preflight.
pub(super) fn options(
    state: &AppState,
    routes: PathRoutes,
    request: &ApiRequest,
) -> Result<Response, Problem> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, list(&routes.methods()));
    headers.insert(header::VARY, HeaderValue::from_static(OPTIONS_VARY));
    let asked = request.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let (Some(asked), false) = (asked, request.origin == RequestOrigin::Absent) else {
        return Ok(response);
    };
    let route = routes.for_preflight(Method::from_bytes(asked.as_bytes()).ok());
    if route.sharing == Sharing::SameOrigin {
        return Ok(response);
    }
    authorize_preflight(state, request)?;
    if let RequestOrigin::Page { header: origin, .. } = &request.origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.extend(preflight_headers(routes, route));
    }
    Ok(response)
}

/// What the page that asks for `route` may send to its path.
fn preflight_headers(routes: PathRoutes, route: &Route) -> [(HeaderName, HeaderValue); 3] {
    let request_headers: Vec<_> = ALLOWED_HEADERS
        .iter()
        .chain(route.headers)
        .copied()
        .collect();
    [
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            list(&routes.methods()),
        ),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, list(&request_headers)),
        (
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static(MAX_AGE_SECONDS),
        ),
    ]
}

fn list(names: &[&str]) -> HeaderValue {
    HeaderValue::from_str(&names.join(", ")).expect("names of methods and headers are plain ASCII")
}

#[cfg(test)]
mod tests {
    use super::super::route_table::WITH_POST;
    use super::*;

    /// What a preflight for `method` allows: methods and headers.
    fn allowed(method: Method) -> (HeaderValue, Vec<String>) {
        let path = PathRoutes::from_table(WITH_POST).next().unwrap();
        let [(_, methods), (_, headers), _] =
            preflight_headers(path, path.for_preflight(Some(method)));
        let headers = headers.to_str().unwrap().split(", ");
        (methods, headers.map(str::to_owned).collect())
    }

    #[test]
    fn a_preflight_allows_the_methods_of_the_path_and_the_headers_of_the_route() {
        let (methods, headers) = allowed(Method::POST);
        assert_eq!(methods, "GET, HEAD, POST, OPTIONS");
        for name in ["content-type", "authorization", "producer-id"] {
            assert!(headers.iter().any(|header| header == name), "{name}");
        }
        for method in [Method::GET, Method::DELETE] {
            let (methods, headers) = allowed(method);
            assert_eq!(methods, "GET, HEAD, POST, OPTIONS");
            assert_eq!(headers, ALLOWED_HEADERS);
        }
    }
}

//! [`ApiRequest`]: a request as the handlers see it: what it asks for and who sends it.
//!
//! One filter builds it, from the HTTP request and from what the gate has established about it. `authorize` decides
//! whether it may do what its route does.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method};
use warp::path::FullPath;

use super::origin::RequestOrigin;
use super::problem::{Problem, ProblemCode};
use super::request_gate::{RequestContext, RequestPermits};
use super::socket_takeover::SocketTakeover;
use crate::hub::Topic;
use crate::protocol::Authority;

/// A request that has passed the gate.
#[derive(Debug)]
pub(super) struct ApiRequest {
    pub(super) method: Method,
    /// The whole path, without the query.
    pub(super) path: FullPath,
    /// The raw query, empty if the request has no query.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    /// The topic of the path; `None` if the path has no topic or the topic does not exist.
    pub(super) topic: Option<Arc<Topic>>,
    /// The client's network address, behind trusted proxies too.
    pub(super) client: IpAddr,
    /// The host and port that the client addressed; `None` for probes without `Host`.
    pub(super) authority: Option<Authority>,
    /// The page that sent the request.
    pub(super) origin: RequestOrigin,
    pub(super) identity: Identity,
    /// What the request holds until its response has been sent.
    pub(super) permits: RequestPermits,
    /// Takes the socket from the HTTP layer.
    pub(super) takeover: SocketTakeover,
    /// Completes once the connection is upgraded; `None` if the client has not asked for that.
    pub(super) upgrade: Option<OnUpgrade>,
}

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// A client that has not identified itself.
    Anonymous,
}

/// Extracts the request from each route that `topic` matches; `topic` extracts the topic of the path.
pub(super) fn api_request(topic: BoxedFilter<(Option<Arc<Topic>>,)>) -> BoxedFilter<(ApiRequest,)> {
    topic
        .and(warp::method())
        .and(warp::path::full())
        .and(query())
        .and(warp::header::headers_cloned())
        .and(context())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(
            |topic, method, path, query, headers, context: RequestContext, upgrade| ApiRequest {
                method,
                path,
                query,
                origin: RequestOrigin::from_headers(&headers),
                headers,
                topic,
                client: context.client,
                authority: context.authority,
                identity: Identity::Anonymous,
                permits: context.permits,
                takeover: context.takeover,
                upgrade,
            },
        )
        .boxed()
}

/// Extracts the raw query, empty if the request has no query.
fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Clone {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

fn context() -> impl Filter<Extract = (RequestContext,), Error = Infallible> + Clone {
    warp::ext::optional().map(|context: Option<RequestContext>| {
        context.expect("the gate adds it to every request that is routed")
    })
}

impl ApiRequest {
    /// Returns the topic of the path.
    pub(super) fn topic(&self) -> Result<&Arc<Topic>, Problem> {
        self.topic.as_ref().ok_or_else(Problem::topic_not_found)
    }

    /// Returns the value of the query parameter `name`, which may occur only once; empty if it has no value.
    pub(super) fn parameter(&self, name: &str) -> Result<Option<String>, Problem> {
        let parameters = form_urlencoded::parse(self.query.as_bytes());
        let mut values = parameters.filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        if values.next().is_some() {
            let detail = format!("`{name}` occurs more than once; give it only once");
            return Err(Problem::new(ProblemCode::ParameterRepeated, detail));
        }
        Ok(value)
    }
}

/// Parses an unsigned decimal integer of any length, saturating at `u64::MAX`. Returns `None` for anything else,
/// including a sign.
pub(super) fn parse_saturating(text: &str) -> Option<u64> {
    let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Parsing digits can only fail by overflow.
    is_decimal.then(|| text.parse().unwrap_or(u64::MAX))
}

//! The tables of all routes: [`PUBLIC`] and [`OPS`].
//!
//! A row states everything that is decided before a handler runs: which methods a path has, whether a request may have a
//! body, what the client must be allowed to do, and which other sites may read the response. `Allow`, the responses to
//! CORS preflights, and rejected bodies follow from it. The rows of one path are adjacent.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::http::header::{self, HeaderMap};
use warp::path::FullPath;

use super::authorize::Action;
use super::page;
use super::problem::{Problem, ProblemCode};
use crate::app::AppState;
use crate::hub::Topic;

/// One row: what one path does for some methods.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: PathPattern,
    pub(super) methods: &'static [Method],
    pub(super) body: BodyPolicy,
    pub(super) action: Action,
    pub(super) sharing: Sharing,
    pub(super) endpoint: Endpoint,
    /// The request headers that scripts of other sites may send in addition to the usual ones.
    pub(super) headers: &'static [&'static str],
}

/// The paths of a route. A slash at the end makes no difference, except for files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathPattern {
    /// Exactly this path, which is about no topic.
    Plain(&'static str),
    /// Exactly this path, which is about the default topic.
    DefaultTopic(&'static str),
    /// The path of a topic, whose name is the segment `{topic}`.
    Topic(&'static str),
    /// The files of the page that other sites may load.
    SharedFile,
    /// All other files of the page.
    OwnFile,
}

/// Which request bodies a route accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyPolicy {
    /// None: an unread body would be parsed as the next request.
    None,
}

/// Which sites may read the responses of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Only the hub's own.
    SameOrigin,
    /// The allowed origins.
    CrossOrigin,
    /// The allowed origins; and all others may read that they are not allowed. A browser hides the status of a failed
    /// handshake, so clients then request the topic to learn the reason.
    CrossOriginDiagnosis,
}

/// The handler of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    WebSocket,
    EventStream,
    Topics,
    Topic,
    History,
    Time,
    Healthz,
    Readyz,
    Version,
    Metrics,
    Page,
}

/// The routes of one path, at least one.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathRoutes(&'static [Route]);

/// Writes a table with a line for each route, which may end with further request headers.
macro_rules! routes {
    ($($kind:ident $(($path:literal))?, [$($method:ident)+], $body:ident, $action:ident, $sharing:ident, $endpoint:ident
        $(, $header:literal)*;)+) => {
        &[$(Route {
            path: PathPattern::$kind $(($path))?,
            methods: &[$(Method::$method),+],
            body: BodyPolicy::$body,
            action: Action::$action,
            sharing: Sharing::$sharing,
            endpoint: Endpoint::$endpoint,
            headers: &[$($header),*],
        }),+]
    };
}

/// The routes of the public listener.
pub(super) const PUBLIC: &[Route] = routes! {
    // path                                        methods     body  action       sharing               endpoint
    DefaultTopic("/ws"),                           [GET HEAD], None, View,        SameOrigin,           WebSocket;
    Topic("/ws/{topic}"),                          [GET HEAD], None, View,        SameOrigin,           WebSocket;
    DefaultTopic("/sse"),                          [GET HEAD], None, View,        CrossOrigin,          EventStream;
    Topic("/sse/{topic}"),                         [GET HEAD], None, View,        CrossOrigin,          EventStream;
    Plain("/api/v1/topics"),                       [GET HEAD], None, ListTopics,  CrossOriginDiagnosis, Topics;
    Topic("/api/v1/topics/{topic}"),               [GET HEAD], None, ListTopics,  CrossOriginDiagnosis, Topic;
    Topic("/api/v1/topics/{topic}/history"),       [GET HEAD], None, ReadHistory, CrossOrigin,          History;
    Plain("/api/v1/time"),                         [GET HEAD], None, ReadTime,    CrossOrigin,          Time;
    Plain("/healthz"),                             [GET HEAD], None, ReadStatus,  SameOrigin,           Healthz;
    Plain("/version"),                             [GET HEAD], None, ReadStatus,  SameOrigin,           Version;
    SharedFile,                                    [GET HEAD], None, LoadPage,    CrossOrigin,          Page;
    OwnFile,                                       [GET HEAD], None, LoadPage,    SameOrigin,           Page;
};

/// The routes of the operations listener.
pub(super) const OPS: &[Route] = routes! {
    // path                                        methods     body  action       sharing               endpoint
    Plain("/healthz"),                             [GET HEAD], None, ReadStatus,  SameOrigin,           Healthz;
    Plain("/readyz"),                              [GET HEAD], None, ReadStatus,  SameOrigin,           Readyz;
    Plain("/metrics"),                             [GET HEAD], None, ReadStatus,  SameOrigin,           Metrics;
};

impl PathRoutes {
    /// Returns the routes in `table`, grouped by path.
    pub(super) fn from_table(table: &'static [Route]) -> impl Iterator<Item = Self> {
        table
            .chunk_by(|one, next| one.path == next.path)
            .map(PathRoutes)
    }

    /// Matches the path, and extracts its topic if it has one that exists.
    pub(super) fn filter(self, state: &Arc<AppState>) -> BoxedFilter<(Option<Arc<Topic>>,)> {
        let state = Arc::clone(state);
        match self.0[0].path {
            PathPattern::Plain(path) => path_filter(path).map(|_| None).boxed(),
            PathPattern::DefaultTopic(path) => path_filter(path)
                .map(move |_| state.hub.topic(None))
                .boxed(),
            PathPattern::Topic(path) => path_filter(path)
                .map(move |name: String| {
                    let name = name.parse().ok()?;
                    state.hub.topic(Some(&name))
                })
                .boxed(),
            PathPattern::SharedFile => file_filter(page::is_shared_file),
            PathPattern::OwnFile => file_filter(page::is_own_file),
        }
    }

    /// Returns the route for `method`.
    pub(super) fn for_method(self, method: &Method) -> Option<&'static Route> {
        self.0.iter().find(|route| route.methods.contains(method))
    }

    /// Returns the route of a preflight for `method`; if the path does not have the method, any route of the path.
    pub(super) fn for_preflight(self, method: Option<Method>) -> &'static Route {
        let asked = method.and_then(|method| self.for_method(&method));
        asked.unwrap_or(&self.0[0])
    }

    /// Returns the methods of the path. Every path has OPTIONS.
    pub(super) fn methods(self) -> Vec<&'static str> {
        let methods = self.0.iter().flat_map(|route| route.methods);
        methods
            .chain(&[Method::OPTIONS])
            .map(Method::as_str)
            .collect()
    }
}

/// Matches `pattern`, and extracts the segment in the place of `{topic}`, which is not empty.
fn path_filter(pattern: &'static str) -> BoxedFilter<(String,)> {
    let segments = pattern.split('/').skip(1);
    let start = warp::any().map(String::new).boxed();
    let matched = segments.fold(start, |before, segment| match segment {
        "{topic}" => before
            .and(warp::path::param())
            .map(|_, topic: String| topic)
            .boxed(),
        _ => before.and(warp::path(segment)).boxed(),
    });
    matched.and(warp::path::end()).boxed()
}

/// Matches the paths for which `is_file` returns true. Files are about no topic.
fn file_filter(is_file: fn(&str) -> bool) -> BoxedFilter<(Option<Arc<Topic>>,)> {
    warp::path::full()
        .and_then(move |path: FullPath| async move {
            let is_file = is_file(path.as_str());
            is_file.then_some(None).ok_or_else(warp::reject::not_found)
        })
        .boxed()
}

impl BodyPolicy {
    /// Checks that the policy accepts the body of a request with `headers`.
    pub(super) fn check(self, headers: &HeaderMap) -> Result<(), Problem> {
        let length = headers.get(header::CONTENT_LENGTH);
        let has_body = length.is_some_and(|length| length != "0")
            || headers.contains_key(header::TRANSFER_ENCODING);
        match self {
            Self::None if has_body => {
                let detail = "this path accepts no request body; send none";
                let problem = Problem::new(ProblemCode::BodyNotAllowed, detail);
                Err(problem.with_header(header::CONNECTION, "close"))
            }
            Self::None => Ok(()),
        }
    }
}

/// A path with a route that changes something.
#[cfg(test)]
pub(super) const WITH_POST: &[Route] = routes! {
    Topic("/records/{topic}"), [GET HEAD], None, View, CrossOrigin, Topic;
    Topic("/records/{topic}"), [POST], None, View, CrossOrigin, Topic, "authorization", "producer-id";
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const OPENAPI: &str = include_str!("../../web/public/openapi.yaml");

    #[test]
    fn a_path_has_the_methods_of_all_its_routes() {
        let paths: Vec<_> = PathRoutes::from_table(WITH_POST).collect();
        let [path] = paths[..] else {
            panic!("{paths:?}");
        };
        assert_eq!(path.methods(), ["GET", "HEAD", "POST", "OPTIONS"]);
        let headers_of = |method| path.for_method(&method).map(|route| route.headers);
        assert_eq!(headers_of(Method::HEAD), Some(&[][..]));
        assert_eq!(
            headers_of(Method::POST),
            Some(&["authorization", "producer-id"][..])
        );
        assert_eq!(headers_of(Method::DELETE), None);
    }

    #[test]
    fn the_rows_of_a_path_are_adjacent() {
        for table in [PUBLIC, OPS] {
            let paths = PathRoutes::from_table(table).map(|path| format!("{:?}", path.0[0].path));
            let paths: Vec<_> = paths.collect();
            let unique: BTreeSet<_> = paths.iter().collect();
            assert_eq!(unique.len(), paths.len(), "{paths:?}");
        }
    }

    /// The document leaves out `/metrics`, which OpenMetrics describes, and names the files of the page one by one.
    #[test]
    fn the_api_document_describes_every_path_in_the_tables() {
        let described: BTreeSet<_> = OPENAPI
            .lines()
            .filter_map(|line| line.strip_prefix("  /")?.strip_suffix(':'))
            .filter(|path| !path.is_empty() && !path.ends_with(".yaml"))
            .collect();
        let served: BTreeSet<_> = PUBLIC
            .iter()
            .chain(OPS)
            .filter_map(|route| match route.path {
                PathPattern::Plain(path)
                | PathPattern::DefaultTopic(path)
                | PathPattern::Topic(path) => path.strip_prefix('/'),
                PathPattern::SharedFile | PathPattern::OwnFile => None,
            })
            .filter(|path| *path != "metrics")
            .collect();
        assert_eq!(served, described);
    }
}

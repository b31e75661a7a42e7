//! What joining by WebSocket and by SSE have in common: the request, what it asks for, and who is admitted.

use std::convert::Infallible;
use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header;
use warp::http::{HeaderMap, Method};

use super::problem::{Code, Problem};
use super::{Context, Peer, Place, get};
use crate::fanout::Holds;
use crate::hub::{Ask, Refusal, Refused, Topic};

/// What somebody brings who wants to be a viewer.
#[derive(Debug)]
pub(super) struct Request {
    topic: Option<String>,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) method: Method,
    peer: Option<Peer>,
    place: Option<Place>,
}

/// Why somebody is not admitted who did nothing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// All seats are taken.
    Full,
    /// The hub sends viewers away.
    Draining,
    /// This address has all the seats it may have.
    TooManyFromAddress,
}

/// `GET /PATH` and `GET /PATH/{topic}`.
pub(super) fn requests(path: &'static str) -> BoxedFilter<(Request,)> {
    let default = warp::path(path).and(warp::path::end()).map(|| None);
    let named = warp::path(path)
        .and(warp::path::param::<String>())
        .and(warp::path::end())
        .map(Some);
    default
        .or(named)
        .unify()
        .and(get())
        .and(query())
        .and(warp::header::headers_cloned())
        .and(warp::method())
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<Place>())
        .map(|topic, query, headers, method, peer, place| Request {
            topic,
            query,
            headers,
            method,
            peer,
            place,
        })
        .boxed()
}

/// The query as it was sent, empty when there is none.
fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Clone {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

impl Request {
    /// The topic it names, or the default one. Who names one that there is not is counted.
    pub(super) fn topic(&self, context: &Context) -> Result<Arc<Topic>, Problem> {
        let name = self.topic.as_deref().map(str::parse).transpose();
        let topic = name.ok().and_then(|name| context.hub.topic(name.as_ref()));
        topic.ok_or_else(|| {
            context.hub.not_found.add(1);
            Problem::no_such_topic()
        })
    }

    /// Whether the page it comes from may connect.
    pub(super) fn check_origin(&self, context: &Context) -> Result<(), Problem> {
        check_origin(context, &self.headers, self.peer.as_ref())
    }

    /// Gives it a seat.
    pub(super) fn admit(self, context: &Context) -> Result<Holds, Denied> {
        if context.drain.refuses() {
            return Err(Denied::Draining);
        }
        let peer = self
            .peer
            .expect("the server says of every connection where it comes from");
        let remote = peer.client(&self.headers, &context.proxies);
        let seat = context
            .seats
            .take(remote)
            .map_err(|refusal| match refusal {
                Refusal::Full => Denied::Full,
                Refusal::TooManyFromAddress => Denied::TooManyFromAddress,
            })?;
        // A viewer is a connection as well, and holds the place of one.
        let (connection, client) = self
            .place
            .map(Place::of_viewer)
            .map_or((None, None), |place| (Some(place.connection), place.client));
        Ok(Holds {
            remote,
            seat,
            connection,
            client,
            token: context.tasks.token(),
        })
    }
}

/// Whether the page may connect that sent `headers` from `peer`.
pub(super) fn check_origin(
    context: &Context,
    headers: &HeaderMap,
    peer: Option<&Peer>,
) -> Result<(), Problem> {
    let is_proxied = peer.is_some_and(|peer| peer.is_trusted(&context.proxies));
    let forwarded = headers.get("x-forwarded-host");
    let host = forwarded
        .filter(|_| is_proxied)
        .or_else(|| headers.get(header::HOST))
        .and_then(|host| host.to_str().ok())
        // Each proxy of a chain adds its own; the first is what the client asked for.
        .and_then(|host| host.split(',').next())
        .map(str::trim);
    if context.origins.admit(headers, host) {
        return Ok(());
    }
    let detail = "pages of this origin may not connect; list it in `server.allowed_origins`";
    Err(Problem::new(Code::OriginForbidden, detail))
}

/// `since` or `last`, not both, each at most once; other parameters are the page's own.
pub(super) fn parse_ask(query: &str) -> Result<Ask, Problem> {
    let bad = Problem::new;
    let mut ask = Ask::Nothing;
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let next = match name {
            // A browser's URLSearchParams escapes the colon.
            "since" => Ask::Since(
                value
                    .replace("%3A", ":")
                    .replace("%3a", ":")
                    .parse()
                    .map_err(|error| bad(Code::PositionInvalid, format!("`since` is {error}")))?,
            ),
            "last" => Ask::Last(
                // Not a sign, which `parse` would take.
                Some(value)
                    .filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
                    .and_then(|value| value.parse().ok())
                    .ok_or_else(|| {
                        bad(
                            Code::ParameterInvalid,
                            "`last` is not a whole number".to_owned(),
                        )
                    })?,
            ),
            _ => continue,
        };
        if ask != Ask::Nothing {
            return Err(bad(
                Code::ParametersConflict,
                "give one of `since` and `last`, once".to_owned(),
            ));
        }
        ask = next;
    }
    Ok(ask)
}

impl Denied {
    /// What it counts as.
    pub(super) const fn refused(self) -> Refused {
        match self {
            Self::Full => Refused::Full,
            Self::Draining => Refused::Draining,
            Self::TooManyFromAddress => Refused::TooMany,
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let (code, detail) = match denied {
            Denied::Draining => (
                Code::HubDraining,
                "the hub is draining; come back in a moment",
            ),
            Denied::Full => (Code::HubFull, "all seats are taken (`server.max_viewers`)"),
            Denied::TooManyFromAddress => (
                Code::ViewersPerIpExceeded,
                "this address has all the seats it may have (`server.max_viewers_per_ip`)",
            ),
        };
        Self::retry_later(code, detail).counting_as(denied.refused())
    }
}

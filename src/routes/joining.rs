//! What joining by WebSocket and by SSE have in common: the request, what it asks for, and who is admitted.

use std::convert::Infallible;
use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method};

use super::host::Called;
use super::problem::{Code, Problem};
use super::{Context, Peer, Place, get, shown, whole};
use crate::fanout::Holds;
use crate::hub::{Ask, Refusal, Refused, Topic};
use crate::protocol::Position;

/// What somebody brings who wants to be a viewer.
#[derive(Debug)]
pub(super) struct Request {
    topic: Option<String>,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) method: Method,
    peer: Option<Peer>,
    called: Option<Called>,
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
        .and(warp::ext::optional::<Called>())
        .and(warp::ext::optional::<Place>())
        .map(
            |topic, query, headers, method, peer, called, place| Request {
                topic,
                query,
                headers,
                method,
                peer,
                called,
                place,
            },
        )
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
        check_origin(context, &self.headers, self.called.as_ref())
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

/// Checks whether the page that sent `headers` may connect, given the name by which it `called` the hub.
pub(super) fn check_origin(
    context: &Context,
    headers: &HeaderMap,
    called: Option<&Called>,
) -> Result<(), Problem> {
    if context
        .origins
        .admit(headers, called.map(|Called(host)| host))
    {
        return Ok(());
    }
    let detail = "pages of this origin may not connect; list it in `server.allowed_origins`";
    Err(Problem::new(Code::OriginForbidden, detail))
}

/// What a query may ask for, each at most once.
const SINCE: &str = "since";
const LAST: &str = "last";
/// What polyfills of `EventSource`, which cannot set a header, add to the address of the first time.
const LAST_EVENT_ID: &str = "lastEventId";

/// `since` or `last`, not both, each at most once; other parameters are the page's own.
pub(super) fn parse_ask(query: &str) -> Result<Ask, Problem> {
    let (since, last) = (the_one(query, SINCE)?, the_one(query, LAST)?);
    match (since, last) {
        (None, None) => Ok(Ask::Nothing),
        (Some(since), None) => position(SINCE, &since).map(Ask::Since),
        (None, Some(last)) => whole(&last).map(Ask::Last).ok_or_else(|| {
            let last = shown(&last);
            let detail =
                format!("`last` is `{last}`, which is not a whole number; give one such as `100`");
            Problem::new(Code::ParameterInvalid, detail)
        }),
        (Some(_), Some(_)) => {
            let detail = "`since` and `last` are both given; give one of them";
            Err(Problem::new(Code::ParametersConflict, detail))
        }
    }
}

/// The position in `lastEventId`. An empty one counts as none, as in the header.
pub(super) fn parse_last_event_id(query: &str) -> Result<Option<Ask>, Problem> {
    let id = the_one(query, LAST_EVENT_ID)?.filter(|id| !id.is_empty());
    id.map(|id| position(LAST_EVENT_ID, &id).map(Ask::Since))
        .transpose()
}

/// The value of the parameter `name`, empty where it has none.
fn the_one(query: &str, name: &str) -> Result<Option<String>, Problem> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    if values.next().is_some() {
        let detail = format!("`{name}` is given more than once; give it once");
        return Err(Problem::new(Code::ParameterRepeated, detail));
    }
    Ok(value)
}

/// The position that is given as `name`.
pub(super) fn position(name: &str, text: &str) -> Result<Position, Problem> {
    text.parse().map_err(|_| {
        let detail = format!(
            "`{name}` is `{}`, which is not a position; it is `<epoch>:<seq>`, or leave it out",
            shown(text)
        );
        Problem::new(Code::PositionInvalid, detail)
    })
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
